#include "harness/media/resize_passes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/base/vectorise.h"

namespace sightline {
namespace {

// Two pixels of three components, and two lanes that are not used.
using Lanes = std::int32_t __attribute__((vector_size(32)));
// The same, anywhere in an array of samples.
using LooseLanes = std::int32_t __attribute__((vector_size(32), aligned(4), may_alias));
constexpr std::size_t kLanes = 8;
constexpr std::size_t kPairStep = 6;  // samples of two pixels

constexpr std::size_t kRows = 4;  // rows of the horizontal pass that share the loads of weights
constexpr std::size_t kTaps = 4;  // weighted rows that the vertical pass adds at a time

SIGHTLINE_VECTORISED void widen_row(const std::uint8_t* from, std::size_t count, std::int32_t* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
}

SIGHTLINE_VECTORISED void round_row(const std::int32_t* sums, std::size_t count, int bits,
                                    std::uint8_t* to) {
  const std::int32_t half = (1 << bits) / 2;
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<std::uint8_t>(std::clamp((sums[i] + half) >> bits, 0, 255));
  }
}

// For each result pairs of source pixels with their weights, [size][pairs][8]: the first weight
// three times, the second three times, two zeros.
struct PairedWeights {
  const AxisWeights& axis;
  std::size_t pairs;
  std::vector<std::int32_t> weights;

  explicit PairedWeights(const AxisWeights& from)
      : axis(from), pairs((static_cast<std::size_t>(from.taps) + 1) / 2) {
    weights.resize(static_cast<std::size_t>(axis.size()) * pairs * kLanes);
    for (int i = 0; i < axis.size(); ++i) {
      std::int32_t* out = weights.data() + static_cast<std::size_t>(i) * pairs * kLanes;
      const auto count = static_cast<std::size_t>(axis.count[static_cast<std::size_t>(i)]);
      for (std::size_t j = 0; j < count; ++j) {
        std::fill_n(out + kLanes * (j / 2) + 3 * (j % 2), 3, axis.row(i)[j]);
      }
    }
  }
};

inline const LooseLanes& lanes_at(const std::int32_t* samples) {
  return *reinterpret_cast<const LooseLanes*>(samples);
}

// Adds the second pixel's lanes to the first's and stores all eight; the next result's store
// overwrites all but three.
inline void store_sums(const Lanes& sum, std::int32_t* to) {
  *reinterpret_cast<LooseLanes*>(to) =
      sum + __builtin_shufflevector(sum, sum, 3, 4, 5, 0, 0, 0, 0, 0);
}

// A row of `wide` is a source row as 32-bit samples, a row of `sums` the weighted sums; both are
// `stride` apart.
SIGHTLINE_VECTORISED void sum_rows(const PairedWeights& plan, const std::int32_t* wide,
                                   std::size_t wide_stride, std::int32_t* sums,
                                   std::size_t sums_stride) {
  const std::size_t size = plan.axis.start.size();
  for (std::size_t i = 0; i < size; ++i, sums += 3) {
    const std::int32_t* weights = plan.weights.data() + i * plan.pairs * kLanes;
    const std::int32_t* from = wide + 3 * static_cast<std::size_t>(plan.axis.start[i]);
    const std::size_t pairs = (static_cast<std::size_t>(plan.axis.count[i]) + 1) / 2;
    Lanes sum0{}, sum1{}, sum2{}, sum3{};
    for (std::size_t j = 0; j < pairs; ++j, weights += kLanes, from += kPairStep) {
      const Lanes weight = lanes_at(weights);
      sum0 += weight * lanes_at(from);
      sum1 += weight * lanes_at(from + wide_stride);
      sum2 += weight * lanes_at(from + 2 * wide_stride);
      sum3 += weight * lanes_at(from + 3 * wide_stride);
    }
    store_sums(sum0, sums);
    store_sums(sum1, sums + sums_stride);
    store_sums(sum2, sums + 2 * sums_stride);
    store_sums(sum3, sums + 3 * sums_stride);
  }
}

// Adds `kTaps` rows, `stride` apart, each times its weight.
SIGHTLINE_VECTORISED void add_rows(const std::int32_t* weights, const std::uint8_t* from,
                                   std::size_t stride, std::size_t count, std::int32_t* sums) {
  const std::uint8_t *row0 = from, *row1 = from + stride, *row2 = row1 + stride,
                     *row3 = row2 + stride;
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] +=
        weights[0] * row0[i] + weights[1] * row1[i] + weights[2] * row2[i] + weights[3] * row3[i];
  }
}

SIGHTLINE_VECTORISED void add_row(std::int32_t weight, const std::uint8_t* from, std::size_t count,
                                  std::int32_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * from[i];
}

}  // namespace

Image horizontal_pass(const Image& image, const AxisWeights& axis, int bits, int first_row,
                      int rows) {
  const PairedWeights plan(axis);
  Image result = black_image(axis.size(), rows);
  const std::size_t wide_stride = image.row_bytes() + kLanes;
  const std::size_t sums_stride = result.row_bytes() + kLanes;
  std::vector<std::int32_t> wide(kRows * wide_stride);
  std::vector<std::int32_t> sums(kRows * sums_stride);
  for (int y = 0; y < rows; y += static_cast<int>(kRows)) {
    const std::size_t count = std::min(kRows, static_cast<std::size_t>(rows - y));
    for (std::size_t k = 0; k < count; ++k) {
      widen_row(image.row(first_row + y + static_cast<int>(k)), image.row_bytes(),
                wide.data() + k * wide_stride);
    }
    sum_rows(plan, wide.data(), wide_stride, sums.data(), sums_stride);
    for (std::size_t k = 0; k < count; ++k) {
      round_row(sums.data() + k * sums_stride, result.row_bytes(), bits,
                result.row(y + static_cast<int>(k)));
    }
  }
  return result;
}

Image vertical_pass(const Image& image, const AxisWeights& axis, int bits, int first_row) {
  Image result = black_image(image.width, axis.size());
  std::vector<std::int32_t> sums(image.row_bytes());
  for (int y = 0; y < axis.size(); ++y) {
    const auto taps = static_cast<std::size_t>(axis.count[static_cast<std::size_t>(y)]);
    const std::uint8_t* from = image.row(axis.start[static_cast<std::size_t>(y)] - first_row);
    const std::int32_t* weights = axis.row(y);
    std::fill(sums.begin(), sums.end(), 0);
    std::size_t j = 0;
    for (; j + kTaps <= taps; j += kTaps) {
      add_rows(weights + j, from + j * image.row_bytes(), image.row_bytes(), sums.size(),
               sums.data());
    }
    for (; j < taps; ++j) {
      add_row(weights[j], from + j * image.row_bytes(), sums.size(), sums.data());
    }
    round_row(sums.data(), sums.size(), bits, result.row(y));
  }
  return result;
}

Image horizontal_then_vertical(const Image& image, const AxisWeights& x, const AxisWeights& y,
                               int x_bits, int y_bits) {
  const int first = y.first();
  return vertical_pass(horizontal_pass(image, x, x_bits, first, y.end() - first), y, y_bits, first);
}

}  // namespace sightline
