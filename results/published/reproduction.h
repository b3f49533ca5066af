#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metric_value.h"
#include "results/differences.h"
#include "results/published/published.h"
#include "results/run_results.h"

namespace sightline {

enum class ReproductionVerdict { kReproduced, kDiffers, kUndecided };
const char* name_of(ReproductionVerdict verdict);  ///< "reproduced", "differs", "undecided"
int exit_code_of(ReproductionVerdict verdict);     ///< 0, 1, 3

/// A run beside a published number. Values and errors are in the unit of files.
struct Reproduction {
  PublishedResult published;
  std::string run, task;  ///< the run's name and the task's with its options
  MetricValue measured;
  /// At most: sqrt(p (1 - p) / n), the standard error of a mean of n scores in [0, 1] that are all
  /// 0 or 1 and independent; no other scores with mean p vary more (Bhatia and Davis, American
  /// Mathematical Monthly 2000). None where n is unknown or the metric is no such mean.
  std::optional<double> published_error;
  std::optional<Interval> published_interval;  ///< at 95%, with that error
  std::optional<double> measured_error;        ///< of a mean, or from a bootstrap's interval
  std::optional<Interval> measured_interval;   ///< at 95%
  std::optional<double> difference;            ///< measured minus published
  /// Of the difference: both errors as if they were independent, the measured one alone where the
  /// other is unknown. Both sides are on the same samples, so that it is too large rather than too
  /// small.
  std::optional<double> difference_error;
  std::optional<Interval> difference_interval;  ///< at 95%
  std::vector<FieldDifference> differing;       ///< of the protocol: published, here
  std::vector<FieldDifference> agreeing;
  std::vector<FieldDifference> unknown;  ///< published: "unknown"
  std::vector<std::string> notes;
  ReproductionVerdict verdict = ReproductionVerdict::kUndecided;
  std::string sentence;  ///< the verdict in words
};

/// Sets the run's result of the row's task beside the row. Throws `MismatchError` (exit 4) saying
/// what the row needs where task, metric or split are others or the row's own are unknown.
Reproduction set_beside(const PublishedResult& published, const RunResults& run);

/// Throws `MismatchError` unless the row names a task and a metric of ours.
void require_comparable(const PublishedResult& published);
/// The command that runs what the row needs.
std::string command_for(const PublishedResult& published);

nlohmann::json to_json(const Reproduction& reproduction);
std::string render_reproduction(const Reproduction& reproduction);

}  // namespace sightline
