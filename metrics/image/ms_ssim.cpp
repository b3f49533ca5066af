#include "metrics/image/ms_ssim.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "metrics/image/ssim_window.h"

namespace sightline {
namespace {

constexpr int kWindow = 11;
constexpr std::size_t kChannels = 3;
constexpr std::array<double, 5> kWeights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr int kLongestRefused = (kWindow - 1) * (1 << (kWeights.size() - 1));  // pixels of a side

struct Plane {
  int width = 0, height = 0;
  std::vector<double> samples;  ///< height * width * kChannels

  std::size_t row_size() const { return static_cast<std::size_t>(width) * kChannels; }
  const double* row(int y) const {
    return samples.data() + static_cast<std::size_t>(y) * row_size();
  }
};

Plane plane_of(const Image& image) {
  return {image.width, image.height, {image.pixels.begin(), image.pixels.end()}};
}

// Each step is rounded to float32 as the reference does it: that moves SSIM by 5e-6.
std::vector<double> float32_gaussian() {
  constexpr float kDivisor = 2 * 1.5F * 1.5F;
  std::array<double, kWindow / 2 + 1> weights{};
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const float exponent = -static_cast<float>(k * k) / kDivisor;
    weights[k] = static_cast<double>(static_cast<float>(std::exp(static_cast<double>(exponent))));
  }
  const double sum = 2 * std::accumulate(weights.begin() + 1, weights.end(), 0.0) + weights[0];
  std::vector<double> kernel;
  for (const double weight : weights) {
    kernel.push_back(static_cast<double>(static_cast<float>(weight) / static_cast<float>(sum)));
  }
  return kernel;
}

// The mean of 2 x 2 samples. Of a side of odd length the first mean has one row of zeros in it.
Plane halve(const Plane& plane) {
  Plane half{(plane.width + 1) / 2, (plane.height + 1) / 2, {}};
  half.samples.resize(static_cast<std::size_t>(half.height) * half.row_size());
  const auto shift = static_cast<std::size_t>(plane.width % 2);
  double* to = half.samples.data();
  for (int y = 0; y < half.height; ++y, to += half.row_size()) {
    const int first = 2 * y - plane.height % 2;
    for (int source = std::max(first, 0); source <= first + 1; ++source) {
      const double* from = plane.row(source);
      for (std::size_t i = 0; i < plane.row_size(); ++i) {
        const std::size_t pixel = i / kChannels;
        to[(pixel + shift) / 2 * kChannels + i % kChannels] += from[i] / 4;
      }
    }
  }
  return half;
}

std::vector<ChannelSimilarity> similarity(const Plane& a, const Plane& b, const WindowRule& rule) {
  return window_similarity(a.width, a.height, kChannels, rule,
                           [&](int y, double* row_a, double* row_b) {
                             std::copy_n(a.row(y), a.row_size(), row_a);
                             std::copy_n(b.row(y), b.row_size(), row_b);
                           });
}

}  // namespace

double ms_ssim(const Image& reconstruction, const Image& original) {
  require_window(reconstruction, original, 1);
  require(std::min(original.width, original.height) > kLongestRefused,
          "MS-SSIM needs images with sides of more than {} pixels, for its five scales; these have "
          "{} x {}",
          kLongestRefused, original.width, original.height);
  const WindowRule rule{.kernel = float32_gaussian()};
  Plane a = plane_of(reconstruction), b = plane_of(original);
  std::array<double, kChannels> products;
  products.fill(1);
  for (std::size_t scale = 0; scale < kWeights.size(); ++scale) {
    if (scale > 0) {
      a = halve(a);
      b = halve(b);
    }
    const std::vector<ChannelSimilarity> channels = similarity(a, b, rule);
    const bool last = scale + 1 == kWeights.size();
    for (std::size_t c = 0; c < kChannels; ++c) {
      const double mean = last ? channels[c].ssim : channels[c].contrast;
      products[c] *= std::pow(std::max(mean, 0.0), kWeights[scale]);
    }
  }
  return std::accumulate(products.begin(), products.end(), 0.0) / kChannels;
}

}  // namespace sightline
