#include "harness/media/resize.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"
#include "harness/media/resize_weights.h"

namespace sightline {
namespace {

// Two pixels of three components, and two lanes that are not used.
using Lanes = std::int32_t __attribute__((vector_size(32)));
// The same, anywhere in an array of samples.
using LooseLanes = std::int32_t __attribute__((vector_size(32), aligned(4), may_alias));
constexpr std::size_t kLanes = 8;
constexpr std::size_t kPairStep = 6;  // samples of two pixels

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);
constexpr std::size_t kRows = 4;  // rows of the horizontal pass that share the loads of weights
constexpr std::size_t kTaps = 4;  // weighted rows that the vertical pass adds at a time

SIGHTLINE_VECTORISED void widen_row(const std::uint8_t* from, std::size_t count, std::int32_t* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
}

SIGHTLINE_VECTORISED void round_row(const std::int32_t* sums, std::size_t count, std::uint8_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<std::uint8_t>(std::clamp((sums[i] + kHalf) >> kWeightBits, 0, 255));
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

// Rows [first_row, first_row + rows) of `image`, each scaled along x.
Image horizontal_pass(const Image& image, const AxisWeights& axis, int first_row, int rows) {
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
      round_row(sums.data() + k * sums_stride, result.row_bytes(),
                result.row(y + static_cast<int>(k)));
    }
  }
  return result;
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

// `first_row` is the source row that row 0 of `image` holds.
Image vertical_pass(const Image& image, const AxisWeights& axis, int first_row) {
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
    round_row(sums.data(), sums.size(), result.row(y));
  }
  return result;
}

// The source position of each result, summed up step by step as Pillow does.
std::vector<std::size_t> nearest_positions(double low, double high, int size) {
  const double step = (high - low) / size;
  std::vector<std::size_t> positions(static_cast<std::size_t>(size));
  double at = low + step * 0.5;
  for (std::size_t& position : positions) {
    position = static_cast<std::size_t>(at);
    at += step;
  }
  return positions;
}

Image resize_nearest(const Image& image, int width, int height, const ResizeBox& box) {
  const std::vector<std::size_t> columns = nearest_positions(box.left, box.right, width);
  const std::vector<std::size_t> rows = nearest_positions(box.top, box.bottom, height);
  Image result = black_image(width, height);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* from = image.row(static_cast<int>(rows[static_cast<std::size_t>(y)]));
    std::uint8_t* out = result.row(y);
    for (const std::size_t column : columns) {
      std::memcpy(out, from + 3 * column, 3);
      out += 3;
    }
  }
  return result;
}

bool vertical_first(const Image& image, int width, int height, PassOrder order) {
  if (height >= image.height) return false;
  if (order == PassOrder::kPillow12) return image.height > std::int64_t{100} * image.width;
  return image.height - height > std::int64_t{2} * (image.width - width);
}

void require_request(const Image& image, int width, int height, const ResizeBox& box) {
  require(image.width > 0 && image.height > 0, "cannot resize an image of {} x {} pixels",
          image.width, image.height);
  require(width > 0 && height > 0, "cannot resize to {} x {} pixels: both sides must be positive",
          width, height);
  require(box.left >= 0 && box.top >= 0 && box.right <= image.width && box.bottom <= image.height &&
              box.left < box.right && box.top < box.bottom,
          "cannot resize the box ({}, {}, {}, {}) of an image of {} x {} pixels: want left < "
          "right, top < bottom, all within the image",
          box.left, box.top, box.right, box.bottom, image.width, image.height);
}

Image both_passes(const Image& image, const AxisWeights& x, const AxisWeights& y, bool rows_first) {
  if (rows_first) return horizontal_pass(vertical_pass(image, y, 0), x, 0, y.size());
  const int first = y.first();
  return vertical_pass(horizontal_pass(image, x, first, y.end() - first), y, first);
}

}  // namespace

Image resize(const Image& image, int width, int height, ResizeFilter filter,
             const ResizeOptions& options) {
  const ResizeBox box = options.box.value_or(
      ResizeBox{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)});
  require_request(image, width, height, box);
  const bool same_width = width == image.width && box.left == 0 && box.right == width;
  const bool same_height = height == image.height && box.top == 0 && box.bottom == height;
  if (same_width && same_height) return image;
  if (filter == ResizeFilter::kNearest) return resize_nearest(image, width, height, box);
  if (same_height) {
    return horizontal_pass(image, axis_weights(image.width, box.left, box.right, width, filter), 0,
                           height);
  }
  const AxisWeights y = axis_weights(image.height, box.top, box.bottom, height, filter);
  if (same_width) return vertical_pass(image, y, 0);
  return both_passes(image, axis_weights(image.width, box.left, box.right, width, filter), y,
                     vertical_first(image, width, height, options.order));
}

Image resize(const Image& image, int width, int height, ResizeFilter filter, PassOrder order) {
  return resize(image, width, height, filter, ResizeOptions{.order = order});
}

}  // namespace sightline
