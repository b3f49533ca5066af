#include "models/families/minimind_v.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "models/families/families.h"

/// MiniMind-V (github.com/jingyaogong/minimind-v), of 2026 ("head": SigLIP 2, norms of queries and
/// keys) and of 2025 ("legacy": CLIP). Weights as the repository's .pth or a transformers export;
/// the vision tower is a checkpoint of its own, in a folder beside them.
namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

Prompt place_minimind_images(std::vector<TokenId> ids, const MinimindPlaceholder& placeholder,
                             std::size_t images) {
  Prompt prompt{.ids = std::move(ids)};
  const std::size_t tokens = placeholder.tokens;
  std::map<std::size_t, std::size_t> rows;  // by position; a later image overwrites
  std::size_t image = 0, run = 0;
  for (std::size_t i = 0; i <= prompt.ids.size() && image < images; ++i) {
    const bool inside = i < prompt.ids.size() && prompt.ids[i] == placeholder.id;
    run = inside ? run + 1 : run;
    const bool whole = placeholder.sliding ? inside && run >= tokens : !inside && run > 0;
    if (whole) {
      require(run <= tokens || placeholder.sliding,
              "image {} of the prompt has {} placeholders in a row, but the model makes {} tokens "
              "of it: put a line feed or another text between images",
              image + 1, run, tokens);
      const std::size_t count = placeholder.sliding ? tokens : run;
      const std::size_t begin = placeholder.sliding ? i + 1 - tokens : i - run;
      for (std::size_t k = 0; k < count; ++k) rows[begin + k] = image * tokens + k;
      ++image;
    }
    if (!inside) run = 0;
  }
  require(image == images, "the prompt has placeholders for {} images, but {} are given", image,
          images);
  for (const auto& [position, row] : rows) prompt.vision_rows.push_back({position, row});
  return prompt;
}

