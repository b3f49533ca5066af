#include "tests/benchmarks/random_checkpoint.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>
#include <numbers>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/formats/safetensors.h"

namespace sightline::benchmarks {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Shape = std::vector<std::int64_t>;

/// Tensors that are made as they are named.
class Tensors {
 public:
  explicit Tensors(bool bf16) : bf16_(bf16) {}

  void add(const std::string& name, Shape shape) { fill(name, std::move(shape), -1); }
  void norm(const std::string& name, std::int64_t width, float weight, bool bias) {
    fill(name + ".weight", {width}, weight);
    if (bias) fill(name + ".bias", {width}, 0);
  }
  void linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
    add(name + ".weight", {out, in});
    if (bias) add(name + ".bias", {out});
  }
  void write(const fs::path& path) const { write_safetensors(path, tensors_); }

 private:
  /// Normal where `constant` is negative.
  void fill(const std::string& name, Shape shape, float constant) {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
    std::vector<float> values(count, constant);
    for (std::size_t i = 0; constant < 0 && i < count; i += 2) {
      const double radius = 0.02 * std::sqrt(-2 * std::log(1 - rng_.uniform()));
      const double angle = 2 * std::numbers::pi * rng_.uniform();
      values[i] = static_cast<float>(radius * std::cos(angle));
      if (i + 1 < count) values[i + 1] = static_cast<float>(radius * std::sin(angle));
    }
    std::string& bytes = bytes_.emplace_back();
    bytes.resize(count * (bf16_ ? 2 : 4));
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i]);
      const auto upper = static_cast<std::uint16_t>(bits >> 16);
      if (bf16_) std::memcpy(bytes.data() + 2 * i, &upper, 2);
      if (!bf16_) std::memcpy(bytes.data() + 4 * i, &bits, 4);
    }
    tensors_.push_back({name,
                        {bf16_ ? DType::kBF16 : DType::kF32, std::move(shape),
                         std::as_bytes(std::span(bytes.data(), bytes.size()))}});
  }

  bool bf16_;
  Rng rng_{1};
  std::deque<std::string> bytes_;
  std::vector<NamedTensor> tensors_;
};

struct Vision {
  std::int64_t width, image, patch, layers = 12, heads = 6;
  bool clip = false;
};

void add_vision(Tensors& tensors, const std::string& prefix, const Vision& vision) {
  const std::int64_t width = vision.width, side = vision.image / vision.patch;
  const std::string embeddings = prefix + "embeddings.";
  tensors.add(embeddings + "patch_embedding.weight", {width, 3, vision.patch, vision.patch});
  if (!vision.clip) tensors.add(embeddings + "patch_embedding.bias", {width});
  if (vision.clip) tensors.add(embeddings + "class_embedding", {width});
  tensors.add(embeddings + "position_embedding.weight",
              {side * side + (vision.clip ? 1 : 0), width});
  if (vision.clip) tensors.norm(prefix + "pre_layrnorm", width, 1, true);
  for (std::int64_t i = 0; i < vision.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layers.{}.", prefix, i);
    for (const char* norm : {"layer_norm1", "layer_norm2"}) {
      tensors.norm(layer + norm, width, 1, true);
    }
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      tensors.linear(layer + "self_attn." + name, width, width, true);
    }
    tensors.linear(layer + "mlp.fc1", 4 * width, width, true);
    tensors.linear(layer + "mlp.fc2", width, 4 * width, true);
  }
  tensors.norm(prefix + "post_layernorm", width, 1, true);
}

json vision_config(const Vision& vision) {
  return {{"hidden_size", vision.width},
          {"intermediate_size", 4 * vision.width},
          {"num_hidden_layers", vision.layers},
          {"num_attention_heads", vision.heads},
          {"image_size", vision.image},
          {"patch_size", vision.patch},
          {"num_channels", 3},
          {"vision_use_head", false}};
}

struct Text {
  std::int64_t vocabulary, width, layers, heads, kv_heads, head_dim, hidden;
  float norm = 1;
  std::vector<std::string> norms = {"input_layernorm", "post_attention_layernorm"};
  bool qkv_bias = false, query_key_norm = false;
};

