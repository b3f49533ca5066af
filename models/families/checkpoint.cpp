#include "models/families/checkpoint.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "models/processors/read_processors.h"
#include "models/torch/tensors.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::int64_t kMostSize = 1 << 24;

at::ScalarType own_type(DType stored) {
  if (stored == DType::kBF16) return at::kBFloat16;
  return stored == DType::kF16 ? at::kHalf : at::kFloat;
}

Precision own_precision(DType stored) {
  if (stored == DType::kBF16) return Precision::kBf16;
  return stored == DType::kF16 ? Precision::kFp16 : Precision::kFp32;
}

/// A line now and then, where loading takes longer than a moment.
std::function<void(std::size_t, std::size_t)> progress_log(const std::string& path) {
  using Clock = std::chrono::steady_clock;
  return [path, last = Clock::now()](std::size_t done, std::size_t all) mutable {
    if (Clock::now() - last < std::chrono::seconds(1)) return;
    last = Clock::now();
    spdlog::info("loading {}: {} of {} MB", path, done / 1000000, all / 1000000);
  };
}

std::vector<TokenId> read_ids(const ConfigFields& fields, std::string_view name) {
  const json* value = fields.find(name);
  if (value == nullptr) return {};
  const json list = value->is_array() ? *value : json::array({*value});
  std::vector<TokenId> ids;
  for (const json& id : list) {
    if (!id.is_number_integer()) fields.fail_field(name, "a token id or a list of them");
    ids.push_back(id.get<TokenId>());
  }
  return ids;
}

std::vector<TokenId> read_eos(const Checkpoint& checkpoint) {
  const fs::path file = checkpoint.folder / "generation_config.json";
  if (fs::is_regular_file(file)) {
    const json generation = read_json(file);
    const auto ids = read_ids(ConfigFields(generation, file.string()), "eos_token_id");
    if (!ids.empty()) return ids;
  }
  const ConfigFields config = checkpoint.fields();
  for (const char* part : {"", "text_config", "model"}) {
    if (*part != '\0' && config.find(part) == nullptr) continue;
    const auto ids = read_ids(*part == '\0' ? config : config.object(part), "eos_token_id");
    if (!ids.empty()) return ids;
  }
  if (!checkpoint.usual_eos.empty()) return checkpoint.usual_eos;
  fail(
      "{}: no 'eos_token_id' says which token ends an answer, and there is no "
      "generation_config.json beside it",
      checkpoint.config_name);
}

/// The size of the images that leave a processor; none where that is the image's own.
std::optional<FrameSize> size_of_images(const ProcessorConfig& processor) {
  if (processor.do_center_crop) return processor.crop_size;
  if (!processor.do_resize || processor.size.width == 0) return std::nullopt;
  return processor.size;
}

}  // namespace

json read_json(const fs::path& path) {
  const std::string text = read_file(path);
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", path.string(), error.what());
  }
}

ConfigFields Checkpoint::fields() const {
  return {*config, config_name};
}

Checkpoint open_checkpoint(const NetworkSettings& settings) {
  Checkpoint checkpoint{.settings = settings};
  fs::path file = settings.config;
  if (file.empty()) {
    const fs::path folder =
        fs::is_directory(settings.path) ? settings.path : settings.path.parent_path();
    require(fs::exists(settings.path), "there is no {}", settings.path.string());
    file = folder / "config.json";
    require(fs::is_regular_file(file),
            "{} has no config.json: give the folder of a checkpoint, or config=FILE",
            folder.string());
  }
  checkpoint.folder = file.parent_path();
  checkpoint.config_name = file.string();
  checkpoint.config = std::make_shared<const json>(read_json(file));
  checkpoint.weights.on_progress = progress_log(settings.path.string());
  return checkpoint;
}

std::span<const NameRule> vision_language_names() {
  static const std::array<NameRule, 11> names{{{"language_model.model.", "text."},
                                               {"model.language_model.", "text."},
                                               {"language_model.lm_head.", "lm_head."},
                                               {"model.lm_head.", "lm_head."},
                                               {"model.vision_tower.vision_model.", "vision."},
                                               {"vision_tower.vision_model.", "vision."},
                                               {"model.vision_tower.", "vision."},
                                               {"vision_tower.", "vision."},
                                               {"model.multi_modal_projector.", "projector."},
                                               {"multi_modal_projector.", "projector."},
                                               {"model.image_newline", "image_newline"}}};
  return names;
}

void add_weights(Checkpoint& checkpoint, std::span<const NameRule> rules) {
  add_weights(checkpoint, checkpoint.settings.path, rules);
}

