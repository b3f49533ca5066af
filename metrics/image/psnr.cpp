#include "metrics/image/psnr.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"

namespace sightline {
namespace {

constexpr std::size_t kChunk = 1 << 14;  // so many squares of 255 fit into 32 bits

SIGHTLINE_VECTORISED std::uint32_t squared_differences(const std::uint8_t* a, const std::uint8_t* b,
                                                       std::size_t count) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int difference = a[i] - b[i];
    sum += static_cast<std::uint32_t>(difference * difference);
  }
  return sum;
}

// Luma in thousandths, so that sums are exact integers.
SIGHTLINE_VECTORISED std::int64_t squared_luma_differences(const std::uint8_t* a,
                                                           const std::uint8_t* b,
                                                           std::size_t pixels) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < pixels; ++i, a += 3, b += 3) {
    const std::int64_t difference = 299 * (a[0] - b[0]) + 587 * (a[1] - b[1]) + 114 * (a[2] - b[2]);
    sum += difference * difference;
  }
  return sum;
}

constexpr std::size_t kLanes = 8;  // sums side by side, in an order that the source fixes

SIGHTLINE_VECTORISED void add_float32_squares(const std::uint8_t* a, const std::uint8_t* b,
                                              std::size_t blocks, double* sums) {
  for (std::size_t block = 0; block < blocks; ++block, a += kLanes, b += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float difference =
          static_cast<float>(a[i]) / 255.0F - static_cast<float>(b[i]) / 255.0F;
      sums[i] += static_cast<double>(difference * difference);
    }
  }
}

}  // namespace

void require_same_size(const Image& reconstruction, const Image& original) {
  require(reconstruction.width == original.width && reconstruction.height == original.height,
          "the images differ in size: {} x {} and {} x {} (reconstruction and original)",
          reconstruction.width, reconstruction.height, original.width, original.height);
  require(!original.pixels.empty(), "the images have no pixels: {} x {}", original.width,
          original.height);
}

double psnr_of_error(double mean_squared_error, double range) {
  if (mean_squared_error == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(range * range / mean_squared_error);
}

double mean_squared_error(const Image& reconstruction, const Image& original) {
  require_same_size(reconstruction, original);
  const std::size_t count = original.pixels.size();
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < count; at += kChunk) {
    sum += squared_differences(reconstruction.pixels.data() + at, original.pixels.data() + at,
                               std::min(kChunk, count - at));
  }
  return static_cast<double>(sum) / static_cast<double>(count);
}

double psnr(const Image& reconstruction, const Image& original) {
  return psnr_of_error(mean_squared_error(reconstruction, original), 255);
}

double psnr_luma(const Image& reconstruction, const Image& original) {
  require_same_size(reconstruction, original);
  const std::size_t pixels = original.pixels.size() / 3;
  const std::int64_t sum =
      squared_luma_differences(reconstruction.pixels.data(), original.pixels.data(), pixels);
  return psnr_of_error(static_cast<double>(sum) / 1e6 / static_cast<double>(pixels), 255);
}

double squared_error_float32(const Image& reconstruction, const Image& original) {
  require_same_size(reconstruction, original);
  const std::uint8_t* a = reconstruction.pixels.data();
  const std::uint8_t* b = original.pixels.data();
  const std::size_t count = original.pixels.size();
  double sums[kLanes] = {};
  const std::size_t at = count / kLanes * kLanes;
  add_float32_squares(a, b, count / kLanes, sums);
  std::uint8_t last_a[kLanes] = {}, last_b[kLanes] = {};
  std::copy(a + at, a + count, last_a);
  std::copy(b + at, b + count, last_b);
  add_float32_squares(last_a, last_b, 1, sums);
  return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

}  // namespace sightline
