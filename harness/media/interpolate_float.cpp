#include "harness/media/interpolate_float.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "harness/base/error.h"

namespace sightline {
namespace {

// The source samples of one result and their weights; bilinear uses the first two.
struct Taps {
  std::array<std::size_t, 4> index{};
  std::array<float, 4> weight{};
};

float position(std::size_t i, float scale) {
  return scale * (static_cast<float>(i) + 0.5F) - 0.5F;
}

Taps bilinear_taps(std::size_t i, std::size_t length, float scale) {
  const float at = std::max(position(i, scale), 0.0F);
  const std::size_t low = std::min(static_cast<std::size_t>(at), length - 1);
  const float beyond = std::clamp(at - static_cast<float>(low), 0.0F, 1.0F);
  return {{low, std::min(low + 1, length - 1)}, {1 - beyond, beyond}};
}

// The cubic convolution kernel within one sample of its centre, and between one and two.
constexpr float kA = -0.75F;
float inner(float x) {
  return ((kA + 2) * x - (kA + 3)) * x * x + 1;
}
float outer(float x) {
  return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA;
}

Taps bicubic_taps(std::size_t i, std::size_t length, float scale) {
  const float at = position(i, scale);
  const float low = std::floor(at);
  const float beyond = at - low;
  Taps taps;
  for (int j = 0; j < 4; ++j) {
    const auto sample = static_cast<std::int64_t>(low) - 1 + j;
    taps.index[static_cast<std::size_t>(j)] = static_cast<std::size_t>(
        std::clamp<std::int64_t>(sample, 0, static_cast<std::int64_t>(length) - 1));
  }
  taps.weight = {outer(beyond + 1), inner(beyond), inner(1 - beyond), outer(2 - beyond)};
  return taps;
}

std::vector<Taps> axis_taps(std::size_t length, std::size_t size, Interpolation interpolation) {
  const float scale = static_cast<float>(length) / static_cast<float>(size);
  std::vector<Taps> taps(size);
  for (std::size_t i = 0; i < size; ++i) {
    taps[i] = interpolation == Interpolation::kBicubic ? bicubic_taps(i, length, scale)
                                                       : bilinear_taps(i, length, scale);
  }
  return taps;
}

template <std::size_t kCount>
float weighted(const Taps& taps, const float* row) {
  float sum = 0;
  for (std::size_t j = 0; j < kCount; ++j) sum += taps.weight[j] * row[taps.index[j]];
  return sum;
}

// One plane: every source row along x, then columns along y.
template <std::size_t kCount>
void fill_plane(const float* plane, std::size_t width, const std::vector<Taps>& x,
                const std::vector<Taps>& y, std::vector<float>& rows, float* out) {
  for (std::size_t row = 0; row * x.size() < rows.size(); ++row) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      rows[row * x.size() + i] = weighted<kCount>(x[i], plane + row * width);
    }
  }
  for (const Taps& taps : y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      float sum = 0;
      for (std::size_t j = 0; j < kCount; ++j) {
        sum += taps.weight[j] * rows[taps.index[j] * x.size() + i];
      }
      *out++ = sum;
    }
  }
}

}  // namespace

std::vector<float> interpolate_planes(std::span<const float> values, const PlaneShape& shape,
                                      std::size_t height, std::size_t width,
                                      Interpolation interpolation) {
  require(shape.count() > 0 && height > 0 && width > 0,
          "cannot interpolate {} planes of {} x {} (height, width) to {} x {}: no size may be 0",
          shape.planes, shape.height, shape.width, height, width);
  require(values.size() == shape.count(), "{} values for {} planes of {} x {}", values.size(),
          shape.planes, shape.height, shape.width);
  const std::vector<Taps> x = axis_taps(shape.width, width, interpolation);
  const std::vector<Taps> y = axis_taps(shape.height, height, interpolation);
  std::vector<float> rows(shape.height * width);
  std::vector<float> result(shape.planes * height * width);
  for (std::size_t plane = 0; plane < shape.planes; ++plane) {
    const float* from = values.data() + plane * shape.height * shape.width;
    float* to = result.data() + plane * height * width;
    if (interpolation == Interpolation::kBicubic) {
      fill_plane<4>(from, shape.width, x, y, rows, to);
    } else {
      fill_plane<2>(from, shape.width, x, y, rows, to);
    }
  }
  return result;
}

}  // namespace sightline
