#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sightline {

/// A confidence interval at 95%.
struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

/// One number of a result, as files hold it: fractions in [0, 1] except where `unit` says
/// otherwise.
struct MetricValue {
  std::string key;              ///< "vqa_accuracy", "AP50", ...
  std::optional<double> value;  ///< no value: undefined (no ground truth), never a stand-in
  std::optional<double> standard_error;  ///< of a mean, clustered by image; none for corpus metrics
  std::int64_t n = 0;                    ///< samples behind the value
  std::string unit = "fraction";         ///< "fraction", "dB", "characters", "bits per pixel", ...
  bool higher_is_better = true;
  std::optional<Interval> interval = {};  ///< of a corpus metric, by bootstrap over images
  std::string rules =
      {};                 ///< of this number alone, where its task's do not say all: a judge's name
  std::string note = {};  ///< why there is no value, or what a reader must know
};

/// Numbers of one group of a breakdown: key to value, with the group's count as `n`.
struct BreakdownGroup {
  std::int64_t n = 0;
  std::map<std::string, double> values;
};

/// Breakdown name ("answer_type") to group ("yes/no") to its numbers.
using Breakdowns = std::map<std::string, std::map<std::string, BreakdownGroup>>;

}  // namespace sightline
