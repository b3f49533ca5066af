#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "models/nn/linear.h"

namespace sightline {

/// LLM.int8 and NF4 with libtorch's own operations, for devices that models/kernels does not know.
/// Codes and scales are those of models/kernels/quantise.h.
struct Int8Tensors {
  at::Tensor codes;   ///< [out, in] int8
  at::Tensor scales;  ///< [out] float32
};
struct Nf4Tensors {
  at::Tensor packed;    ///< [(out * in + 1) / 2] uint8
  at::Tensor absmax;    ///< [blocks] float32
  at::Tensor codebook;  ///< [16] float32
  std::int64_t out = 0, in = 0;
};

/// @param weight  [out, in] float32 on the CPU
Int8Tensors quantise_int8_tensors(const at::Tensor& weight, at::Device device);
Nf4Tensors quantise_nf4_tensors(const at::Tensor& weight, bool double_quantise, at::Device device);

/// [out, in], as a product uses it, in `dtype`.
at::Tensor dequantise(const Nf4Tensors& weights, at::ScalarType dtype);
/// x [rows, in] times the weights, without bias, in float32. Outlier columns by sequence.
at::Tensor multiply_int8(const at::Tensor& x, const Int8Tensors& weights, SequenceEnds ends);

}  // namespace sightline
