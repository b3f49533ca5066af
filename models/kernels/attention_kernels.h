#pragma once

#include <cstddef>
#include <span>

#include "models/kernels/attention.h"
#include "models/kernels/product_kernels.h"

/// The loops of attention beside its two products, one set for each instruction set. All sets give
/// the same bits.
namespace sightline {

/// A query's scores in panels of `kPanel` keys, `stride` floats from one panel to the next.
struct ScoreRow {
  float* scores = nullptr;
  std::size_t stride = 0;
};

/// Columns of up to sixteen rows: those of [first, last), and zeros for the others.
struct RowBlock {
  std::size_t first = 0, last = 0, columns = 0;
  std::size_t next = 0;  ///< rows from this block to the one that will be wanted after it
};

template <typename T>
struct AttentionKernelsOf {
  /// to[c * to_stride + r] = from[r * from_stride + c]. Each column is stored as 16 floats, in
  /// ascending order: a `to_stride` below 16 keeps as many rows, and the last column is followed
  /// by what does not fit.
  void (*transpose)(const T* from, std::size_t from_stride, const RowBlock& block, float* to,
                    std::size_t to_stride) = nullptr;
  /// to[p][row][kPanel]: the columns in panels, filled up with zeros.
  void (*copy_panels)(const T* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
                      float* to, std::size_t panel_floats) = nullptr;
  /// Products of a query with keys become weights of the keys in `range`, and 0 for the others of
  /// its panels. float: e^(score - largest score), whose sum is returned. BFloat16: the softmax;
  /// returns 1.
  float (*softmax)(const ScoreRow& row, const KeyRange& range, float scale,
                   float softcap) = nullptr;
  /// to = from / divisor; `from` is in panels.
  void (*divide)(const float* from, std::size_t panel_floats, std::size_t columns, float divisor,
                 T* to) = nullptr;
};

struct AttentionKernels {
  const ProductKernels* products = nullptr;  ///< of the same instruction set
  AttentionKernelsOf<float> floats;
  AttentionKernelsOf<BFloat16> bfloats;

  template <typename T>
  const AttentionKernelsOf<T>& of() const;
};
template <>
inline const AttentionKernelsOf<float>& AttentionKernels::of() const {
  return floats;
}
template <>
inline const AttentionKernelsOf<BFloat16>& AttentionKernels::of() const {
  return bfloats;
}

/// The sets that this processor can run, the fastest first; the last needs nothing.
std::span<const AttentionKernels* const> attention_kernels();

/// By instruction set; null where the program was not built for it.
const AttentionKernels* generic_attention_kernels();
const AttentionKernels* avx2_attention_kernels();
const AttentionKernels* avx512_attention_kernels();

/// `attend` with a given set.
template <typename T>
void attend(std::span<const AttentionCall<T>> calls, const AttentionKernels& kernels);

}  // namespace sightline
