#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "models/nn/compute.h"

/// What a diffusion transformer does between its products (Peebles and Xie 2023). Rows are those of
/// several sequences of one length below each other; a vector has one row for all sequences, or one
/// for each.
namespace sightline {

/// (1 + scale) LN(x) + shift with statistics, scale and shift in float32, rounded once. LN has no
/// weights of its own.
struct Modulation {
  at::Tensor factor;  ///< 1 + scale, [1 or sequences, width], contiguous float32
  at::Tensor shift;   ///< likewise
};
/// That leaves LN(x) as it is.
Modulation no_modulation(const Compute& compute, std::int64_t width);
/// @param x  [rows, width]
at::Tensor modulated_norm(const Compute& compute, const at::Tensor& x, const Modulation& modulation,
                          double eps);

/// x = x + gate * y, in place; in bfloat16 the product is rounded, then the sum.
/// @param x, y  [rows, width]   @param gate  [1 or sequences, width], contiguous float32
void add_gated(const Compute& compute, at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

/// Rotary embedding of neighbouring values (x0, x1) of a head.
struct PairRotation {
  at::Tensor cos, sin;  ///< [positions, head_dim] float32; each angle twice, the first sine negated
};
/// From angles [positions, head_dim / 2] in double precision.
PairRotation pair_rotation(const Compute& compute, const at::Tensor& angles);

struct HeadShape {
  std::int64_t heads = 0, head_dim = 0;
};
/// RMS norm of each head, times `scale` [head_dim] (float32), then the rotation of the row's
/// position; rounded as in models/kernels/row_functions.h.
/// @param x   [sequences, positions, heads * head_dim], rows may be strided
/// @param to  of the same shape; may be `x`
void norm_and_rotate(const Compute& compute, const HeadShape& shape, const at::Tensor& x,
                     const at::Tensor& scale, double eps, const PairRotation& rotation,
                     at::Tensor to);

}  // namespace sightline
