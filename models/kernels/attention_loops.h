#pragma once

// The loops of attention_kernels.h, for the instruction set of the file that includes this one
// behind a header of vectors.

#include <algorithm>
#include <limits>

#include "models/kernels/attention_kernels.h"
#include "models/kernels/vector_math.h"
#include "models/kernels/vector_rows.h"

namespace sightline {
namespace {

constexpr std::size_t kVectors = kPanel / kLanes;
/// Rows of a cache may lie far apart, where the processor does not foresee the next one.
constexpr std::size_t kRowsAhead = 8;

/// Asks for cache lines of consecutive rows, one row after the other.
template <typename T>
class RowPrefetcher {
 public:
  static constexpr std::size_t kLine = 64 / sizeof(T);  ///< numbers

  SIGHTLINE_TARGET_INLINE RowPrefetcher(const T* row, std::size_t stride, std::size_t columns)
      : row_(row), stride_(stride), columns_(columns) {}
  SIGHTLINE_TARGET_INLINE void step() {
    __builtin_prefetch(row_ + column_);
    column_ += kLine;
    if (column_ < columns_) return;
    column_ = 0;
    row_ += stride_;
  }

 private:
  const T* row_;
  std::size_t stride_, columns_, column_ = 0;
};

template <typename T>
SIGHTLINE_TARGET void transpose_rows(const T* from, std::size_t from_stride, const RowBlock& block,
                                     float* to, std::size_t to_stride) {
  RowPrefetcher<T> prefetcher(from + block.next * from_stride, from_stride, block.columns);
  for (std::size_t c = 0; c < block.columns; c += kLanes, to += kLanes * to_stride) {
    const std::size_t columns = std::min(kLanes, block.columns - c);
    Floats rows[kLanes];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kLanes; ++r) {
      const bool there = r >= block.first && r < block.last;
      if (r % (RowPrefetcher<T>::kLine / kLanes) == 0) prefetcher.step();
      rows[r] = there ? load_some(from + r * from_stride + c, columns) : Floats::of(0);
    }
    Floats::transpose(rows);
    if (columns == kLanes) {
#pragma GCC unroll 16
      for (std::size_t k = 0; k < kLanes; ++k) rows[k].store(to + k * to_stride);
    } else {
      float stored[kLanes][kLanes];
      for (std::size_t k = 0; k < kLanes; ++k) rows[k].store(stored[k]);
      for (std::size_t k = 0; k < columns; ++k) Floats::load(stored[k]).store(to + k * to_stride);
    }
  }
}

template <typename T>
SIGHTLINE_TARGET void copy_to_panels(const T* from, std::size_t from_stride, std::size_t rows,
                                     std::size_t columns, float* to, std::size_t panel_floats) {
  for (std::size_t row = 0; row < rows; ++row, from += from_stride, to += kPanel) {
    float* panel = to;
    std::size_t c = 0;
    for (; c + kPanel <= columns; c += kPanel, panel += panel_floats) {
      __builtin_prefetch(from + kRowsAhead * from_stride + c);
      __builtin_prefetch(from + kRowsAhead * from_stride + c + kLanes);
      Floats::load(from + c).store(panel);
      Floats::load(from + c + kLanes).store(panel + kLanes);
    }
    if (c == columns) continue;
    load_some(from + c, columns - c).store(panel);
    const bool more = c + kLanes < columns;
    const Floats end = more ? load_some(from + c + kLanes, columns - c - kLanes) : Floats::of(0);
    end.store(panel + kLanes);
  }
}

/// The lanes of a range of keys in one vector of sixteen.
struct LaneRange {
  std::size_t begin, end;
  SIGHTLINE_TARGET_INLINE LaneRange(const KeyRange& range, std::size_t first)
      : begin(range.begin > first ? std::min(kLanes, range.begin - first) : 0),
        end(range.end > first ? std::min(kLanes, range.end - first) : 0) {}
  SIGHTLINE_TARGET_INLINE bool all() const { return begin == 0 && end == kLanes; }
};

/// Rounded as a tensor of T is, behind each operation that is one in PyTorch.
template <typename T, bool kCapped>
SIGHTLINE_TARGET_INLINE Floats score_of(Floats product, Floats scale, Floats cap) {
  const Floats score = rounded<T>(rounded<T>(product) * scale);
  if constexpr (!kCapped) return score;
  return rounded<T>(rounded<T>(tanh(rounded<T>(score / cap))) * cap);
}

/// Products become scores, or -infinity outside the range; returns the largest.
template <typename T, bool kCapped>
SIGHTLINE_TARGET float make_scores(const ScoreRow& row, const KeyRange& range, float scale,
                                   float softcap) {
  const float lowest = -std::numeric_limits<float>::infinity();
  Floats largest = Floats::of(lowest);
  for (std::size_t p = range.begin / kPanel; p * kPanel < range.end; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      float* at = row.scores + p * row.stride + v * kLanes;
      const LaneRange lanes(range, p * kPanel + v * kLanes);
      Floats score = score_of<T, kCapped>(Floats::load(at), Floats::of(scale), Floats::of(softcap));
      if (!lanes.all()) score = Floats::only(score, lanes.begin, lanes.end, Floats::of(lowest));
      score.store(at);
      largest = Floats::max(largest, score);
    }
  }
  return largest.largest();
}

/// Scores become e^(score - largest); returns their sum. Its order depends on the keys' numbers
/// alone, not on where the range begins: outside, zeros are added.
SIGHTLINE_TARGET float exponentiate(const ScoreRow& row, const KeyRange& range, float largest) {
  Floats sums[kVectors];
  for (Floats& sum : sums) sum = Floats::of(0);
  for (std::size_t p = range.begin / kPanel; p * kPanel < range.end; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      float* at = row.scores + p * row.stride + v * kLanes;
      const Floats weight = exp(Floats::load(at) - Floats::of(largest));
      weight.store(at);
      sums[v] = sums[v] + weight;
    }
  }
  static_assert(kVectors == 2);
  return (sums[0] + sums[1]).sum();
}

template <typename T>
SIGHTLINE_TARGET float softmax_row(const ScoreRow& row, const KeyRange& range, float scale,
                                   float softcap) {
  const float largest = softcap == 0 ? make_scores<T, false>(row, range, scale, softcap)
                                     : make_scores<T, true>(row, range, scale, softcap);
  const float total = exponentiate(row, range, largest);
  if constexpr (sizeof(T) == sizeof(float)) return total;
  for (std::size_t p = range.begin / kPanel; p * kPanel < range.end; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      float* at = row.scores + p * row.stride + v * kLanes;
      rounded<T>(Floats::load(at) / Floats::of(total)).store(at);
    }
  }
  return 1;
}

template <typename T>
SIGHTLINE_TARGET void divide_row(const float* from, std::size_t panel_floats, std::size_t columns,
                                 float divisor, T* to) {
  for (std::size_t c = 0; c < columns; c += kLanes) {
    const float* at = from + c / kPanel * panel_floats + c % kPanel;
    store_some(Floats::load(at) / Floats::of(divisor), to + c, columns - c);
  }
}

template <typename T>
AttentionKernelsOf<T> attention_kernels_of() {
  return {.transpose = transpose_rows<T>,
          .copy_panels = copy_to_panels<T>,
          .softmax = softmax_row<T>,
          .divide = divide_row<T>};
}

}  // namespace
}  // namespace sightline
