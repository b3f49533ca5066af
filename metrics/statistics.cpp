#include "metrics/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// The sum as numpy has it: pairwise, with eight running sums in blocks of up to 128.
double pairwise_sum(std::span<const double> values) {
  constexpr std::size_t kLanes = 8, kBlock = 128;
  if (values.size() < kLanes) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  if (values.size() > kBlock) {
    const std::size_t half = values.size() / 2 / kLanes * kLanes;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  std::array<double, kLanes> sums{};
  const std::size_t even = values.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < even; ++i) sums[i % kLanes] += values[i];
  double sum =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (std::size_t i = even; i < values.size(); ++i) sum += values[i];
  return sum;
}

}  // namespace

std::optional<double> mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<double> pairwise_mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  return pairwise_sum(values) / static_cast<double>(values.size());
}

double sorted_quantile(std::span<const double> sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

std::optional<double> clustered_standard_error(std::span<const double> values,
                                               std::span<const std::uint32_t> clusters) {
  require(values.size() == clusters.size(), "{} values with {} cluster labels", values.size(),
          clusters.size());
  const std::optional<double> average = mean(values);
  if (!average) return std::nullopt;
  const std::uint32_t largest = *std::max_element(clusters.begin(), clusters.end());
  std::vector<double> residuals(largest + std::size_t{1}, 0.0);
  std::vector<bool> seen(residuals.size(), false);
  for (std::size_t i = 0; i < values.size(); ++i) {
    residuals[clusters[i]] += values[i] - *average;
    seen[clusters[i]] = true;
  }
  const auto groups = static_cast<double>(std::count(seen.begin(), seen.end(), true));
  if (groups < 2) return std::nullopt;
  double sum = 0;
  for (const double residual : residuals) sum += residual * residual;
  return std::sqrt(groups / (groups - 1) * sum) / static_cast<double>(values.size());
}

}  // namespace sightline
