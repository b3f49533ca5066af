#pragma once

#include <filesystem>
#include <utility>

#include "results/comparison/run_samples.h"
#include "tasks/task.h"

namespace sightline {

/// Reads a run sample by sample: a run folder of Sightline, or a result folder of
/// lm-evaluation-harness or lmms-eval (`read_foreign_run`). Of Sightline's, scores come from the
/// journal, so that means over samples are compared without the data; metrics of the whole set are
/// scored again from the stored answers, for which the data are opened when they are wanted.
/// Throws `Error` for a folder that is none of these.
RunSamples load_run_samples(const std::filesystem::path& folder, const TaskTable& tasks,
                            const std::filesystem::path& data_root = {});

/// Two runs that are to be compared, read at the same time; of other harnesses, so that samples and
/// units of both are known by the same names (`read_foreign_runs`).
std::pair<RunSamples, RunSamples> load_run_pair(const std::filesystem::path& base,
                                                const std::filesystem::path& next,
                                                const TaskTable& tasks,
                                                const std::filesystem::path& data_root = {});

}  // namespace sightline
