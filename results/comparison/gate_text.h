#pragma once

#include <string>
#include <utility>
#include <vector>

#include "results/comparison/gate.h"

// What every form of a gate's report says, none of it escaped. Numbers are in the metric's unit, as
// the rules file has them.

namespace sightline {

inline constexpr const char* kDropsNote =
    "drops are in the metric's unit, as in the rules file (0.01 of a fraction is one point); a "
    "negative one is a gain";

struct GateText {
  std::string allowed;     ///< "0.01", "any"
  std::string drop;        ///< "0.0279", "–"
  std::string bounds;      ///< " [0.0151, 0.0407]", ""
  std::string detectable;  ///< "0.019", "not known"
};
GateText text_of(const GateFinding& finding);

/// The reason, how many samples would decide, the floor, the warnings: a sentence each.
std::vector<std::string> sentences_of(const GateFinding& finding);

/// "1 regression, 0 inconclusive, 2 passed".
std::string summary_of(const GateReport& report);

/// "<task>/<metric>" in two: no metric's name has a slash, options of tasks may.
std::pair<std::string, std::string> split_rule_key(const std::string& key);

}  // namespace sightline