std::vector<float> yarn_frequencies(std::int64_t head_dim, double theta) {
  constexpr double kFactor = 16, kOriginal = 2048, kFast = 32, kSlow = 1;
  const auto d = static_cast<double>(head_dim);
  const auto bound = [&](double beta) {
    return d * std::log(kOriginal / (beta * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  const double low = std::max(std::floor(bound(kFast)), 0.0);
  const double high = std::min(std::ceil(bound(kSlow)), d / 2 - 1);
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < head_dim / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const float plain = 1.0F / std::pow(static_cast<float>(theta), exponent);
    const double ramp =
        std::clamp((static_cast<double>(i) - low) / std::max(high - low, 0.001), 0.0, 1.0);
    frequencies.push_back(plain * static_cast<float>(1 - ramp + ramp / kFactor));
  }
  return frequencies;
}

namespace {

constexpr TokenId kHeadPlaceholder = 12, kLegacyPlaceholder = 34;
constexpr TokenId kEndOfTurn = 2;

/// A vision model saved alone may lack the prefix.
const std::array<NameRule, 6> kTowerNames{{{"vision_model.", "vision."},
                                           {"pre_layrnorm.", "vision.pre_layrnorm."},
                                           {"head.", "vision.head."},
                                           {"embeddings.", "vision.embeddings."},
                                           {"encoder.", "vision.encoder."},
                                           {"post_layernorm.", "vision.post_layernorm."}}};

/// The language model's fields: the whole configuration, or its part "model".
ConfigFields model_fields(const ConfigFields& config) {
  return config.find("model") == nullptr ? config : config.object("model");
}

std::int64_t default_hidden(std::int64_t width, bool legacy) {
  const auto blocks = [](double size) { return static_cast<std::int64_t>(std::ceil(size / 64)); };
  if (legacy) return 64 * blocks(std::floor(static_cast<double>(width) * 8 / 3));
  return 64 * blocks(static_cast<double>(width) * std::numbers::pi);
}

ExpertsConfig read_experts(const ConfigFields& model, bool legacy, std::int64_t hidden) {
  ExpertsConfig experts;
  const auto whole = [&](const char* name, long fallback) {
    return model.whole(name, fallback, 0, 4096);
  };
  experts.experts = whole(legacy ? "n_routed_experts" : "num_experts", 4);
  experts.per_token = whole("num_experts_per_tok", legacy ? 2 : 1);
  experts.shared = legacy ? whole("n_shared_experts", 1) : 0;
  experts.hidden = legacy ? hidden : model.whole("moe_intermediate_size", hidden, 1, 1 << 24);
  experts.normalise = model.flag("norm_topk_prob", true) && (experts.per_token > 1 || !legacy);
  if (experts.per_token < 1 || experts.per_token > experts.experts) {
    model.fail_field("num_experts_per_tok", fmt::format("from 1 to {}", experts.experts));
  }
  return experts;
}

DecoderConfig read_decoder(const ConfigFields& model, bool legacy) {
  DecoderConfig decoder;
  const auto whole = [&](const char* name, long fallback) {
    return model.whole(name, fallback, 1, 1 << 24);
  };
  decoder.width = need(model, "hidden_size");
  decoder.layers = need(model, "num_hidden_layers");
  decoder.heads = whole("num_attention_heads", 8);
  decoder.kv_heads = whole("num_key_value_heads", legacy ? 2 : 4);
  decoder.head_dim = whole("head_dim", decoder.width / decoder.heads);
  decoder.hidden = whole("intermediate_size", default_hidden(decoder.width, legacy));
  decoder.vocabulary = whole("vocab_size", 6400);
  decoder.max_positions = whole("max_position_embeddings", 32768);
  decoder.norm.eps = static_cast<float>(model.positive("rms_norm_eps", legacy ? 1e-5 : 1e-6));
  decoder.norm.round_before_weight = legacy;
  check_heads(decoder, model);
  decoder.query_key_norm = !legacy;
  decoder.activation = read_activation(model, "hidden_act", "silu");
  decoder.attention_scale = 1 / std::sqrt(static_cast<double>(decoder.head_dim));
  if (model.flag("inference_rope_scaling", false)) {
    decoder.rope_theta = model.positive("rope_theta", 1e6);
    decoder.inverse_frequencies = yarn_frequencies(decoder.head_dim, decoder.rope_theta);
  } else {
    decoder.rope_theta = rope_theta(model, 1e6);
  }
  if (model.flag("use_moe", false)) {
    decoder.experts = read_experts(model, legacy, decoder.hidden);
  }
  return decoder;
}

/// The folder of the vision tower: the one that was named, or the one beside the configuration that
/// holds weights.
fs::path find_vision(const Checkpoint& checkpoint) {
  const fs::path& given = checkpoint.settings.vision;
  if (!given.empty()) {
    require(fs::is_directory(given), "vision={}: want the folder of the vision tower",
            given.string());
    return given;
  }
  const fs::path around = checkpoint.folder.empty() ? "." : checkpoint.folder;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(around)) {
    const bool holds_weights = fs::is_regular_file(entry.path() / "model.safetensors") ||
                               fs::is_regular_file(entry.path() / "pytorch_model.bin");
    if (holds_weights) found.push_back(entry.path().string());
  }
  require(!found.empty(),
          "{} has no folder with the vision tower (model.safetensors of SigLIP 2 or CLIP): put it "
          "there, or say vision=DIR",
          around.string());
  std::ranges::sort(found);
  require(found.size() == 1, "several folders may hold the vision tower: {}; say vision=DIR",
          fmt::join(found, ", "));
  return found.front();
}

/// "vision" of the configuration, else the tower's own config.json.
VisionConfig read_vision(const Checkpoint& checkpoint, const fs::path& folder, bool legacy) {
  const ConfigFields config = checkpoint.fields();
  const fs::path file = folder / "config.json";
  json own;
  if (config.find("vision") == nullptr) {
    require_file(file, "the vision tower's configuration says its sizes");
    own = read_json(file);
  }
  const ConfigFields fields =
      own.is_null() ? config.object("vision") : ConfigFields(own, file.string());
  VisionConfig vision = read_vision_config(
      fields.find("vision_config") == nullptr ? fields : fields.object("vision_config"), legacy);
  vision.encoder.eps = config.positive("vision_ln_eps", vision.encoder.eps);
  if (config.find("vision_act") != nullptr) {
    vision.encoder.activation = read_activation(config, "vision_act", "");
  }
  vision.post_norm = !legacy;
  return vision;
}

/// What the tower's own files say, else what the authors' code does.
ProcessorConfig read_processor(const fs::path& folder, const VisionConfig& vision, bool legacy) {
  if (fs::exists(folder / "preprocessor_config.json")) return read_image_processor(folder, vision);
  const int side = static_cast<int>(vision.image_size);
  ProcessorConfig processor = legacy ? minimind_v_legacy_config(side) : minimind_v_config(side);
  processor.tokens_per_tile = static_cast<int>(vision.patches());
  return processor;
}

/// `text` with `tokens` times `word` for every "<image>".
std::string fill_images(std::string_view text, std::string_view word, std::size_t tokens) {
  constexpr std::string_view kImage = "<image>";
  std::string filled;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(kImage, at), text.size());
    filled += text.substr(at, next - at);
    if (next == text.size()) break;
    for (std::size_t i = 0; i < tokens; ++i) filled += word;
    at = next + kImage.size();
  }
  return filled;
}

