#include "metrics/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/error.h"

namespace sightline {

std::optional<double> mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
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
