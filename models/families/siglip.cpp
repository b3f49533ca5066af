#include "models/families/siglip.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "models/processors/read_processors.h"

namespace sightline {

namespace {

/// A vision model saved alone may lack the prefix.
const std::array<NameRule, 5> kNames{{{"vision_model.", "vision."},
                                      {"embeddings.", "vision.embeddings."},
                                      {"encoder.", "vision.encoder."},
                                      {"post_layernorm.", "vision.post_layernorm."},
                                      {"head.", "vision.head."}}};

}  // namespace

SiglipVision SiglipVision::open(const NetworkSettings& settings) {
  Checkpoint checkpoint = open_checkpoint(settings);
  add_weights(checkpoint, kNames);
  return SiglipVision(std::move(checkpoint));
}

SiglipVision::SiglipVision(Checkpoint checkpoint) : protocol_(checkpoint.settings.images) {
  compute_ = checkpoint.compute;
  Weights& weights = checkpoint.weights;
  const ConfigFields config = checkpoint.fields();
  const ConfigFields fields =
      config.find("vision_config") == nullptr ? config : config.object("vision_config");
  const VisionConfig vision = read_vision_config(fields, false);
  tower_ = VisionTower(weights, compute_, "vision.", vision);
  if (fields.flag("vision_use_head", true)) head_ = load_head(weights);
  for (const char* other : {"vision.head.", "text_model.", "logit_scale", "logit_bias"}) {
    weights.ignore_prefix(other);
  }
  weights.ignore_suffix(".position_ids");
  weights.require_all_taken();
  processor_ = read_image_processor(checkpoint.folder, vision);
}

SiglipVision::Head SiglipVision::load_head(Weights& weights) const {
  const EncoderConfig& encoder = tower_.config().encoder;
  const std::int64_t width = encoder.width;
  const std::string name = "vision.head.";
  // Torch's MultiheadAttention keeps query, key and value in one matrix; the query is a constant.
  const at::Tensor in = weights.take_floats(name + "attention.in_proj_weight", {3 * width, width});
  const at::Tensor bias = weights.take_floats(name + "attention.in_proj_bias", {3 * width});
  const at::Tensor probe = weights.take_floats(name + "probe", {1, 1, width});
  Head head;
  head.query = at::linear(probe.view({1, width}), in.narrow(0, 0, width), bias.narrow(0, 0, width))
                   .to(compute_.device, compute_.dtype);
  head.key_value =
      Linear(compute_, in.narrow(0, width, 2 * width), bias.narrow(0, width, 2 * width));
  head.out = Linear(weights, compute_, {name + "attention.out_proj", width}, width, {});
  head.norm = LayerNorm(weights, compute_, name + "layernorm", width, encoder.eps);
  head.mlp =
      Mlp(weights, compute_, name + "mlp.",
          {.in = width, .hidden = encoder.hidden, .out = width, .activation = encoder.activation});
  return head;
}

at::Tensor SiglipVision::pool(const at::Tensor& x, std::int64_t images) const {
  const EncoderConfig& encoder = tower_.config().encoder;
  const std::int64_t width = encoder.width, dim = width / encoder.heads;
  const AttentionShape shape{.heads = encoder.heads,
                             .kv_heads = encoder.heads,
                             .head_dim = dim,
                             .scale = 1 / std::sqrt(static_cast<double>(dim))};
  const std::int64_t tokens = x.size(0) / images;
  const std::vector<KeyRange> range{{0, static_cast<std::size_t>(tokens)}};
  const at::Tensor keys_values = head_->key_value(x);
  std::vector<AttentionPart> parts;
  for (std::int64_t i = 0; i < images; ++i) {
    const at::Tensor rows = keys_values.narrow(0, i * tokens, tokens);
    const auto heads = [&](std::int64_t half) {
      return rows.narrow(1, half * width, width).unflatten(1, {encoder.heads, dim});
    };
    parts.push_back({head_->query, heads(0), heads(1), range});
  }
  const at::Tensor pooled = head_->out(attend(compute_, shape, parts));
  return pooled + head_->mlp(head_->norm(pooled));
}

SiglipVision::Output SiglipVision::see(const at::Tensor& pixels, bool interpolate,
                                       std::vector<at::Tensor>* hidden) const {
  const std::int64_t images = pixels.size(0);
  const at::Tensor x =
      tower_.post_norm(tower_.run_layers(tower_.embed(pixels, interpolate), images, {}, hidden));
  return {x.view({images, -1, x.size(1)}), head_ ? pool(x, images) : at::Tensor()};
}

ProcessedImages SiglipVision::process(std::span<const Image* const> images) const {
  return process_images(images, processor_, protocol_);
}

}  // namespace sightline
