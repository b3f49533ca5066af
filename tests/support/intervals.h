#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metrics/bootstrap.h"

namespace sightline {

/// The intervals of what a bootstrap gave.
inline std::vector<std::optional<Interval>> intervals_of(
    const std::vector<ResampledNumber>& numbers) {
  std::vector<std::optional<Interval>> intervals;
  for (const ResampledNumber& number : numbers) intervals.push_back(number.interval());
  return intervals;
}

/// By name, of the numbers that have one.
inline std::map<std::string, Interval> intervals_of(
    const std::map<std::string, ResampledNumber>& numbers) {
  std::map<std::string, Interval> intervals;
  for (const auto& [name, number] : numbers) {
    if (const auto interval = number.interval()) intervals[name] = *interval;
  }
  return intervals;
}

}  // namespace sightline
