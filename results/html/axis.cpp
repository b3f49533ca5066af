#include "results/html/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sightline {

namespace {

/// The round number (1, 2 or 5 times a power of ten) next above `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

void add_ticks(Axis& axis, int count) {
  const double step = round_step((axis.high - axis.low) / count);
  const double first = std::ceil(axis.low / step - 1e-9);
  for (int i = 0; i <= 2 * count; ++i) {
    const double tick = (first + i) * step;
    if (tick > axis.high + step * 1e-9) break;
    axis.ticks.push_back(tick == 0 ? 0 : tick);  // no -0
  }
  axis.style.decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
}

}  // namespace

double Axis::place(double value) const {
  return std::clamp(100 * (value - low) / (high - low), 0.0, 100.0);
}

Axis make_axis(const std::vector<double>& values, int ticks) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite),
                       [](double v) { return std::isfinite(v); });
  Axis axis;
  if (finite.empty()) finite = {0, 1};
  const auto [low, high] = std::ranges::minmax(finite);
  double margin = (high - low) * 0.12;
  if (margin == 0) margin = high == 0 ? 1 : std::abs(high) * 0.1;
  axis.low = low - margin;
  axis.high = high + margin;
  if (low >= 0) axis.low = std::max(0.0, axis.low);
  add_ticks(axis, ticks);
  return axis;
}

Axis make_axis_around_zero(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  Axis axis;
  axis.high = largest == 0 ? 1 : largest * 1.08;
  axis.low = -axis.high;
  add_ticks(axis, 6);
  return axis;
}

std::string percent(double place) {
  return fmt::format("{:.2f}%", place);
}

}  // namespace sightline
