#pragma once

#include "results/comparison/comparison.h"

namespace sightline {

/// The same metric of the other side, in the same unit and by the same rules; null without one.
const MetricValue* counterpart_of(const MetricValue& metric, const TaskResult& other);

/// Compares one task that both runs have: all of it but what needs the other tasks, the p-values
/// after Holm and the verdicts. Throws `Error` for an id that is there twice.
TaskComparison compare_task(const TaskSamples& base, const TaskSamples& next,
                            const CompareSettings& settings);

}  // namespace sightline
