#include "metrics/detection/numpy_mean.h"

#include <algorithm>
#include <array>

namespace sightline {

namespace {

double sum_as_numpy(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 8) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  if (n > 128) {
    const std::size_t half = n / 2 - n / 2 % 8;
    return sum_as_numpy(values.first(half)) + sum_as_numpy(values.subspan(half));
  }
  std::array<double, 8> sums;
  std::copy_n(values.begin(), 8, sums.begin());
  std::size_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += values[i + lane];
  }
  double sum =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  for (; i < n; ++i) sum += values[i];
  return sum;
}

}  // namespace

std::optional<double> mean_as_numpy(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  return sum_as_numpy(values) / static_cast<double>(values.size());
}

}  // namespace sightline
