#include "harness/demo/backdrop.h"

#include <array>
#include <cmath>
#include <vector>

#include "harness/demo/pixels.h"

namespace sightline::demo {
namespace {

/// Colour at `t` in [0, 1] of evenly spaced stops.
template <std::size_t N>
Rgb gradient(const std::array<Rgb, N>& stops, double t) {
  const double position = std::clamp(t, 0.0, 1.0) * (N - 1);
  const auto index = std::min(static_cast<std::size_t>(position), N - 2);
  return mix(stops[index], stops[index + 1], position - static_cast<double>(index));
}

/// One row of hills: everything below a wavy line.
struct Ridge {
  double level;      ///< of the line, as a share of the height
  double roughness;  ///< of the line, likewise
  double width;      ///< of a hill, as a share of the image's width
  int octaves;
  Rgb top, bottom;
};

/// Rows of hills, from the farthest to the nearest, in an image of a given size.
template <std::size_t N>
class Landscape {
 public:
  Landscape(const std::array<Ridge, N>& ridges, const Noise& noise, int width, int height)
      : ridges_(ridges), height_(height) {
    for (std::size_t i = 0; i < N; ++i) {
      const Ridge& ridge = ridges[i];
      for (int x = 0; x < width; ++x) {
        const double wave = noise.fractal(x / (ridge.width * width),
                                          10.5 * static_cast<double>(i + 1), ridge.octaves);
        lines_[i].push_back((ridge.level + ridge.roughness * wave) * height);
      }
    }
  }

  /// The colour at (x, y) where the hills stand before `sky`.
  Rgb before(Rgb sky, int x, int y) const {
    Rgb colour = sky;
    for (std::size_t i = 0; i < N; ++i) {
      const double depth = y - lines_[i][static_cast<std::size_t>(x)];
      const double share = smooth_step(-0.8, 0.8, depth);
      if (share == 0) continue;
      const Rgb hill = mix(ridges_[i].top, ridges_[i].bottom, depth / (0.35 * height_));
      colour = mix(colour, hill, share);
    }
    return colour;
  }

