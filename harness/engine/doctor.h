#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/engine/run.h"

namespace sightline {

/// One thing that was checked before a run.
struct Finding {
  bool good = false;
  std::string text;            ///< what was looked at and what was found; on a fault, what to do
  bool of_one_sample = false;  ///< a fault that costs a sample, not the run
};

/// "model paligemma answers, in bf16, 5.85 GB of weights": what an opened model says of itself.
Finding describe_opened(const ModelInfo& info);

/// Checks that cost no model: output folder writable, space on its disk, the first, middle and last
/// images there and whole when the model opens images. Nothing is left behind.
std::vector<Finding> examine(const RunSettings& settings, const Task& task,
                             std::span<const std::size_t> indices, const ModelInfo& info);

/// Throws `UsageError` when the task asks for masks and the model gives none.
void check_answers(const Task& task, const ModelInfo& info);

/// Throws the first fault that `examine` finds as an `Error`. Faults of single samples count only
/// when every sample looked at has one: then it is the folder that is wrong.
void check_before_run(const RunSettings& settings, const Task& task,
                      std::span<const std::size_t> indices, const ModelInfo& info);

}  // namespace sightline
