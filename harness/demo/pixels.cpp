#include "harness/demo/pixels.h"

namespace sightline::demo {

Colour to_colour(Rgb colour) {
  const auto channel = [](double value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
  };
  return {channel(colour.r), channel(colour.g), channel(colour.b)};
}

double Noise::cell(std::int64_t x, std::int64_t y) const {
  const std::uint64_t bits = mix_bits(seed_ ^ (static_cast<std::uint64_t>(x) * 0x9E3779B97F4A7C15) ^
                                      (static_cast<std::uint64_t>(y) * 0xC2B2AE3D27D4EB4F));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

double Noise::at(double x, double y) const {
  const double left = std::floor(x), top = std::floor(y);
  const auto column = static_cast<std::int64_t>(left), row = static_cast<std::int64_t>(top);
  const double u = smooth_step(0, 1, x - left), v = smooth_step(0, 1, y - top);
  const double above = cell(column, row) * (1 - u) + cell(column + 1, row) * u;
  const double below = cell(column, row + 1) * (1 - u) + cell(column + 1, row + 1) * u;
  return 2 * (above * (1 - v) + below * v) - 1;
}

double Noise::fractal(double x, double y, int octaves) const {
  double sum = 0, weight = 1, total = 0;
  for (int octave = 0; octave < octaves; ++octave) {
    // The shift keeps the lattices of the octaves from lying on each other.
    sum += weight * at(x + 17.3 * octave, y - 9.7 * octave);
    total += weight;
    weight /= 2;
    x *= 2;
    y *= 2;
  }
  return sum / total;
}

void add_vignette(Image& image, double strength) {
  const double half_width = image.width / 2.0, half_height = image.height / 2.0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double dx = (x + 0.5) / half_width - 1, dy = (y + 0.5) / half_height - 1;
      const double light = 1 - strength * smooth_step(0.5, 1.5, std::sqrt(dx * dx + dy * dy));
      set_pixel(image, x, y, get_pixel(image, x, y) * light);
    }
  }
}

}  // namespace sightline::demo