 private:
  std::array<Ridge, N> ridges_;
  int height_;
  std::array<std::vector<double>, N> lines_;  // y of each ridge at each x, in pixels
};

/// Soft light around a point, 1 in its middle.
double glow(double x, double y, double centre_x, double centre_y, double radius) {
  const double dx = (x - centre_x) / radius, dy = (y - centre_y) / radius;
  return std::exp(-(dx * dx + dy * dy));
}

Image paint_meadow(const Noise& noise, int width, int height) {
  const std::array<Rgb, 3> sky = {{{120, 184, 232}, {178, 216, 240}, {236, 244, 240}}};
  const std::array<Ridge, 4> lines = {{
      {0.52, 0.07, 0.40, 2, {158, 196, 150}, {140, 184, 132}},
      {0.62, 0.07, 0.36, 2, {134, 184, 108}, {112, 166, 92}},
      {0.74, 0.07, 0.42, 2, {106, 166, 80}, {82, 144, 66}},
      {0.88, 0.06, 0.50, 2, {78, 142, 60}, {56, 116, 48}},
  }};
  const Landscape hills(lines, noise, width, height);
  return shade(width, height, [&](int x, int y) {
    Rgb colour = gradient(sky, y / (0.55 * height));
    const double cloud = noise.fractal(x / (0.30 * width), 40 + y / (0.09 * height), 4);
    colour = mix(colour, kWhite,
                 0.75 * smooth_step(0.12, 0.55, cloud) *
                     smooth_step(0.5, 0.2, static_cast<double>(y) / height));
    return hills.before(colour, x, y);
  });
}

Image paint_sea(const Noise& noise, int width, int height) {
  const std::array<Rgb, 4> sky = {
      {{84, 70, 138}, {168, 96, 146}, {240, 148, 110}, {255, 208, 132}}};
  const std::array<Rgb, 3> water = {{{214, 138, 120}, {86, 86, 134}, {34, 48, 92}}};
  const double horizon = 0.52 * height, sun_x = (0.35 + 0.3 * noise.cell(1, 1)) * width;
  return shade(width, height, [&](int x, int y) {
    if (y < horizon) {
      const Rgb colour = gradient(sky, y / horizon);
      const double disc =
          smooth_step(1.0, -1.0, std::hypot(x - sun_x, y - horizon) - 0.085 * height);
      const double light = glow(x, y, sun_x, horizon, 0.30 * width);
      return mix(mix(colour, {255, 226, 160}, 0.55 * light), {255, 244, 208}, disc);
    }
    const double depth = (y - horizon) / (height - horizon);
    const double ripple = noise.fractal(x / (30 + 90 * depth), 90 * std::sqrt(depth), 3);
    const double path = std::exp(-std::pow((x - sun_x) / (0.06 * width + 0.10 * width * depth), 2));
    const Rgb colour = gradient(water, 0.08 + 0.92 * std::pow(depth, 0.7));
    return mix(colour * (1 + 0.10 * ripple), {255, 214, 150},
               0.75 * path * smooth_step(-0.15, 0.5, ripple) * (1 - 0.6 * depth));
  });
}

Image paint_dunes(const Noise& noise, int width, int height) {
  const std::array<Rgb, 3> sky = {{{110, 172, 208}, {176, 208, 216}, {244, 228, 200}}};
  const std::array<Ridge, 4> lines = {{
      {0.46, 0.06, 0.45, 1, {236, 204, 150}, {226, 186, 128}},
      {0.58, 0.09, 0.55, 1, {232, 190, 128}, {212, 160, 100}},
      {0.72, 0.09, 0.60, 1, {226, 176, 112}, {200, 142, 84}},
      {0.88, 0.08, 0.80, 1, {214, 160, 98}, {180, 122, 70}},
  }};
  const Landscape dunes(lines, noise, width, height);
  return shade(width, height, [&](int x, int y) {
    const Rgb colour = dunes.before(gradient(sky, y / (0.5 * height)), x, y);
    const double bend = noise.at(x / 120.0, y / 60.0);
    const double ripples = std::sin(0.55 * y + 0.06 * x + 5 * bend);
    return colour * (1 + 0.022 * ripples * smooth_step(0.55, 0.9, static_cast<double>(y) / height));
  });
}

Image paint_peaks(const Noise& noise, int width, int height) {
  const std::array<Rgb, 3> sky = {{{150, 190, 226}, {214, 226, 236}, {252, 232, 216}}};
  const std::array<Ridge, 5> lines = {{
      {0.40, 0.20, 0.30, 5, {176, 196, 220}, {206, 216, 230}},
      {0.52, 0.18, 0.28, 5, {138, 166, 200}, {184, 200, 220}},
      {0.65, 0.16, 0.26, 5, {100, 134, 176}, {152, 176, 204}},
      {0.79, 0.13, 0.24, 5, {66, 100, 144}, {112, 142, 178}},
      {0.94, 0.10, 0.22, 5, {38, 68, 108}, {62, 96, 138}},
  }};
  const Landscape ridges(lines, noise, width, height);
  return shade(width, height, [&](int x, int y) {
    const Rgb light = mix(gradient(sky, y / (0.5 * height)), {255, 236, 200},
                          0.6 * glow(x, y, 0.72 * width, 0.22 * height, 0.25 * width));
    return ridges.before(light, x, y);
  });
}

Image paint_night(const Noise& noise, int width, int height) {
  const std::array<Rgb, 3> sky = {{{12, 18, 48}, {24, 40, 84}, {58, 84, 120}}};
  const std::array<Ridge, 2> lines = {{
      {0.80, 0.10, 0.35, 4, {22, 36, 66}, {16, 28, 54}},
      {0.90, 0.08, 0.30, 4, {12, 20, 40}, {8, 14, 30}},
  }};
  const Landscape hills(lines, noise, width, height);
  return shade(width, height, [&](int x, int y) {
    const double high = static_cast<double>(y) / height;
    const double curtain = 0.30 + 0.12 * noise.fractal(x / (0.35 * width), 3.5, 2);
    const double band = std::exp(-std::pow((high - curtain) / (high < curtain ? 0.16 : 0.06), 2));
    const double rays = 0.65 + 0.35 * noise.fractal(x / 26.0, 0.6 * high, 2);
    const Rgb aurora =
        mix({70, 214, 160}, {110, 120, 200}, smooth_step(0.0, -0.25, high - curtain));
    const Rgb colour = mix(gradient(sky, high / 0.85), aurora, 0.55 * band * rays);
    return hills.before(colour, x, y);
  });
}

Image paint_table(const Noise& noise, int width, int height) {
  const double board = height / 4.0;
  return shade(width, height, [&](int x, int y) {
    const double index = std::floor(y / board);
    const double shift = 37 * index;
    const double wave = noise.fractal(x / 260.0 + shift, y / 46.0, 3);
    const double grain = std::sin(18 * wave + y * 0.09);
    const double fibre = noise.fractal(x / 70.0 + shift, y / 1.6, 2);
    const double tone =
        0.16 * noise.cell(static_cast<std::int64_t>(index), 5) + 0.10 * grain + 0.10 * fibre;
    const double edge = std::abs(y - board * std::round(y / board));
    const double joint = 1 - 0.45 * smooth_step(2.2, 0.4, edge);
    return mix({205, 164, 118}, {152, 108, 70}, 0.4 + tone) * joint;
  });
}

Image paint_paper(const Noise& noise, int width, int height) {
  return shade(width, height, [&](int x, int y) {
    const double grain =
        noise.fractal(x / 2.2, y / 2.2, 2) + 0.8 * noise.fractal(x / 90.0, y / 90.0, 3);
    const double light = static_cast<double>(x) / width + static_cast<double>(y) / height;
    return mix({252, 244, 224}, {232, 216, 184}, 0.5 * light) * (1 + 0.014 * grain);
  });
}

Image paint_studio(const Noise& noise, int width, int height) {
  return shade(width, height, [&](int x, int y) {
    const double light = glow(x, y, 0.5 * width, 0.42 * height, 0.62 * width);
    return mix({34, 92, 100}, {126, 188, 186}, light) * (1 + 0.012 * noise.at(x / 1.5, y / 1.5));
  });
}

}  // namespace

Image paint_backdrop(Setting setting, std::uint64_t seed, int width, int height) {
  using Paint = Image (*)(const Noise&, int, int);
  constexpr std::array<Paint, 8> kPaint = {paint_meadow, paint_sea,   paint_dunes, paint_peaks,
                                           paint_night,  paint_table, paint_paper, paint_studio};
  Image image = kPaint[static_cast<std::size_t>(setting)](Noise(seed), width, height);
  add_vignette(image, 0.12);
  return image;
}

}  // namespace sightline::demo
