#pragma once

#include <string>
#include <vector>

#include "results/report_numbers.h"

namespace sightline {

/// A range of values laid on 0..100% of a plot. Plots are SVG in percent of their box, so that they
/// fill any width while text and marks keep their size.
struct Axis {
  double low = 0, high = 1;
  std::vector<double> ticks;  ///< round numbers inside the range, ascending
  NumberStyle style;          ///< of the ticks' labels

  /// Place in percent, kept inside the plot.
  double place(double value) const;
};

/// A range around `values` with some `ticks` round numbers in it. Values that are not finite are
/// left out. A range of values that are not negative does not go below zero.
Axis make_axis(const std::vector<double>& values, int ticks);
/// A range of equal size to both sides of zero.
Axis make_axis_around_zero(const std::vector<double>& values);

/// "37.5%": a place as an SVG attribute.
std::string percent(double place);

}  // namespace sightline