void add_text(Tensors& tensors, const std::string& prefix, const Text& text) {
  tensors.add(prefix + "embed_tokens.weight", {text.vocabulary, text.width});
  for (std::int64_t i = 0; i < text.layers; ++i) {
    const std::string layer = fmt::format("{}layers.{}.", prefix, i);
    for (const std::string& norm : text.norms) {
      tensors.norm(layer + norm, text.width, text.norm, false);
    }
    const std::int64_t queries = text.heads * text.head_dim, kv = text.kv_heads * text.head_dim;
    tensors.linear(layer + "self_attn.q_proj", queries, text.width, text.qkv_bias);
    tensors.linear(layer + "self_attn.k_proj", kv, text.width, text.qkv_bias);
    tensors.linear(layer + "self_attn.v_proj", kv, text.width, text.qkv_bias);
    tensors.linear(layer + "self_attn.o_proj", text.width, queries, false);
    if (text.query_key_norm) {
      tensors.norm(layer + "self_attn.q_norm", text.head_dim, 1, false);
      tensors.norm(layer + "self_attn.k_norm", text.head_dim, 1, false);
    }
    tensors.linear(layer + "mlp.gate_proj", text.hidden, text.width, false);
    tensors.linear(layer + "mlp.up_proj", text.hidden, text.width, false);
    tensors.linear(layer + "mlp.down_proj", text.width, text.hidden, false);
  }
  tensors.norm(prefix + "norm", text.width, text.norm, false);
}

json text_config(const Text& text) {
  return {{"hidden_size", text.width},
          {"intermediate_size", text.hidden},
          {"num_hidden_layers", text.layers},
          {"num_attention_heads", text.heads},
          {"num_key_value_heads", text.kv_heads},
          {"head_dim", text.head_dim},
          {"vocab_size", text.vocabulary},
          {"eos_token_id", 1},
          {"max_position_embeddings", 8192}};
}

void write_json(const fs::path& path, const json& value) {
  write_file_atomically(path, value.dump(1));
}

json image_processor(const char* type, std::int64_t side) {
  return {{"image_processor_type", type},
          {"size", {{"height", side}, {"width", side}}},
          {"image_mean", {0.5, 0.5, 0.5}},
          {"image_std", {0.5, 0.5, 0.5}}};
}

void write_paligemma2(const fs::path& folder, Tensors& tensors) {
  const Vision vision{.width = 384, .image = 224, .patch = 14};
  const Text text{.vocabulary = 50048,
                  .width = 768,
                  .layers = 12,
                  .heads = 8,
                  .kv_heads = 4,
                  .head_dim = 128,
                  .hidden = 2304,
                  .norm = 0,
                  .norms = {"input_layernorm", "post_attention_layernorm",
                            "pre_feedforward_layernorm", "post_feedforward_layernorm"}};
  add_vision(tensors, "vision_tower.vision_model.", vision);
  tensors.linear("multi_modal_projector.linear", text.width, vision.width, true);
  add_text(tensors, "language_model.model.", text);
  tensors.write(folder / "model.safetensors");
  json language = text_config(text);
  language.update({{"model_type", "gemma2"}, {"query_pre_attn_scalar", 128}});
  write_json(folder / "config.json", {{"model_type", "paligemma"},
                                      {"image_token_index", 2318},
                                      {"text_config", language},
                                      {"vision_config", vision_config(vision)}});
  write_json(folder / "preprocessor_config.json",
             image_processor("SiglipImageProcessor", vision.image));
}

