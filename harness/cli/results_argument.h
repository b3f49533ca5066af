#pragma once

#include <filesystem>

#include "results/run_results.h"
#include "tasks/task.h"

namespace sightline {

/// The results that an argument of a command names: a results.json, or a run folder, which need
/// hold nothing else. A journal in the folder is asked where it knows more (`load_run`).
RunResults read_results_argument(const std::filesystem::path& argument, const TaskTable& tasks,
                                 const std::filesystem::path& data_root);

}  // namespace sightline
