#pragma once

#include <cstddef>
#include <span>

#include "models/kernels/row_functions.h"

/// The loops of row_functions.h, on the calling thread, one set for each instruction set. All sets
/// give the same bits: sums have sixteen lanes whatever the registers, and exponentials are
/// polynomials of our own.
namespace sightline {

/// As the functions of row_functions.h.
template <typename T>
struct RowKernelsOf {
  void (*rms_norm)(const T* x, const float* weight, T* y, std::size_t rows, std::size_t width,
                   const RmsNormKind& kind) = nullptr;
  void (*layer_norm)(const T* x, const float* weight, const float* bias, T* y, std::size_t rows,
                     std::size_t width, float eps) = nullptr;
  void (*activate)(T* x, std::size_t count, Activation activation) = nullptr;
  void (*gate)(const T* x, T* y, std::size_t rows, std::size_t width,
               Activation activation) = nullptr;
  void (*rotate_halves)(T* x, std::size_t rows, std::size_t stride, std::size_t heads,
                        std::size_t head_dim, const float* cos, const float* sin) = nullptr;
  void (*norm_rotate_pairs)(const T* x, T* y, const HeadRows& shape, const float* weight, float eps,
                            const float* cos, const float* sin) = nullptr;
  void (*add_gated)(T* x, const T* y, const float* gate, std::size_t rows,
                    std::size_t width) = nullptr;
  void (*soft_cap)(T* x, std::size_t count, float cap) = nullptr;
};

struct RowKernels {
  const char* name = nullptr;
  RowKernelsOf<float> floats;
  RowKernelsOf<BFloat16> bfloats;

  template <typename T>
  const RowKernelsOf<T>& of() const;
};
template <>
inline const RowKernelsOf<float>& RowKernels::of() const {
  return floats;
}
template <>
inline const RowKernelsOf<BFloat16>& RowKernels::of() const {
  return bfloats;
}

/// The sets that this processor can run, the fastest first; the last needs nothing.
std::span<const RowKernels* const> row_kernels();

/// By instruction set; null where the program was not built for it.
const RowKernels* generic_row_kernels();
const RowKernels* avx2_row_kernels();
const RowKernels* avx512_row_kernels();

}  // namespace sightline
