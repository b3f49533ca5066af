#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "results/journal.h"
#include "results/run_results.h"
#include "tasks/task.h"

namespace sightline {

/// A task of a stored run, with its data opened again.
struct StoredTask {
  Task task;
  int number = 0;                    ///< in the journal
  std::vector<std::size_t> indices;  ///< asked for
};

/// Opens task `number` of a run's journal again from the files it was made of. `data_root`, when
/// given, stands for the one noted in the journal. Throws `MismatchError` (exit 2) where they are
/// not the files of the run.
StoredTask reopen_task(const Journal& journal, int number, const TaskTable& tasks,
                       const std::filesystem::path& data_root);
/// All of them.
std::vector<StoredTask> reopen_tasks(const Journal& journal, const TaskTable& tasks,
                                     const std::filesystem::path& data_root);

/// The results of a run folder: results.json when the run ended, else what its journal gives.
RunResults load_run(const std::filesystem::path& folder, const TaskTable& tasks,
                    const std::filesystem::path& data_root = {});

/// Recomputes a run from its journal. `finished` is false when samples are missing.
RunResults recompute(const Journal& journal, const TaskTable& tasks,
                     const std::filesystem::path& data_root);

/// What `verify` finds.
struct Verification {
  std::vector<std::string> good, bad;  ///< a line each
};

/// Parses and scores the stored responses again, compares with results.json to the last digit, and
/// compares every hash of the manifest with the files.
Verification verify_run(const std::filesystem::path& folder, const TaskTable& tasks,
                        const std::filesystem::path& data_root);

/// Makes `out` the run whose shards are `shards`: the same results.json, result for result, as the
/// undivided run's, and the same files of samples and predictions where the shards have them.
/// Throws `MismatchError` (exit 2) when they are not the shards of one run, and `Error` when a
/// shard is missing, given twice or unfinished.
RunResults merge_shards(const std::filesystem::path& out,
                        const std::vector<std::filesystem::path>& shards, const TaskTable& tasks,
                        const std::filesystem::path& data_root);

}  // namespace sightline