/// Adds both files; true for the older generation, which its projector tells.
bool add_minimind_weights(Checkpoint& checkpoint, const fs::path& vision) {
  const TensorFile file = open_tensor_file(checkpoint.settings.path);
  const bool legacy = file.find("vision_proj.vision_proj.0.weight") != nullptr;
  require(legacy || file.find("vision_proj.mlp.0.weight") != nullptr,
          "{} has no projector of MiniMind-V (vision_proj.mlp or vision_proj.vision_proj)",
          checkpoint.settings.path.string());
  std::vector<NameRule> rules{{"model.", "text."}};
  // Embeddings and output are one tensor, of which a file may hold either name.
  if (file.find("model.embed_tokens.weight") == nullptr) {
    rules.push_back({"lm_head.", "text.embed_tokens."});
  }
  checkpoint.weights.add(file, rules);
  add_weights(checkpoint, vision, kTowerNames);
  for (const char* unused :
       {"lm_head.", "vision_encoder.", "text.freqs_", "text_model.", "logit_scale",
        "visual_projection.", "text_projection.", "vision.head.", "vision.post_layernorm."}) {
    checkpoint.weights.ignore_prefix(unused);
  }
  checkpoint.weights.ignore_suffix(".position_ids");
  // The authors' code passes over whatever has this in its name.
  for (const std::string& name : file.names()) {
    const std::size_t mask = name.find("mask");
    if (mask != name.npos) checkpoint.weights.ignore_suffix(name.substr(mask));
  }
  return legacy;
}

/// LN, linear, GELU, linear (2026); or one linear layer (2025).
struct Projector {
  LayerNorm norm;
  Mlp mlp;
  Linear linear;
  bool legacy = false;

  Projector(Weights& weights, const Compute& compute, std::int64_t in, std::int64_t out, bool old)
      : legacy(old) {
    if (legacy) {
      linear = Linear(weights, compute, {"vision_proj.vision_proj.0", out}, in, {});
      return;
    }
    norm = LayerNorm(weights, compute, "vision_proj.mlp.0", in, 1e-5);
    mlp = Mlp(weights, compute, "vision_proj.mlp.",
              {.fc1 = "1", .fc2 = "3", .in = in, .hidden = out, .out = out});
  }
  at::Tensor operator()(const at::Tensor& x, SequenceEnds ends) const {
    return legacy ? linear(x, ends) : mlp(norm(x), ends);
  }
};

std::vector<at::Tensor> see(const VisionTower& tower, const Projector& projector,
                            std::span<const ProcessedImages* const> requests) {
  const StackedImages stacked = stack_images(requests);
  const std::int64_t images = stacked.pixels.size(0), tokens = tower.config().patches();
  at::Tensor x = tower.run_layers(tower.embed(stacked.pixels), images, stacked.image_ends);
  if (tower.config().is_clip) {
    x = x.view({images, tokens + 1, -1}).narrow(1, 1, tokens).reshape({images * tokens, -1});
  } else {
    x = tower.post_norm(x);
  }
  std::vector<std::size_t> ends = stacked.image_ends;
  for (std::size_t& end : ends) end *= static_cast<std::size_t>(tokens);
  return split_rows(projector(x, ends), ends);
}

}  // namespace

NetworkParts open_minimind_v(Checkpoint checkpoint) {
  const ConfigFields model = model_fields(checkpoint.fields());
  const fs::path vision_folder = find_vision(checkpoint);
  const bool legacy = add_minimind_weights(checkpoint, vision_folder);
  const Compute& compute = checkpoint.compute;
  Weights& weights = checkpoint.weights;
  const VisionConfig vision = read_vision(checkpoint, vision_folder, legacy);
  const DecoderConfig config = read_decoder(model, legacy);
  auto tower =
      std::make_shared<const VisionTower>(weights, compute.for_vision(), "vision.", vision);
  auto projector = std::make_shared<const Projector>(weights, compute.for_vision(),
                                                     vision.encoder.width, config.width, legacy);

  NetworkParts parts;
  parts.decoder = Decoder(weights, compute, config);
  parts.tokenizer = find_tokenizer(checkpoint);
  checkpoint.usual_eos = {kEndOfTurn};
  parts.info = describe_network(checkpoint, "minimind_v",
                                legacy ? "minimind_v_legacy" : "minimind_v", parts.decoder);
  const ProcessorConfig processor = read_processor(vision_folder, vision, legacy);
  parts.process = [processor, protocol = checkpoint.settings.images](auto images, bool) {
    return process_images(images, processor, protocol);
  };
  const MinimindPlaceholder placeholder{.id = legacy ? kLegacyPlaceholder : kHeadPlaceholder,
                                        .tokens = static_cast<std::size_t>(vision.patches()),
                                        .sliding = legacy};
  const std::string word = legacy ? "@" : "<|image_pad|>";
  parts.prompt = [placeholder, word](const Tokenizer& tokenizer, std::string_view text,
                                     std::span<const ImageLayout> images) {
    const std::string whole = fill_images(text, word, placeholder.tokens);
    return place_minimind_images(tokenizer.encode(whole), placeholder, images.size());
  };
  parts.see = [tower, projector](std::span<const ProcessedImages* const> requests) {
    return see(*tower, *projector, requests);
  };
  return parts;
}

}  // namespace sightline
