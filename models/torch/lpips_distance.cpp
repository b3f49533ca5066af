#include "models/torch/lpips_distance.h"

#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"

namespace sightline {
namespace {

constexpr std::size_t kLanes = 16;

// The sum in an order that does not depend on the width of registers.
float total(const std::array<float, kLanes>& lanes) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

SIGHTLINE_VECTORISED void add_squares(const float* __restrict features, std::size_t channels,
                                      float* __restrict lanes) {
  for (std::size_t c = 0; c < channels; c += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) lanes[i] += features[c + i] * features[c + i];
  }
}

float length(const float* features, std::size_t channels) {
  std::array<float, kLanes> lanes{};
  add_squares(features, channels, lanes.data());
  return std::sqrt(total(lanes)) + 1e-10F;
}

struct Scales {
  float a, b;
};

SIGHTLINE_VECTORISED void add_differences(const float* __restrict a, const float* __restrict b,
                                          const Scales& scales, std::span<const float> weights,
                                          float* __restrict lanes) {
  const float* __restrict weight = weights.data();
  const float scale_a = scales.a, scale_b = scales.b;
  for (std::size_t c = 0; c < weights.size(); c += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float difference = a[c + i] * scale_a - b[c + i] * scale_b;
      lanes[i] += weight[c + i] * (difference * difference);
    }
  }
}

double pixel_distance(const float* a, const float* b, std::span<const float> weights) {
  const Scales scales{1 / length(a, weights.size()), 1 / length(b, weights.size())};
  std::array<float, kLanes> lanes{};
  add_differences(a, b, scales, weights, lanes.data());
  return static_cast<double>(total(lanes));
}

}  // namespace

double lpips_layer_distance(std::span<const float> a, std::span<const float> b,
                            std::span<const float> weights) {
  const std::size_t channels = weights.size();
  require(channels > 0 && channels % kLanes == 0 && a.size() == b.size() &&
              a.size() % channels == 0 && !a.empty(),
          "features of {} and {} numbers do not fit {} channels", a.size(), b.size(), channels);
  const std::size_t pixels = a.size() / channels;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); i += channels) sum += pixel_distance(&a[i], &b[i], weights);
  return sum / static_cast<double>(pixels);
}

}  // namespace sightline
