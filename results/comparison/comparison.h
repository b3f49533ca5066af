#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "metrics/decision/difference.h"
#include "results/comparison/run_samples.h"
#include "results/differences.h"

namespace sightline {

/// A metric of two runs on the same samples.
struct MetricComparison {
  std::string task, metric, unit;
  bool higher_is_better = true;
  std::optional<double> base, next;            ///< over the samples compared
  std::optional<DifferenceEstimate> estimate;  ///< none where a side has no value
  std::int64_t samples = 0, clusters = 0;
  bool has_samples = false;  ///< the metric is a mean, so that samples are won and lost
  std::int64_t won = 0, lost = 0, tied = 0;  ///< samples where new is better, worse, equal
  std::optional<double> p_value;             ///< two-sided, of no difference
  std::optional<double> p_adjusted;          ///< after Holm, over all metrics compared
  std::optional<double> mcnemar;             ///< exact McNemar, where all scores are 0 or 1
  std::string method;                        ///< of interval and p-value
  std::string note;                          ///< why something is missing
  std::string verdict;  ///< "better", "worse", "no difference shown", "not tested"

  std::string key() const { return task + "/" + metric; }
};

/// A sample that the two runs score differently.
struct Flip {
  std::string id, image, question, base_answer, next_answer;
  double base_score = 0, next_score = 0;
};

struct TaskComparison {
  std::string task;
  std::vector<MetricComparison> metrics;
  std::string flip_metric;  ///< of the scores of `flips`; "": no metric has samples
  std::vector<Flip> flips;  ///< the greatest losses first, then the greatest gains
  std::int64_t all_flips = 0;
  bool same_answers = false;  ///< every answer of both runs is the same
};

/// One field in which two sides differ that must agree, and whether the user allowed it.
struct ConditionDifference {
  std::string task;
  FieldDifference field;
  bool allowed = false;
};

struct Comparison {
  std::string base, next;  ///< labels
  std::string base_folder, next_folder, base_origin, next_origin;
  std::vector<TaskComparison> tasks;
  std::vector<ConditionDifference>
      differences;  ///< of conditions; all allowed where there are tasks
  std::vector<std::string> notes;
  bool comparable = true;  ///< no difference that was not allowed
  std::string verdict;     ///< "better", "worse", "mixed", "no difference shown", "not comparable"
};

struct CompareSettings {
  std::vector<std::string> allow;  ///< fields that may differ: "samples", "max_new_tokens", "data"
  std::size_t most_flips = 10;     ///< a task
  std::size_t replicates = 1000;   ///< of the bootstrap for metrics of the whole set
  std::uint64_t seed = 0;
  double alpha = 0.05;  ///< of the verdicts, after Holm
};

/// Pairs the samples of two runs by id, task by task. Where fields differ that must agree and are
/// not allowed, the result says which and holds no numbers (`comparable` false). Throws
/// `MismatchError` (exit 4) where the runs have no task in common.
Comparison compare_runs(const RunSamples& base, const RunSamples& next,
                        const CompareSettings& settings);

/// As `sightline compare --json` prints it (docs/statistics.md says what each field is).
nlohmann::json to_json(const Comparison& comparison);
/// For terminals, and for a comment on a pull request.
std::string render_comparison_table(const Comparison& comparison);
std::string render_comparison_markdown(const Comparison& comparison);

}  // namespace sightline
