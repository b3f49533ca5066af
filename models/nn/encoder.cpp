#include "models/nn/encoder.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/media/interpolate_float.h"

namespace sightline {

Encoder::Encoder(Weights& weights, const Compute& compute, const std::string& prefix,
                 const EncoderConfig& config)
    : compute_(compute), config_(config) {
  const std::int64_t width = config.width;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string name = fmt::format("{}layers.{}.", prefix, i);
    const std::array<Linear::Part, 3> parts{{{name + "self_attn.q_proj", width},
                                             {name + "self_attn.k_proj", width},
                                             {name + "self_attn.v_proj", width}}};
    layers_.push_back(
        {.norm1 = LayerNorm(weights, compute, name + "layer_norm1", width, config.eps),
         .norm2 = LayerNorm(weights, compute, name + "layer_norm2", width, config.eps),
         .qkv = Linear(weights, compute, parts, width, {}),
         .out = Linear(weights, compute, {name + "self_attn.out_proj", width}, width, {}),
         .mlp = Mlp(weights, compute, name + "mlp.",
                    {.in = width,
                     .hidden = config.hidden,
                     .out = width,
                     .activation = config.activation})});
  }
}

at::Tensor Encoder::attention(const Layer& layer, const at::Tensor& x, const Batch& batch) const {
  const std::int64_t head_dim = config_.width / config_.heads;
  const AttentionShape shape{.heads = config_.heads,
                             .kv_heads = config_.heads,
                             .head_dim = head_dim,
                             .scale = 1 / std::sqrt(static_cast<double>(head_dim))};
  const at::Tensor qkv = layer.qkv(x, batch.ends);
  std::vector<AttentionPart> parts;
  for (std::int64_t begin = 0; begin < qkv.size(0); begin += batch.sequence_length) {
    const at::Tensor rows = qkv.narrow(0, begin, batch.sequence_length);
    const auto heads = [&](std::int64_t third) {
      return rows.narrow(1, third * config_.width, config_.width)
          .unflatten(1, {config_.heads, head_dim});
    };
    parts.push_back({rows.narrow(1, 0, config_.width), heads(1), heads(2), batch.ranges});
  }
  return layer.out(attend(compute_, shape, parts), batch.ends);
}

at::Tensor Encoder::operator()(const Batch& batch, std::vector<at::Tensor>* hidden) const {
  at::Tensor x = batch.x;
  if (hidden != nullptr) hidden->push_back(x.clone());
  for (const Layer& layer : layers_) {
    x = x + attention(layer, layer.norm1(x), batch);
    x = x + layer.mlp(layer.norm2(x), batch.ends);
    if (hidden != nullptr) hidden->push_back(x);
  }
  return x;
}

VisionTower::VisionTower(Weights& weights, const Compute& compute, const std::string& prefix,
                         const VisionConfig& config)
    : compute_(compute), config_(config) {
  const std::int64_t width = config.encoder.width;
  const std::int64_t patch = config.channels * config.patch_size * config.patch_size;
  const std::string embeddings = prefix + "embeddings.";
  weights.reshape(embeddings + "patch_embedding.weight",
                  {width, config.channels, config.patch_size, config.patch_size}, {width, patch});
  patches_ = Linear(weights, compute, {embeddings + "patch_embedding", width}, patch,
                    {.bias = !config.is_clip, .quantise = false});
  const auto load = [&](const std::string& name, std::initializer_list<std::int64_t> shape) {
    return weights.take_floats(embeddings + name, shape).to(compute.device, compute.dtype);
  };
  positions_ = load("position_embedding.weight", {config.tokens(), width});
  if (config.is_clip) {
    class_ = load("class_embedding", {width});
    pre_norm_ = LayerNorm(weights, compute, prefix + "pre_layrnorm", width, config.encoder.eps);
  }
  encoder_ = Encoder(weights, compute, prefix + "encoder.", config.encoder);
  if (config.post_norm) {
    post_norm_ = LayerNorm(weights, compute, prefix + "post_layernorm", width, config.encoder.eps);
  }
}

at::Tensor VisionTower::positions(std::int64_t rows, std::int64_t columns) const {
  if (rows == config_.side() && columns == config_.side()) return positions_;
  const std::int64_t first = config_.is_clip ? 1 : 0, width = config_.encoder.width;
  const at::Tensor planes = positions_.narrow(0, first, config_.patches())
                                .to(at::kCPU, at::kFloat)
                                .t()
                                .contiguous();  // [width, side^2]
  const auto side = static_cast<std::size_t>(config_.side());
  std::vector<float> scaled = interpolate_planes(
      {planes.data_ptr<float>(), static_cast<std::size_t>(planes.numel())},
      {static_cast<std::size_t>(width), side, side}, static_cast<std::size_t>(rows),
      static_cast<std::size_t>(columns), Interpolation::kBicubic);
  const at::Tensor grid = at::from_blob(scaled.data(), {width, rows * columns}, at::kFloat)
                              .t()
                              .to(positions_.options(), false, true);
  return first == 0 ? grid : at::cat({positions_.narrow(0, 0, 1), grid});
}

at::Tensor VisionTower::embed(const at::Tensor& pixels, bool interpolate) const {
  const std::int64_t images = pixels.size(0), patch = config_.patch_size;
  const std::int64_t rows = pixels.size(2) / patch, columns = pixels.size(3) / patch;
  require(
      interpolate || (pixels.size(2) == config_.image_size && pixels.size(3) == config_.image_size),
      "the vision tower takes images of {0} x {0} pixels, these have {1} x {2}: "
      "preprocessor_config.json and config.json do not fit together",
      config_.image_size, pixels.size(3), pixels.size(2));
  // [images, rows, columns, channels, patch, patch]: the order of the convolution's weights.
  const at::Tensor cut = pixels.narrow(2, 0, rows * patch)
                             .narrow(3, 0, columns * patch)
                             .reshape({images, config_.channels, rows, patch, columns, patch})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({images * rows * columns, config_.channels * patch * patch});
  const std::int64_t width = config_.encoder.width;
  at::Tensor x = patches_(cut.to(compute_.device, compute_.dtype)).view({images, -1, width});
  if (config_.is_clip) x = at::cat({class_.expand({images, 1, width}), x}, 1);
  x = (x + positions(rows, columns)).flatten(0, 1);
  return config_.is_clip ? pre_norm_(x) : x;
}

at::Tensor VisionTower::run_layers(const at::Tensor& embedded, std::int64_t images,
                                   SequenceEnds image_ends, std::vector<at::Tensor>* hidden) const {
  const std::int64_t length = embedded.size(0) / images;
  const std::vector<KeyRange> ranges = all_keys(static_cast<std::size_t>(length));
  std::vector<std::size_t> ends(image_ends.begin(), image_ends.end());
  for (std::size_t& end : ends) end *= static_cast<std::size_t>(length);
  return encoder_({embedded, length, ranges, ends}, hidden);
}

}  // namespace sightline