void add_weights(Checkpoint& checkpoint, const fs::path& file, std::span<const NameRule> rules) {
  checkpoint.weights.add(open_tensor_file(file), rules);
  checkpoint.compute = choose_compute(checkpoint.settings, checkpoint.weights.usual_dtype());
}

Compute choose_compute(const NetworkSettings& settings, DType stored) {
  Compute compute{.device = device_named(settings.device)};
  const bool cpu = compute.device.is_cpu();
  compute.precision = settings.precision.value_or(cpu ? Precision::kFp32 : own_precision(stored));
  compute.double_quantise = settings.double_quantise;
  compute.batch_invariant = settings.batch_invariant;
  compute.quantise_vision = settings.quantise_vision;
  compute.kernels = cpu && settings.kernels;
  switch (compute.precision) {
    case Precision::kFp32:
      break;
    case Precision::kBf16:
      compute.dtype = at::kBFloat16;
      break;
    case Precision::kFp16:
      if (cpu) throw UsageError("fp16 needs a GPU; on a CPU take fp32 or bf16");
      compute.dtype = at::kHalf;
      break;
    case Precision::kInt8:
    case Precision::kNf4:
      compute.dtype = cpu ? at::kFloat : own_type(stored);
      break;
  }
  return compute;
}

NetworkInfo describe_network(const Checkpoint& checkpoint, std::string family,
                             std::string prompt_style, const Decoder& decoder) {
  checkpoint.weights.require_all_taken();
  NetworkInfo info{.family = std::move(family), .prompt_style = std::move(prompt_style)};
  info.precision = checkpoint.compute.precision;
  info.eos = read_eos(checkpoint);
  info.vocabulary = static_cast<std::size_t>(decoder.config().vocabulary);
  info.max_positions = static_cast<std::size_t>(decoder.config().max_positions);
  info.protocol = describe(checkpoint.settings.images);
  info.weight_bytes = checkpoint.weights.bytes();
  info.decoder_bytes = decoder.bytes();
  info.quantised = checkpoint.weights.quantised();
  if (checkpoint.settings.hash_weights) info.hashes = checkpoint.weights.hashes();
  return info;
}

std::optional<Tokenizer> find_tokenizer(const Checkpoint& checkpoint) {
  const fs::path& given = checkpoint.settings.tokenizer;
  if (!given.empty()) {
    require(fs::exists(given), "tokenizer={}: there is no such file or folder", given.string());
    return Tokenizer::open(given);
  }
  for (const char* name : {"tokenizer.json", "tokenizer.model"}) {
    if (fs::is_regular_file(checkpoint.folder / name)) return Tokenizer::open(checkpoint.folder);
  }
  return std::nullopt;
}

std::int64_t need(const ConfigFields& fields, std::string_view field) {
  if (fields.find(field) == nullptr) fields.fail_field(field, "a whole number");
  return fields.whole(field, 0, 1, kMostSize);
}

double rope_theta(const ConfigFields& text, double fallback) {
  const char* field = text.find("rope_parameters") != nullptr ? "rope_parameters" : "rope_scaling";
  if (text.find(field) == nullptr) return text.positive("rope_theta", fallback);
  const ConfigFields rope = text.object(field);
  const std::string type = rope.text("rope_type", rope.text("type", "default"));
  if (type != "default") rope.fail_field("rope_type", "'default' (others are not supported)");
  return rope.positive("rope_theta", text.positive("rope_theta", fallback));
}

Activation read_activation(const ConfigFields& fields, std::string_view field,
                           const std::string& fallback) {
  return with_context([&] { return fmt::format("reading '{}' of {}", field, fields.name()); },
                      [&] { return parse_activation(fields.text(field, fallback)); });
}

void check_width(const ConfigFields& fields, std::int64_t width, std::int64_t heads) {
  require(width % heads == 0, "{}: {} attention heads do not divide a width of {}", fields.name(),
          heads, width);
}

VisionConfig read_vision_config(const ConfigFields& fields, bool is_clip) {
  VisionConfig vision{.is_clip = is_clip};
  const auto whole = [&](const char* field, long fallback) {
    return fields.whole(field, fallback, 1, kMostSize);
  };
  EncoderConfig& encoder = vision.encoder;
  encoder.width = whole("hidden_size", 768);
  encoder.layers = whole("num_hidden_layers", 12);
  encoder.heads = whole("num_attention_heads", 12);
  encoder.hidden = whole("intermediate_size", 3072);
  encoder.eps = fields.positive("layer_norm_eps", is_clip ? 1e-5 : 1e-6);
  encoder.activation =
      read_activation(fields, "hidden_act", is_clip ? "quick_gelu" : "gelu_pytorch_tanh");
  vision.image_size = whole("image_size", 224);
  vision.patch_size = whole("patch_size", is_clip ? 32 : 16);
  if (vision.patch_size > vision.image_size) {
    fields.fail_field("patch_size", fmt::format("at most the image's {}", vision.image_size));
  }
  if (whole("num_channels", 3) != 3) fields.fail_field("num_channels", "3: red, green and blue");
  check_width(fields, encoder.width, encoder.heads);
  return vision;
}

