#include "metrics/fidelity/fid_infinity.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/rng.h"

namespace sightline {

namespace {

constexpr std::size_t kGatherRows = 512;

/// As numpy's `linspace(smallest, rows, points)`, rounded down.
std::vector<std::size_t> subset_sizes(std::size_t rows, const FidInfinityOptions& options) {
  const std::size_t smallest = std::max<std::size_t>(2, std::min(options.smallest, rows / 10));
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < options.points; ++i) {
    sizes.push_back(smallest + (rows - smallest) * i / (options.points - 1));
  }
  return sizes;
}

FeatureStatistics statistics_of(const FeatureRows& features, std::span<const std::size_t> indices) {
  FeatureMoments moments(features.width);
  std::vector<float> rows;
  for (std::size_t begin = 0; begin < indices.size(); begin += kGatherRows) {
    rows.clear();
    for (const std::size_t i :
         indices.subspan(begin, std::min(kGatherRows, indices.size() - begin))) {
      const auto row = features.row(i);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    moments.update(rows);
  }
  return moments.statistics();
}

}  // namespace

FidInfinity extrapolate(std::vector<FidPoint> points) {
  require(points.size() >= 3, "{} points, want at least 3 to draw a line and see its error",
          points.size());
  const auto n = static_cast<double>(points.size());
  const auto x = [](const FidPoint& point) { return 1 / static_cast<double>(point.rows); };
  double mean_x = 0, mean_y = 0;
  for (const FidPoint& point : points) {
    mean_x += x(point) / n;
    mean_y += point.fid / n;
  }
  double xx = 0, xy = 0;
  for (const FidPoint& point : points) {
    xx += (x(point) - mean_x) * (x(point) - mean_x);
    xy += (x(point) - mean_x) * (point.fid - mean_y);
  }
  require(xx > 0, "all points are of {} rows: no line goes through them", points.front().rows);
  FidInfinity line{.slope = xy / xx};
  line.value = mean_y - line.slope * mean_x;
  double residuals = 0;
  for (const FidPoint& point : points) {
    const double residual = point.fid - (line.value + line.slope * x(point));
    residuals += residual * residual;
  }
  line.standard_error = std::sqrt(residuals / (n - 2) * (1 / n + mean_x * mean_x / xx));
  line.points = std::move(points);
  return line;
}

FidInfinity fid_infinity(const FeatureRows& generated, const FeatureStatistics& reference,
                         const FidInfinityOptions& options) {
  require_features(generated, "generated features");
  require(options.points >= 3, "{} subset sizes, want at least 3", options.points);
  require(generated.count() >= options.points + 2,
          "{} generated images are too few for {} subsets of different sizes", generated.count(),
          options.points);
  std::vector<FidPoint> points;
  for (const std::size_t size : subset_sizes(generated.count(), options)) {
    const auto indices = seeded_subset(generated.count(), size, options.seed + points.size());
    const auto distance =
        frechet_distance(statistics_of(generated, indices), reference, options.rules);
    points.push_back({.rows = size, .fid = distance.value()});
  }
  return extrapolate(std::move(points));
}

}  // namespace sightline
