#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/progress.h"
#include "harness/engine/selection.h"
#include "harness/engine/sentence_judge.h"
#include "harness/engine/sequential_gate.h"
#include "models/api/registry.h"
#include "results/run_results.h"
#include "tasks/task.h"

namespace sightline {

/// Everything `sightline run` was told.
struct RunSettings {
  std::string model;
  std::string model_args;
  std::vector<TaskChoice> tasks;
  TaskSources sources;
  std::filesystem::path output_path;
  SelectionSettings selection;
  std::size_t batch_size = 0;  ///< 0: what the model takes
  std::map<std::string, std::string> gen_kwargs;
  std::string precision, device = "cpu";
  JudgeSettings judge;  ///< of the sentences of detailed captions; no model: they are not judged
  std::string max_errors = "100%";  ///< a number of samples, or a percentage
  ProgressMode progress = ProgressMode::kAuto;
  std::size_t bootstrap_replicates = 0;  ///< for intervals of corpus metrics
  std::optional<AgainstSettings> against;  ///< judge the run while it goes
  bool fresh = false, log_samples = false, predict_only = false, retry_failed = false;
};

/// How a run ended.
struct RunEnd {
  RunResults results;
  std::optional<GateReport> gate;  ///< with `against`; samples not needed for it were not asked
  bool interrupted = false;
  bool too_many_errors = false;
};

/// The main job: asks the model about every selected sample that the journal lacks, recomputes all
/// scores from the journal, and writes results.json (and samples_<task>.jsonl, and submission
/// files) into the output folder. `stop` ends it early with all that was finished kept; so does a
/// `StopError`. Throws `Error` before anything is written when the settings or data are unusable.
RunEnd run(const RunSettings& settings, Registry& registry, const TaskTable& tasks,
           const std::atomic<bool>& stop);

/// Whether `failed` of `asked` samples are more than `max_errors` ("10" or "5%") allows.
bool more_than_allowed(const std::string& max_errors, std::int64_t failed, std::int64_t asked);

}  // namespace sightline
