#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>

#include "models/families/flowmo_transformer.h"

namespace sightline {

/// FlowMo as functions of tensors. Images are [images, 3, height, width] float32 in [-1, 1], with
/// sides that the patch size divides; all results are float32 on the network's device.
///
/// In bfloat16 the regions are those of PyTorch's autocast, under which the published evaluation
/// runs: linear layers, attention, activations, gates and residual sums in bfloat16; layer norms
/// with their modulation, RMS norms, rotary embeddings and softmax in float32, rounded once. The
/// noise, the guided velocity and the steps of the sampler are float32. With int8 and nf4 the
/// linear layers of the blocks are quantised; those at the ends, and those of the time, are not.
class FlowMoNetwork {
 public:
  /// Takes from `weights` what inference needs; names and shapes were checked (flowmo_tensors).
  FlowMoNetwork(Weights& weights, const Compute& compute, const FlowMoConfig& config);

  const FlowMoConfig& config() const { return config_; }
  const Compute& compute() const { return compute_; }

  /// The code before it is rounded, [images, code_length, context_dim].
  at::Tensor encode(const at::Tensor& images, const FlowMoTrace& trace = {}) const;

  /// What the decoder takes in place of a code: the code and a last channel of ones.
  static at::Tensor with_mask(const at::Tensor& code);

  /// The velocity of `z` towards the noise, [images, 3, height, width].
  /// @param code   [images, code_length, context_dim + 1]; zeros: without a code
  /// @param times  one for all images, or one for each
  at::Tensor velocity(const at::Tensor& z, const at::Tensor& code, std::span<const float> times,
                      const FlowMoTrace& trace = {}) const;

  /// Follows the flow from noise `z` to images, clipped to [-1, 1]. A guided step computes both
  /// velocities as one batch.
  /// @param code   rounded, [images, code_length, context_dim]
  /// @param after  called with the number of a step and z behind it, not clipped
  at::Tensor sample(
      at::Tensor z, const at::Tensor& code, const FlowSampling& sampling,
      const std::function<void(std::size_t step, const at::Tensor& z)>& after = {}) const;

 private:
  at::Tensor guided_velocity(const at::Tensor& z, const at::Tensor& codes, float time,
                             double guidance) const;

  Compute compute_;
  FlowMoConfig config_;
  FlowMoTransformer encoder_, decoder_;
};

/// [images, 3, height, width] to [images, patches, 3 * patch^2]: patches row by row, in each its
/// rows, columns and channels, channels fastest.
at::Tensor to_patches(const at::Tensor& images, std::int64_t patch);
/// The way back.
at::Tensor from_patches(const at::Tensor& patches, std::int64_t patch, std::int64_t height,
                        std::int64_t width);

}  // namespace sightline
