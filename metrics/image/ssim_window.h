#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/media/image.h"

namespace sightline {

inline constexpr double kSsimK1 = 0.01, kSsimK2 = 0.03;
inline constexpr std::size_t kSumLanes = 24;  ///< a multiple of 3 channels and of 8 doubles

/// Throws `Error` unless the images have one size and every side at least `window` pixels.
void require_window(const Image& reconstruction, const Image& original, int window);

/// Sums of interleaved rows, a channel each: lane by lane in an order that does not depend on the
/// processor. A row starts with the first channel.
class ChannelSums {
 public:
  void add(std::span<const double> row);
  /// Sum of channel `c` of `channels`, 1 or 3.
  double sum(std::size_t c, std::size_t channels) const;

 private:
  std::array<double, kSumLanes> lanes_{};
};

/// How windows are weighted and covariances estimated, in double precision.
struct WindowRule {
  std::vector<double> kernel;  ///< weight at distance 0, 1, ... from the middle, on each axis
  double covariance_norm = 1;  ///< n / (n - 1) for sample covariance
  double range = 255;

  std::size_t radius() const { return kernel.size() - 1; }
};

/// Fills row `y` of both images, width * channels samples.
using FillRows = std::function<void(int y, double* reconstruction, double* original)>;

/// SSIM of images given row by row, a mean over all channels.
double window_ssim(int width, int height, std::size_t channels, const WindowRule& rule,
                   const FillRows& fill);

/// Means over the windows of one channel.
struct ChannelSimilarity {
  double ssim = 0;
  double contrast = 0;  ///< SSIM without its factor of luminance
};

/// The similarity of each channel of images given row by row.
std::vector<ChannelSimilarity> window_similarity(int width, int height, std::size_t channels,
                                                 const WindowRule& rule, const FillRows& fill);

}  // namespace sightline