void write_llava_onevision(const fs::path& folder, Tensors& tensors) {
  const Vision vision{.width = 384, .image = 384, .patch = 14};
  const Text text{.vocabulary = 960,
                  .width = 768,
                  .layers = 12,
                  .heads = 12,
                  .kv_heads = 2,
                  .head_dim = 64,
                  .hidden = 3072,
                  .qkv_bias = true};
  add_vision(tensors, "vision_tower.vision_model.", vision);
  tensors.linear("multi_modal_projector.linear_1", text.width, vision.width, true);
  tensors.linear("multi_modal_projector.linear_2", text.width, text.width, true);
  tensors.add("image_newline", {text.width});
  add_text(tensors, "language_model.model.", text);
  tensors.write(folder / "model.safetensors");
  json language = text_config(text);
  language.update({{"model_type", "qwen2"}, {"eos_token_id", 902}});
  write_json(folder / "config.json", {{"model_type", "llava_onevision"},
                                      {"image_token_index", 916},
                                      {"video_token_index", 917},
                                      {"tie_word_embeddings", true},
                                      {"text_config", language},
                                      {"vision_config", vision_config(vision)}});
  json processor = image_processor("LlavaOnevisionImageProcessor", vision.image);
  for (std::int64_t h = 1; h <= 6; ++h) {
    for (std::int64_t w = 1; w <= 6; ++w) {
      processor["image_grid_pinpoints"].push_back({h * vision.image, w * vision.image});
    }
  }
  write_json(folder / "preprocessor_config.json", processor);
  write_json(folder / "processor_config.json",
             {{"num_image_tokens", 729}, {"vision_aspect_ratio", "anyres_max_9"}});
}

void write_minimind(const fs::path& folder, Tensors& tensors, bool legacy, bool bf16) {
  const Vision vision{.width = 768,
                      .image = legacy ? 224 : 256,
                      .patch = legacy ? 16 : 32,
                      .heads = 12,
                      .clip = legacy};
  Text text{.vocabulary = 6400,
            .width = 768,
            .layers = 8,
            .heads = 8,
            .kv_heads = 4,
            .head_dim = 96,
            .hidden = 2432,
            .query_key_norm = true};
  if (legacy) {
    text = {.vocabulary = 6400,
            .width = 512,
            .layers = 8,
            .heads = 8,
            .kv_heads = 2,
            .head_dim = 64,
            .hidden = 1408};
  }
  add_text(tensors, "model.", text);
  if (legacy) {
    tensors.linear("vision_proj.vision_proj.0", text.width, vision.width, true);
  } else {
    tensors.norm("vision_proj.mlp.0", vision.width, 1, true);
    tensors.linear("vision_proj.mlp.1", text.width, vision.width, true);
    tensors.linear("vision_proj.mlp.3", text.width, text.width, true);
  }
  tensors.write(folder / "model.safetensors");
  Tensors tower(bf16);
  add_vision(tower, "vision_model.", vision);
  fs::create_directories(folder / "vision");
  tower.write(folder / "vision" / "model.safetensors");
  json model = text_config(text);
  model["eos_token_id"] = 2;
  write_json(folder / "config.json",
             {{"model_type", "minimind_v"}, {"model", model}, {"vision", vision_config(vision)}});
}

}  // namespace

const std::vector<std::string>& random_checkpoint_names() {
  static const std::vector<std::string> names{"paligemma2_150m", "llava_onevision_120m",
                                              "minimind_v_head_65m", "minimind_v_legacy_26m"};
  return names;
}

void write_random_checkpoint(const std::string& name, const fs::path& folder,
                             const std::string& dtype, const fs::path& tokenizer_from) {
  require(dtype == "F32" || dtype == "BF16", "the type is '{}'; want F32 or BF16", dtype);
  fs::create_directories(folder);
  Tensors tensors(dtype == "BF16");
  if (name == "paligemma2_150m") {
    write_paligemma2(folder, tensors);
  } else if (name == "llava_onevision_120m") {
    write_llava_onevision(folder, tensors);
  } else if (name == "minimind_v_head_65m" || name == "minimind_v_legacy_26m") {
    write_minimind(folder, tensors, name == "minimind_v_legacy_26m", dtype == "BF16");
  } else {
    fail("there is no checkpoint '{}'{}", name, did_you_mean(name, random_checkpoint_names()));
  }
  if (tokenizer_from.empty()) return;
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    const fs::path from = tokenizer_from / file;
    if (!fs::is_regular_file(from)) continue;
    fs::copy_file(from, folder / file, fs::copy_options::overwrite_existing);
    fs::permissions(folder / file, fs::perms::owner_write, fs::perm_options::add);
  }
}

}  // namespace sightline::benchmarks
