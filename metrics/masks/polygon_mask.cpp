#include "metrics/masks/polygon_mask.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "metrics/masks/mask_cover.h"

namespace sightline {

namespace {

constexpr std::int64_t kGrid = 5;
// An edge that goes from this place within a pixel to the next passes the pixel's centre.
constexpr std::int64_t kCentre = 2;

struct GridPoint {
  std::int64_t x = 0, y = 0;
};

GridPoint to_grid(double x, double y) {
  const auto scale = static_cast<double>(kGrid);
  return {static_cast<std::int64_t>(scale * x + 0.5), static_cast<std::int64_t>(scale * y + 0.5)};
}

/// An edge as a line of grid points, one for each step along its longer side, from the end where
/// that coordinate is smaller.
struct Edge {
  GridPoint start;
  std::int64_t steps = 0;
  double slope = 0;   ///< of the other coordinate, a step
  bool flat = false;  ///< the longer side is horizontal

  Edge(GridPoint a, GridPoint b) {
    const std::int64_t dx = std::abs(a.x - b.x);
    const std::int64_t dy = std::abs(a.y - b.y);
    flat = dx >= dy;
    if (flat ? a.x > b.x : a.y > b.y) std::swap(a, b);
    start = a;
    steps = flat ? dx : dy;
    const std::int64_t across = flat ? b.y - a.y : b.x - a.x;
    slope = static_cast<double>(across) / static_cast<double>(steps);
  }

  /// The coordinate across the longer side, rounded as pycocotools rounds it (towards 0).
  static std::int64_t across(std::int64_t from, double slope, std::int64_t step) {
    return static_cast<std::int64_t>(static_cast<double>(from) + slope * static_cast<double>(step) +
                                     0.5);
  }
  std::int64_t x_at(std::int64_t step) const {
    return flat ? start.x + step : across(start.x, slope, step);
  }
  std::int64_t y_at(std::int64_t step) const {
    return flat ? across(start.y, slope, step) : start.y + step;
  }
};

/// The step after which the edge goes from the grid columns up to `column` to those behind it, or
/// the other way: the greatest on the near side.
std::int64_t last_step_before(const Edge& edge, std::int64_t column) {
  if (edge.flat) return column - edge.start.x;
  const bool right = edge.slope > 0;
  const auto near = [&](std::int64_t step) { return (edge.x_at(step) <= column) == right; };
  const double guess = (static_cast<double>(column - edge.start.x) + 0.5) / edge.slope;
  std::int64_t step = std::clamp<std::int64_t>(static_cast<std::int64_t>(guess), 0, edge.steps - 1);
  while (step > 0 && !near(step)) --step;
  while (step + 1 < edge.steps && near(step + 1)) ++step;
  return step;
}

/// The row of the first pixel below a crossing at grid row `y`.
std::uint32_t row_below(std::int64_t y, int height) {
  const double row = (static_cast<double>(y) + 0.5) / static_cast<double>(kGrid) - 0.5;
  return static_cast<std::uint32_t>(std::ceil(std::clamp(row, 0.0, static_cast<double>(height))));
}

/// Adds the pixel numbers from which on the edge changes inside and outside.
void add_crossings(const Edge& edge, int height, int width, std::vector<std::uint32_t>& flips) {
  if (edge.steps == 0) return;
  const std::int64_t left = std::min(edge.x_at(0), edge.x_at(edge.steps));
  const std::int64_t right = std::max(edge.x_at(0), edge.x_at(edge.steps));
  // Pixel column c is crossed between the grid columns 5c + 2 and 5c + 3.
  const std::int64_t first = left <= kCentre ? 0 : (left - kCentre + kGrid - 1) / kGrid;
  const std::int64_t end =
      right <= kCentre ? 0 : std::min<std::int64_t>(width, (right - kCentre - 1) / kGrid + 1);
  for (std::int64_t column = first; column < end; ++column) {
    const std::int64_t step = last_step_before(edge, column * kGrid + kCentre);
    const std::uint32_t row = row_below(std::min(edge.y_at(step), edge.y_at(step + 1)), height);
    flips.push_back(static_cast<std::uint32_t>(column) * static_cast<std::uint32_t>(height) + row);
  }
}

}  // namespace

Mask polygon_mask(std::span<const double> polygon, int height, int width) {
  check_polygon(polygon);
  count_pixels(height, width);
  const std::size_t points = polygon.size() / 2;
  std::vector<std::uint32_t> flips;
  GridPoint from = to_grid(polygon[2 * points - 2], polygon[2 * points - 1]);
  for (std::size_t i = 0; i < points; ++i) {
    const GridPoint to = to_grid(polygon[2 * i], polygon[2 * i + 1]);
    add_crossings(Edge(from, to), height, width, flips);
    from = to;
  }
  std::sort(flips.begin(), flips.end());
  return mask_from_flips(height, width, std::move(flips));
}

void check_size(const Segmentation& segmentation, int height, int width) {
  if (!segmentation.polygons.empty()) return;
  require(segmentation.height == height && segmentation.width == width,
          "a mask of {} x {} pixels (width x height) for an image of {} x {}", segmentation.width,
          segmentation.height, width, height);
}

std::vector<Mask> part_masks(const Segmentation& segmentation, int height, int width) {
  check_size(segmentation, height, width);
  if (segmentation.polygons.empty()) return {mask_from_counts(height, width, segmentation.counts)};
  std::vector<Mask> parts;
  parts.reserve(segmentation.polygons.size());
  for (const std::vector<double>& polygon : segmentation.polygons) {
    parts.push_back(polygon_mask(polygon, height, width));
  }
  return parts;
}

Mask segmentation_mask(const Segmentation& segmentation, int height, int width) {
  std::vector<Mask> parts = part_masks(segmentation, height, width);
  return parts.size() == 1 ? std::move(parts.front()) : unite(parts);
}

}  // namespace sightline
