#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <span>
#include <vector>

#include "models/kernels/attention.h"
#include "models/nn/compute.h"

namespace sightline {

struct AttentionShape {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 1;
  double softcap = 0;  ///< of the scores; 0: none
};

/// The queries of one sequence and the keys and values they may see.
struct AttentionPart {
  at::Tensor queries;                ///< [n, heads * head_dim], rows may be strided
  at::Tensor keys, values;           ///< [m, kv_heads, head_dim]
  std::span<const KeyRange> ranges;  ///< n, the keys that each query sees
};

/// Attention of several sequences; formula in models/kernels/attention.h.
/// @return [sum of n, heads * head_dim]
at::Tensor attend(const Compute& compute, const AttentionShape& shape,
                  std::span<const AttentionPart> parts);

/// Every one of `count` queries sees all of `count` keys.
std::vector<KeyRange> all_keys(std::size_t count);
/// Query i sees the keys up to its own.
std::vector<KeyRange> causal_keys(std::size_t count);

/// Cosines and sines of rotary embeddings, [rows, head_dim / 2].
struct Rotation {
  at::Tensor cos, sin;
};

/// Rotary embeddings as transformers computes them: in float32, angle = position * theta^(-2i / d).
class Rotary {
 public:
  Rotary() = default;
  Rotary(const Compute& compute, std::int64_t head_dim, double theta);
  /// From given inverse frequencies, [head_dim / 2].
  Rotary(const Compute& compute, std::vector<float> inverse_frequencies);

  Rotation at(std::span<const std::int64_t> positions) const;

 private:
  Compute compute_;
  std::vector<float> inverse_frequencies_;
};

/// Rotates x [rows, heads, head_dim] (rows may be strided) in place.
void rotate(const Compute& compute, at::Tensor& x, const Rotation& rotation);

}  // namespace sightline
