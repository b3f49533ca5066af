#include "harness/media/smart_resize.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

FrameSize smart_resize(int width, int height, int factor, long min_pixels, long max_pixels) {
  require(width > 0 && height > 0, "an image of {} x {} pixels cannot be resized", width, height);
  require(factor > 0 && min_pixels > 0 && max_pixels >= min_pixels,
          "smart_resize wants factor > 0 and 0 < min_pixels <= max_pixels, not {}, {}, {}", factor,
          min_pixels, max_pixels);
  const double w = width, h = height, f = factor;
  require(std::max(w, h) / std::min(w, h) <= 200,
          "an image of {} x {} is too long for Qwen's resize: the longer side may be at most 200 "
          "times the shorter",
          width, height);
  double new_w = std::nearbyint(w / f) * f, new_h = std::nearbyint(h / f) * f;
  const double area = h * w;
  if (new_w * new_h > static_cast<double>(max_pixels)) {
    const double beta = std::sqrt(area / static_cast<double>(max_pixels));
    new_h = std::max(f, std::floor(h / beta / f) * f);
    new_w = std::max(f, std::floor(w / beta / f) * f);
  } else if (new_w * new_h < static_cast<double>(min_pixels)) {
    const double beta = std::sqrt(static_cast<double>(min_pixels) / area);
    new_h = std::ceil(h * beta / f) * f;
    new_w = std::ceil(w * beta / f) * f;
  }
  return {static_cast<int>(new_w), static_cast<int>(new_h)};
}

}  // namespace sightline
