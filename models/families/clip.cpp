#include "models/families/clip.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "models/processors/read_processors.h"

namespace sightline {

namespace {

const std::array<NameRule, 2> kNames{{{"vision_model.", "vision."}, {"text_model.", "text."}}};

EncoderConfig read_text_encoder(const ConfigFields& text) {
  const auto whole = [&](const char* field, long fallback) {
    return text.whole(field, fallback, 1, 1 << 24);
  };
  const EncoderConfig encoder{.width = whole("hidden_size", 512),
                              .layers = whole("num_hidden_layers", 12),
                              .heads = whole("num_attention_heads", 8),
                              .hidden = whole("intermediate_size", 2048),
                              .eps = text.positive("layer_norm_eps", 1e-5),
                              .activation = read_activation(text, "hidden_act", "quick_gelu")};
  check_width(text, encoder.width, encoder.heads);
  return encoder;
}

at::Tensor unit_length(const at::Tensor& x) {
  const at::Tensor floats = x.to(at::kFloat);
  return floats / floats.norm(2, {-1}, true);
}

}  // namespace

Clip Clip::open(const NetworkSettings& settings) {
  Checkpoint checkpoint = open_checkpoint(settings);
  add_weights(checkpoint, kNames);
  return Clip(std::move(checkpoint));
}

Clip::Clip(Checkpoint checkpoint) : protocol_(checkpoint.settings.images) {
  compute_ = checkpoint.compute;
  Weights& weights = checkpoint.weights;
  weights.ignore_suffix(".position_ids");
  const ConfigFields config = checkpoint.fields();
  const ConfigFields text = config.object("text_config");
  const VisionConfig vision = read_vision_config(config.object("vision_config"), true);
  const EncoderConfig encoder = read_text_encoder(text);
  const long dim = config.whole("projection_dim", 512, 1, 1 << 24);
  const long vocabulary = text.whole("vocab_size", 49408, 1, 1 << 24);
  const long positions = text.whole("max_position_embeddings", 77, 1, 1 << 24);

  vision_ = VisionTower(weights, compute_, "vision.", vision);
  text_ = Encoder(weights, compute_, "text.encoder.", encoder);
  const auto load = [&](const char* name, std::initializer_list<std::int64_t> shape) {
    return weights.take_floats(name, shape).to(compute_.device, compute_.dtype);
  };
  token_embeddings_ = load("text.embeddings.token_embedding.weight", {vocabulary, encoder.width});
  text_positions_ = load("text.embeddings.position_embedding.weight", {positions, encoder.width});
  text_norm_ = LayerNorm(weights, compute_, "text.final_layer_norm", encoder.width, encoder.eps);
  vision_projection_ =
      Linear(weights, compute_, {"visual_projection", dim}, vision.encoder.width, {.bias = false});
  text_projection_ =
      Linear(weights, compute_, {"text_projection", dim}, encoder.width, {.bias = false});
  logit_scale_ = std::exp(weights.take_floats("logit_scale", {}).item<float>());
  weights.require_all_taken();
  // transformers keeps an old convention alive: files that say 2 mean the largest id.
  end_ = static_cast<TokenId>(text.whole("eos_token_id", 49407, 0, 1 << 24));
  end_is_largest_ = end_ == 2;
  processor_ = read_image_processor(checkpoint.folder, vision);
  tokenizer_ = find_tokenizer(checkpoint);
}

Clip::VisionOutput Clip::see(const at::Tensor& pixels, bool interpolate,
                             std::vector<at::Tensor>* hidden) const {
  const std::int64_t images = pixels.size(0);
  const at::Tensor x = vision_.run_layers(vision_.embed(pixels, interpolate), images, {}, hidden);
  const at::Tensor last = x.view({images, -1, x.size(1)});
  return {last, vision_.post_norm(last.select(1, 0).contiguous())};
}

Clip::TextOutput Clip::read(std::span<const TokenId> ids, std::vector<at::Tensor>* hidden) const {
  require(!ids.empty() && static_cast<std::int64_t>(ids.size()) <= text_positions_.size(0),
          "a text of {} tokens; the model reads 1 to {}", ids.size(), text_positions_.size(0));
  std::vector<std::int64_t> rows(ids.begin(), ids.end());
  const auto count = static_cast<std::int64_t>(ids.size());
  const at::Tensor index = at::tensor(rows, at::kLong).to(compute_.device);
  const at::Tensor x =
      token_embeddings_.index_select(0, index) + text_positions_.narrow(0, 0, count);
  const std::vector<KeyRange> ranges = causal_keys(ids.size());
  const at::Tensor last = text_norm_(text_({x, count, ranges}, hidden));
  const auto end = end_is_largest_ ? std::ranges::max_element(ids) : std::ranges::find(ids, end_);
  require(end != ids.end(), "the text has no end token {}", end_);
  return {last, last[end - ids.begin()]};
}

at::Tensor Clip::embed_images(const at::Tensor& pixels) const {
  return unit_length(vision_projection_(see(pixels).pooled));
}

at::Tensor Clip::embed_texts(std::span<const std::vector<TokenId>> texts) const {
  std::vector<at::Tensor> pooled;
  for (const std::vector<TokenId>& ids : texts) pooled.push_back(read(ids).pooled);
  return unit_length(text_projection_(at::stack(pooled)));
}

ProcessedImages Clip::process(std::span<const Image* const> images) const {
  return process_images(images, processor_, protocol_);
}

std::vector<TokenId> Clip::tokenize(std::string_view text) const {
  require(tokenizer_.has_value(), "the checkpoint has no tokenizer.json");
  const auto most = static_cast<std::size_t>(text_positions_.size(0));
  return tokenizer_->encode(text, {.max_length = most});
}

}  // namespace sightline
