#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

#include "models/families/checkpoint.h"

namespace sightline {

/// SigLIP's vision model (Zhai et al. 2023), alone or as a part of a whole SigLIP checkpoint.
class SiglipVision {
 public:
  /// Throws `Error` as `make_network`.
  static SiglipVision open(const NetworkSettings& settings);

  struct Output {
    at::Tensor last_hidden;  ///< [images, tokens, width], normed
    at::Tensor pooled;       ///< [images, width]; not defined without a pooling head
  };
  /// @param interpolate  scale the position embeddings to images of another size
  Output see(const at::Tensor& pixels, bool interpolate = false,
             std::vector<at::Tensor>* hidden = nullptr) const;
  ProcessedImages process(std::span<const Image* const> images) const;

 private:
  /// Attention of one learned query over all tokens, and an MLP.
  struct Head {
    at::Tensor query;  ///< [1, width], projected
    Linear key_value, out;
    LayerNorm norm;
    Mlp mlp;
  };
  explicit SiglipVision(Checkpoint checkpoint);
  Head load_head(Weights& weights) const;
  at::Tensor pool(const at::Tensor& x, std::int64_t images) const;

  Compute compute_;
  VisionTower tower_;
  std::optional<Head> head_;
  ProcessorConfig processor_;
  ImageProtocol protocol_;
};

}  // namespace sightline
