#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "harness/base/rng.h"
#include "harness/media/image.h"
#include "harness/media/painter.h"

namespace sightline::demo {

/// A colour to compute with: R, G, B in [0, 255], not limited to it.
struct Rgb {
  double r = 0, g = 0, b = 0;

  friend constexpr Rgb operator+(Rgb a, Rgb c) { return {a.r + c.r, a.g + c.g, a.b + c.b}; }
  friend constexpr Rgb operator*(Rgb a, double k) { return {a.r * k, a.g * k, a.b * k}; }
};

inline constexpr Rgb kBlack = {0, 0, 0};
inline constexpr Rgb kWhite = {255, 255, 255};

/// From `a` (t = 0) to `b` (t = 1).
constexpr Rgb mix(Rgb a, Rgb b, double t) {
  return a * (1 - t) + b * t;
}

/// 0 below `low`, 1 above `high`, smooth between.
inline double smooth_step(double low, double high, double x) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

Colour to_colour(Rgb colour);
constexpr Rgb to_rgb(const Colour& c) {
  return {static_cast<double>(c[0]), static_cast<double>(c[1]), static_cast<double>(c[2])};
}

/// Smooth random functions of the plane, given by a seed.
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : seed_(seed) {}

  /// Value noise in [-1, 1] that changes over a distance of 1.
  double at(double x, double y) const;

  /// Sum of `octaves` of `at`, each twice as fine and half as high; in [-1, 1].
  double fractal(double x, double y, int octaves) const;

  /// A number in [0, 1) for a cell of the grid, unrelated to its neighbours'.
  double cell(std::int64_t x, std::int64_t y) const;

 private:
  std::uint64_t seed_;
};

/// Sets a pixel. A fraction is rounded up or down by position, which hides bands in gradients.
inline void set_pixel(Image& image, int x, int y, Rgb colour) {
  // Interleaved gradient noise (Jimenez, SIGGRAPH 2014).
  const double fraction = 0.06711056 * x + 0.00583715 * y;
  const double inner = 52.9829189 * (fraction - std::floor(fraction));
  const double threshold = inner - std::floor(inner);
  std::uint8_t* pixel = image.row(y) + std::ptrdiff_t{3} * x;
  const auto store = [&](double value) {
    return static_cast<std::uint8_t>(std::clamp(std::floor(value + threshold), 0.0, 255.0));
  };
  pixel[0] = store(colour.r);
  pixel[1] = store(colour.g);
  pixel[2] = store(colour.b);
}

inline Rgb get_pixel(const Image& image, int x, int y) {
  const std::uint8_t* pixel = image.row(y) + std::ptrdiff_t{3} * x;
  return to_rgb({pixel[0], pixel[1], pixel[2]});
}

/// An image whose pixel (x, y) is `colour_at(x, y)`.
template <typename ColourAt>
Image shade(int width, int height, const ColourAt& colour_at) {
  Image image = black_image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) set_pixel(image, x, y, colour_at(x, y));
  }
  return image;
}

/// Lays `colour_at(x, y)` over `image`, as far as `mask` (its red channel, 255 hides all) says.
/// The mask's top left pixel is at (`left`, `top`); x and y are the image's own.
template <typename ColourAt>
void lay_over(Image& image, const Image& mask, int left, int top, double opacity,
              const ColourAt& colour_at) {
  for (int y = std::max(0, top); y < std::min(image.height, top + mask.height); ++y) {
    for (int x = std::max(0, left); x < std::min(image.width, left + mask.width); ++x) {
      const double alpha = mask.row(y - top)[3 * (x - left)] * opacity / 255;
      if (alpha > 0) set_pixel(image, x, y, mix(get_pixel(image, x, y), colour_at(x, y), alpha));
    }
  }
}

/// Darkens the corners a little, as a lens does.
void add_vignette(Image& image, double strength);

}  // namespace sightline::demo
