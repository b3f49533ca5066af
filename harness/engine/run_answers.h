#pragma once

#include <filesystem>

#include "models/api/predictions.h"
#include "tasks/task.h"

namespace sightline {

/// The answers that a run has got to a task, as predictions; failed samples have none. Throws
/// `Error` when the run lacks the task, and for reconstruction, whose images a run does not keep.
Predictions read_run_answers(const std::filesystem::path& run, const Task& task);

}  // namespace sightline