DecoderConfig read_text_sizes(const ConfigFields& text, std::int64_t default_head_dim) {
  DecoderConfig decoder;
  decoder.width = need(text, "hidden_size");
  decoder.layers = need(text, "num_hidden_layers");
  decoder.heads = need(text, "num_attention_heads");
  decoder.kv_heads = text.whole("num_key_value_heads", decoder.heads, 1, kMostSize);
  decoder.hidden = need(text, "intermediate_size");
  decoder.vocabulary = need(text, "vocab_size");
  if (default_head_dim == 0) default_head_dim = decoder.width / decoder.heads;
  decoder.head_dim = text.whole("head_dim", default_head_dim, 2, kMostSize);
  decoder.max_positions = text.whole("max_position_embeddings", 0, 0, kMostSize);
  decoder.norm.eps = static_cast<float>(text.positive("rms_norm_eps", 1e-6));
  check_heads(decoder, text);
  return decoder;
}

void check_heads(const DecoderConfig& decoder, const ConfigFields& text) {
  if (decoder.heads % decoder.kv_heads != 0) {
    text.fail_field("num_key_value_heads",
                    fmt::format("a divisor of the {} attention heads", decoder.heads));
  }
  require(decoder.head_dim % 2 == 0 && decoder.head_dim > 0,
          "{}: an attention head has {} values ('head_dim', or 'hidden_size' / "
          "'num_attention_heads'), want an even number",
          text.name(), decoder.head_dim);
}

Prompt expand_placeholders(std::span<const TokenId> ids, std::span<const TokenId> placeholders,
                           std::span<const ImageLayout> images) {
  Prompt prompt;
  std::size_t image = 0, row = 0;
  for (const TokenId id : ids) {
    if (std::ranges::find(placeholders, id) == placeholders.end()) {
      prompt.ids.push_back(id);
      continue;
    }
    require(image < images.size(), "the prompt has more image placeholders than its {} images",
            images.size());
    for (int i = 0; i < images[image].num_tokens; ++i) {
      prompt.vision_rows.push_back({prompt.ids.size(), row++});
      prompt.ids.push_back(id);
    }
    ++image;
  }
  require(image == images.size(), "the prompt has {} image placeholders for {} images", image,
          images.size());
  return prompt;
}

ProcessorConfig read_image_processor(const fs::path& folder, const VisionConfig& vision) {
  ProcessorConfig processor = read_processors(folder).image;
  if (processor.tokens_per_tile == 0) {
    processor.tokens_per_tile = static_cast<int>(vision.patches());
  }
  require(processor.tokens_per_tile == vision.patches(),
          "{}: an image becomes {} tokens, but its tower gives {}: preprocessor_config.json and "
          "config.json do not fit together",
          folder.string(), processor.tokens_per_tile, vision.patches());
  require_fit(processor, vision, folder);
  return processor;
}

void require_fit(const ProcessorConfig& processor, const VisionConfig& vision,
                 const fs::path& folder) {
  const std::optional<FrameSize> size = size_of_images(processor);
  require(!size || (size->width == vision.image_size && size->height == vision.image_size),
          "{}: the image processor makes images of {} x {} pixels ('size' or 'crop_size' of "
          "preprocessor_config.json or processor_config.json), but the vision tower takes {} x {} "
          "('image_size' of config.json)",
          folder.string(), size ? size->width : 0, size ? size->height : 0, vision.image_size,
          vision.image_size);
}

std::vector<at::Tensor> split_rows(const at::Tensor& rows, SequenceEnds ends) {
  std::vector<at::Tensor> parts;
  std::int64_t begin = 0;
  for (const std::size_t end : ends) {
    parts.push_back(rows.narrow(0, begin, static_cast<std::int64_t>(end) - begin).clone());
    begin = static_cast<std::int64_t>(end);
  }
  return parts;
}

StackedImages stack_images(std::span<const ProcessedImages* const> requests) {
  StackedImages stacked;
  std::vector<at::Tensor> parts;
  std::size_t images = 0;
  for (const ProcessedImages* request : requests) {
    parts.push_back(pixels_of(*request));
    images += static_cast<std::size_t>(parts.back().size(0));
    stacked.image_ends.push_back(images);
  }
  stacked.pixels = parts.size() == 1 ? parts[0] : at::cat(parts);
  return stacked;
}

}  // namespace sightline
