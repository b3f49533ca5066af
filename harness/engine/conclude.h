#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "models/prompts/style.h"
#include "results/journal.h"
#include "results/run_results.h"
#include "tasks/task.h"

namespace sightline {

/// What a task of a run comes to, recomputed from the journal in data-set order: equal journals
/// give equal results whatever happened on the way. `indices`: the samples that were asked for;
/// rows of others are left out. `rules` "" means the task's default.
TaskResult conclude_task(const Task& task, const std::string& rules, const Journal& journal,
                         int journal_task, std::span<const std::size_t> indices,
                         const Bootstrap& bootstrap = {});

/// The task's metrics over chosen samples, by key, and what those are on resampled images that are
/// no means over samples; metrics that cannot be resampled have no replicates, undefined ones are
/// left out.
std::map<std::string, ResampledNumber> resample_task(const Task& task, const std::string& rules,
                                                     const Journal& journal, int journal_task,
                                                     std::span<const std::size_t> indices,
                                                     const Bootstrap& bootstrap);

/// Writes one JSON line a sample: id, outcome, request, response, answer, scores, error.
void write_samples(const Journal& journal, int journal_task, const std::filesystem::path& file);

/// Writes the answers in the task's official result format, for a submission or another tool.
void write_predictions(const Task& task, const Journal& journal, int journal_task,
                       const std::filesystem::path& file);

}  // namespace sightline
