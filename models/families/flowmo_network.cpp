#include "models/families/flowmo_network.h"

#include <ATen/ATen.h>

namespace sightline {

at::Tensor to_patches(const at::Tensor& images, std::int64_t patch) {
  const std::int64_t rows = images.size(2) / patch, columns = images.size(3) / patch;
  return images.reshape({images.size(0), 3, rows, patch, columns, patch})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({images.size(0), rows * columns, 3 * patch * patch});
}

at::Tensor from_patches(const at::Tensor& patches, std::int64_t patch, std::int64_t height,
                        std::int64_t width) {
  const std::int64_t rows = height / patch, columns = width / patch;
  return patches.reshape({patches.size(0), rows, columns, patch, patch, 3})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({patches.size(0), 3, height, width});
}

FlowMoNetwork::FlowMoNetwork(Weights& weights, const Compute& compute, const FlowMoConfig& config)
    : compute_(compute),
      config_(config),
      encoder_(weights, compute, "encoder.", config.encoder, config, FlowMoStream::kCode),
      decoder_(weights, compute, "decoder.", config.decoder, config, FlowMoStream::kImage) {}

at::Tensor FlowMoNetwork::encode(const at::Tensor& images, const FlowMoTrace& trace) const {
  const at::Tensor patches = to_patches(images, config_.patch_size);
  if (trace) trace("patchified", patches);
  const at::Tensor nothing =
      at::zeros({images.size(0), config_.code_length, config_.context_dim}, images.options());
  return encoder_({.patches = patches,
                   .code = nothing,
                   .rows = images.size(2) / config_.patch_size,
                   .columns = images.size(3) / config_.patch_size},
                  trace);
}

at::Tensor FlowMoNetwork::with_mask(const at::Tensor& code) {
  return at::cat({code, at::ones({code.size(0), code.size(1), 1}, code.options())}, 2);
}

at::Tensor FlowMoNetwork::velocity(const at::Tensor& z, const at::Tensor& code,
                                   std::span<const float> times, const FlowMoTrace& trace) const {
  const at::Tensor patches = decoder_({.patches = to_patches(z, config_.patch_size),
                                       .code = code,
                                       .rows = z.size(2) / config_.patch_size,
                                       .columns = z.size(3) / config_.patch_size,
                                       .times = times},
                                      trace);
  if (trace) trace("final_img_tokens", patches);
  return from_patches(patches, config_.patch_size, z.size(2), z.size(3));
}

at::Tensor FlowMoNetwork::guided_velocity(const at::Tensor& z, const at::Tensor& codes, float time,
                                          double guidance) const {
  const std::int64_t images = z.size(0);
  const at::Tensor both = velocity(at::cat({z, z}), codes, {&time, 1});
  const at::Tensor free = both.narrow(0, images, images);
  return free + (both.narrow(0, 0, images) - free) * guidance;
}

at::Tensor FlowMoNetwork::sample(
    at::Tensor z, const at::Tensor& code, const FlowSampling& sampling,
    const std::function<void(std::size_t, const at::Tensor&)>& after) const {
  const at::Tensor given = with_mask(code);
  const at::Tensor with_null = at::cat({given, at::zeros_like(given)});
  const std::vector<FlowStep> steps = flow_steps(sampling);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const FlowStep& step = steps[i];
    const at::Tensor v = step.guided ? guided_velocity(z, with_null, step.t, sampling.guidance)
                                     : velocity(z, given, {&step.t, 1});
    z = z - v * static_cast<double>(step.dt);
    if (after) after(i, z);
  }
  return z.clamp(-1, 1);
}

}  // namespace sightline
