#include "harness/demo/textures.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "harness/demo/pixels.h"

namespace sightline::demo {
namespace {

/// Colours that go together, from dark to light.
using Tones = std::array<Rgb, 5>;
constexpr std::array<Tones, 5> kTones = {{
    {{{24, 44, 72}, {38, 92, 124}, {84, 160, 160}, {226, 196, 130}, {246, 238, 214}}},
    {{{58, 24, 50}, {142, 44, 70}, {220, 100, 74}, {246, 178, 102}, {254, 236, 200}}},
    {{{22, 52, 42}, {46, 104, 76}, {120, 164, 92}, {214, 204, 128}, {246, 240, 212}}},
    {{{36, 30, 74}, {84, 66, 142}, {158, 110, 178}, {236, 170, 182}, {252, 228, 214}}},
    {{{46, 38, 36}, {110, 78, 62}, {176, 124, 88}, {222, 184, 142}, {248, 234, 212}}},
}};

Rgb tone_at(const Tones& tones, double t) {
  const double position = std::clamp(t, 0.0, 1.0) * 4;
  const auto index = std::min<std::size_t>(static_cast<std::size_t>(position), 3);
  return mix(tones[index], tones[index + 1], position - static_cast<double>(index));
}

double fraction(double x) {
  return x - std::floor(x);
}

Image draw_tartan(const Tones& tones, const Noise& noise, int width, int height) {
  const double repeat = 70 + 50 * noise.cell(1, 2);
  const auto thread = [&](double position) {
    const double t = fraction(position / repeat);
    if (t < 0.34) return tones[0];
    if (t < 0.40) return tones[4];
    if (t < 0.62) return tones[1];
    if (t < 0.66) return tones[3];
    return t < 0.84 ? tones[2] : tones[1];
  };
  return shade(width, height, [&](int x, int y) {
    const bool warp_on_top = ((x + y) / 2) % 2 == 0;  // a twill
    const Rgb colour =
        warp_on_top ? mix(thread(x), thread(y), 0.25) : mix(thread(y), thread(x), 0.25);
    return colour * (1 + 0.10 * noise.at(x / 1.4, y / 1.4));
  });
}

Image draw_marble(const Tones& tones, const Noise& noise, int width, int height) {
  const double scale = 0.4 * std::min(width, height);
  return shade(width, height, [&](int x, int y) {
    const double u = x / scale, v = y / scale;
    const double bend_x = noise.fractal(u, v, 4), bend_y = noise.fractal(u + 5.2, v + 1.3, 4);
    const double t = noise.fractal(u + 1.6 * bend_x, v + 1.6 * bend_y, 5);
    const double vein = std::exp(-90 * t * t);
    return mix(tone_at(tones, 0.62 + 0.75 * t), kWhite, 0.55 * vein);
  });
}

struct NearestCell {
  double distance, second;  ///< to the two nearest points
  std::int64_t x, y;        ///< cell of the nearest
};

/// One point in each cell of a grid (Worley, SIGGRAPH 1996).
NearestCell nearest_cell(const Noise& noise, const Noise& other, double u, double v) {
  NearestCell best = {1e9, 1e9, 0, 0};
  const auto column = static_cast<std::int64_t>(std::floor(u));
  const auto row = static_cast<std::int64_t>(std::floor(v));
  for (std::int64_t y = row - 1; y <= row + 1; ++y) {
    for (std::int64_t x = column - 1; x <= column + 1; ++x) {
      const double dx = static_cast<double>(x) + 0.1 + 0.8 * noise.cell(x, y) - u;
      const double dy = static_cast<double>(y) + 0.1 + 0.8 * other.cell(x, y) - v;
      const double distance = std::sqrt(dx * dx + dy * dy);
      if (distance < best.distance) {
        best = {distance, best.distance, x, y};
      } else if (distance < best.second) {
        best.second = distance;
      }
    }
  }
  return best;
}

Image draw_mosaic(const Tones& tones, const Noise& noise, int width, int height) {
  const Noise other(mix_bits(7)), colours(mix_bits(9));
  const double size = 16 + 14 * noise.cell(3, 3);
  const double middle_x = width * (0.3 + 0.4 * noise.cell(4, 4)), middle_y = height * 0.5;
  return shade(width, height, [&](int x, int y) {
    const NearestCell cell = nearest_cell(noise, other, x / size, y / size);
    const double gap = smooth_step(0.05, 0.16, cell.second - cell.distance);
    const double far = std::hypot(static_cast<double>(cell.x) * size - middle_x,
                                  static_cast<double>(cell.y) * size - middle_y) /
                       (0.18 * width);
    const double t = 0.5 + 0.42 * std::sin(2.4 * far) + 0.25 * (colours.cell(cell.x, cell.y) - 0.5);
    const double light = 1.08 - 0.25 * cell.distance;
    return mix({214, 208, 196}, tone_at(tones, t) * light, gap);
  });
}

Image draw_lights(const Tones& tones, const Noise& noise, int width, int height) {
  struct Light {
    double x, y, radius, strength;
    Rgb colour;
  };
  std::vector<Light> lights;
  for (int i = 0; i < 46; ++i) {
    const auto draw = [&](int what) { return noise.cell(i, what); };
    lights.push_back({draw(0) * width, draw(1) * height, (0.03 + 0.08 * draw(2)) * width,
                      0.25 + 0.5 * draw(3), tone_at(tones, 0.35 + 0.65 * draw(4))});
  }
  return shade(width, height, [&](int x, int y) {
    Rgb colour = mix(tones[0] * 0.45, tones[1] * 0.7, static_cast<double>(y) / height);
    for (const Light& light : lights) {
      const double distance = std::hypot(x - light.x, y - light.y) / light.radius;
      if (distance > 1.1) continue;
      const double rim = 0.65 + 0.35 * smooth_step(0.6, 0.95, distance);
      colour = colour + light.colour * (light.strength * rim * smooth_step(1.04, 0.97, distance));
    }
    return colour;
  });
}

Image draw_agate(const Tones& tones, const Noise& noise, int width, int height) {
  const double scale = 0.5 * std::min(width, height);
  const double middle_x = width * (0.35 + 0.3 * noise.cell(5, 1));
  const double middle_y = height * (0.35 + 0.3 * noise.cell(5, 2));
  return shade(width, height, [&](int x, int y) {
    const double dx = (x - middle_x) / scale, dy = (y - middle_y) / scale;
    const double warp = 0.35 * noise.fractal(1.5 * dx, 1.5 * dy, 4);
    const double depth = std::sqrt(dx * dx + 1.5 * dy * dy) + warp;
    const double bands = noise.at(9 * depth, 0.5) + 0.5 * noise.at(31 * depth, 4.5);
    const double core = smooth_step(0.30, 0.18, depth);
    const double sparkle = 0.15 * noise.at(x / 2.5, y / 2.5);
    return mix(tone_at(tones, 0.5 + 0.42 * bands), tones[4] * (1 + sparkle), core);
  });
}

Image draw_bricks(const Tones& tones, const Noise& noise, int width, int height) {
  const double brick_height = 24, brick_width = 62;
  return shade(width, height, [&](int x, int y) {
    const double row = std::floor(y / brick_height);
    const double u = x / brick_width + (static_cast<std::int64_t>(row) % 2 == 0 ? 0 : 0.5);
    const double wobble = 0.7 * noise.at(x / 9.0, y / 9.0);
    const double edge_x = std::min(fraction(u), 1 - fraction(u)) * brick_width + wobble;
    const double edge_y =
        std::min(fraction(y / brick_height), 1 - fraction(y / brick_height)) * brick_height +
        wobble;
    const double brick = smooth_step(1.2, 2.8, std::min(edge_x, edge_y));
    const auto column = static_cast<std::int64_t>(std::floor(u));
    const double own = noise.cell(column, static_cast<std::int64_t>(row));
    const double grain = noise.fractal(x / 4.0, y / 4.0, 3);
    const Rgb face = mix(tones[1], tones[2], own) * (1 + 0.16 * grain);
    return mix(Rgb{196, 188, 176} * (1 + 0.08 * grain), face, brick);
  });
}

Image draw_waves(const Tones& tones, const Noise& noise, int width, int height) {
  const double radius = 26 + 16 * noise.cell(6, 6);
  return shade(width, height, [&](int x, int y) {
    // Rows of discs, each row over the one above it and shifted by half a disc.
    for (auto row = static_cast<int>(std::ceil(y / (0.5 * radius))) + 2;; --row) {
      const double shift = row % 2 == 0 ? 0 : radius;
      const double centre_x = 2 * radius * std::round((x - shift) / (2 * radius)) + shift;
      const double distance = std::hypot(x - centre_x, y - 0.5 * radius * row) / radius;
      if (distance > 1) continue;
      const double band = fraction(distance * 3.5);
      const double line = smooth_step(0.18, 0.30, band) * smooth_step(0.98, 0.86, band);
      const double tint = 0.10 + 0.55 * (1 - static_cast<double>(y) / height);
      return mix(tones[4], tone_at(tones, tint), line) *
             (0.92 + 0.08 * smooth_step(1.0, 0.9, distance));
    }
  });
}

Image draw_skyline(const Tones& tones, const Noise& noise, int width, int height) {
  return shade(width, height, [&](int x, int y) {
    Rgb colour = tone_at(tones, 0.15 + 0.75 * y / height);
    for (int layer = 0; layer < 3; ++layer) {
      const double block = width / (14.0 - 3 * layer);
      const auto house = static_cast<std::int64_t>(std::floor(x / block + 0.37 * layer));
      const double top = height * (0.30 + 0.16 * layer + 0.28 * noise.cell(house, 100 + layer));
      if (y < top) continue;
      const Rgb wall = mix(tones[1], tones[0], 0.4 + 0.3 * layer) * (1 - 0.18 * layer);
      const double pane = 5.0 + 2 * layer;
      const auto column = static_cast<std::int64_t>(x / pane);
      const auto storey = static_cast<std::int64_t>(y / (1.5 * pane));
      const bool glass =
          fraction(x / pane) > 0.4 && fraction(y / (1.5 * pane)) > 0.45 && y > top + pane;
      const bool lit = noise.cell(column + 1000 * layer, storey) < 0.32;
      colour = glass && lit ? mix(wall, {255, 222, 146}, 0.85) : wall;
    }
    return colour;
  });
}

}  // namespace

Image draw_texture(std::size_t index, Rng rng) {
  using Draw = Image (*)(const Tones&, const Noise&, int, int);
  constexpr std::array<Draw, 8> kDraw = {draw_tartan, draw_marble, draw_mosaic, draw_lights,
                                         draw_agate,  draw_bricks, draw_waves,  draw_skyline};
  struct Format {
    int width, height;
  };
  constexpr std::array<Format, 7> kFormats = {
      {{500, 375}, {375, 500}, {400, 300}, {320, 240}, {256, 341}, {640, 427}, {160, 96}}};
  const Format format = kFormats[index % kFormats.size()];
  const Tones& tones = rng.pick(kTones);
  return kDraw[index % kDraw.size()](tones, Noise(rng.next()), format.width, format.height);
}

}  // namespace sightline::demo
