#include "models/processors/anyres.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "harness/base/error.h"

namespace sightline {
namespace {

// Python's int(round(value, 7)): the decimal rounding keeps 2.9999999999 from becoming 2.
int truncated_at_seven_digits(double value) {
  return static_cast<int>(std::stod(fmt::format("{:.7f}", value)));
}

// Python's `a // b` for positive floats: exact, where the rounded quotient may reach the next
// integer.
int floor_divide(int a, double b) {
  const double remainder = std::fmod(a, b);
  return static_cast<int>(std::nearbyint((a - remainder) / b));
}

// The map of `plan.tile_grid` without the rows or columns that only padding filled.
void cut_margins(AnyresPlan& plan, FrameSize image) {
  FrameSize map{plan.tile_grid.width * plan.features_per_side,
                plan.tile_grid.height * plan.features_per_side};
  const double aspect = static_cast<double>(image.width) / image.height;
  if (aspect > static_cast<double>(map.width) / map.height) {
    const double scale = static_cast<double>(map.width) / image.width;
    plan.first_row = (map.height - truncated_at_seven_digits(image.height * scale)) / 2;
  } else {
    const double scale = static_cast<double>(map.height) / image.height;
    plan.first_column = (map.width - truncated_at_seven_digits(image.width * scale)) / 2;
  }
  plan.kept = {map.width - 2 * plan.first_column, map.height - 2 * plan.first_row};
}

}  // namespace

FrameSize choose_resolution(FrameSize image, std::span<const FrameSize> resolutions) {
  require(!resolutions.empty(), "there is no resolution to choose from");
  require(image.width > 0 && image.height > 0, "an image of {} x {} pixels has no tiles",
          image.width, image.height);
  FrameSize best;
  std::int64_t most_kept = -1, least_wasted = 0;
  for (const FrameSize& resolution : resolutions) {
    const double scale = std::min(static_cast<double>(resolution.width) / image.width,
                                  static_cast<double>(resolution.height) / image.height);
    const auto width = static_cast<std::int64_t>(image.width * scale);
    const auto height = static_cast<std::int64_t>(image.height * scale);
    const std::int64_t kept = std::min(width * height, std::int64_t{image.width} * image.height);
    const std::int64_t wasted = std::int64_t{resolution.width} * resolution.height - kept;
    if (kept > most_kept || (kept == most_kept && wasted < least_wasted)) {
      best = resolution;
      most_kept = kept;
      least_wasted = wasted;
    }
  }
  return best;
}

FrameSize fit_within(FrameSize image, FrameSize resolution) {
  const double x = static_cast<double>(resolution.width) / image.width;
  const double y = static_cast<double>(resolution.height) / image.height;
  const auto rounded_up = [](double side, int limit) {
    return static_cast<int>(std::min(std::ceil(side), static_cast<double>(limit)));
  };
  if (x < y) return {resolution.width, rounded_up(image.height * x, resolution.height)};
  return {rounded_up(image.width * y, resolution.width), resolution.height};
}

AnyresPlan plan_anyres(FrameSize image, FrameSize resolution, int tile_side, int features_per_side,
                       int max_tiles) {
  AnyresPlan plan{.resolution = resolution,
                  .tile_grid = {resolution.width / tile_side, resolution.height / tile_side},
                  .features_per_side = features_per_side};
  cut_margins(plan, image);
  plan.features = plan.kept;
  const std::int64_t area = std::int64_t{plan.kept.height} * plan.kept.width;
  const std::int64_t budget = std::int64_t{max_tiles} * features_per_side * features_per_side;
  const double ratio = std::sqrt(static_cast<double>(area) / static_cast<double>(budget));
  if (ratio > 1.1) {
    plan.features = {floor_divide(plan.kept.width, ratio), floor_divide(plan.kept.height, ratio)};
  }
  return plan;
}

}  // namespace sightline
