#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"

namespace sightline {

/// What a gate demands of one metric. Drops are in the metric's unit and count against the
/// direction in which it is better: a rise of FID is a drop.
struct GateRule {
  std::string key;      ///< "<task>/<metric>", as `compare --json` names it
  double max_drop = 0;  ///< largest allowed drop, 0 or more; infinite: only the floor counts
  double alpha = 0.05;  ///< of each one-sided test
  double power = 0.8;   ///< of the sample sizes that are asked for
  std::int64_t min_samples = 0;
  /// Decide on the values alone, without statistics: for metrics that have no interval (FID).
  bool values_alone = false;
  std::optional<double>
      floor;  ///< the new run's value must be at least this (lower is better: at most)
};

/// Reads `{"defaults": {...}, "rules": {"<task>/<metric>": {"max_drop": 0.01, ...}}}`. Throws
/// `Error` naming file and field: unknown fields, wrong types, numbers out of range, no rule.
std::vector<GateRule> read_gate_rules(const std::filesystem::path& file);

enum class GateVerdict { kPass, kRegression, kInconclusive };
const char* name_of(GateVerdict verdict);  ///< "pass", "regression", "inconclusive"
int exit_code_of(GateVerdict verdict);     ///< 0, 1, 3

/// How a rule was decided.
struct GateFinding {
  GateRule rule;
  GateVerdict verdict = GateVerdict::kInconclusive;
  std::optional<double> drop, drop_low, drop_high;  ///< with one-sided bounds at alpha each
  std::optional<double> p_regression;  ///< of a drop within the margin, after Holm over the rules
  std::optional<double> smallest_detectable;      ///< drop that alpha and power could find
  std::optional<std::int64_t> samples_to_decide;  ///< only where inconclusive
  std::int64_t samples = 0;
  std::string reason;                 ///< a sentence for the user
  std::vector<std::string> warnings;  ///< "cannot detect the drop it forbids", ...
};

struct GateReport {
  std::vector<GateFinding> findings;                 ///< in order of the rules
  GateVerdict verdict = GateVerdict::kInconclusive;  ///< the worst: regression, inconclusive, pass
};

/// regression before inconclusive before pass.
GateVerdict worst_verdict(const std::vector<GateFinding>& findings);

/// Decides every rule. pass: the drop's upper bound is within the margin (non-inferior), or every
/// answer of both runs is the same; regression: its lower bound is beyond the margin (p after Holm
/// at most alpha), or the value is below the floor; else inconclusive. Throws `Error` for a rule
/// whose task or metric the comparison lacks.
GateReport decide(const Comparison& comparison, const std::vector<GateRule>& rules);

nlohmann::json to_json(const GateReport& report);
std::string render_gate_table(const GateReport& report);
std::string render_gate_markdown(const Comparison& comparison, const GateReport& report);
/// JUnit's XML: a test case a rule; a regression is a failure, an inconclusive gate an error.
std::string render_gate_junit(const GateReport& report);

}  // namespace sightline
