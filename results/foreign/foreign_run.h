#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "results/comparison/run_samples.h"

namespace sightline {

/// Whether there is a run of lm-evaluation-harness or lmms-eval at `path`: its results file, the
/// folder with it, or the folder above that.
bool is_foreign_run(const std::filesystem::path& path);

/// Reads such a run: results JSON and, for each task, the samples file beside it (`--log_samples`).
/// Of several dates the newest is taken, unless `path` is a results file; `notes` say so, and what
/// else was seen: metrics without samples, means that are not the results' own (they then stand for
/// them), unknown images.
///
/// Documents are known by `doc_hash` where every line has one and they are distinct, else by
/// `doc_id` ("matched by" of `conditions`); tasks in `tasks_by_id` by `doc_id` in any case.
/// The protocol is what of the harness's configuration changes what a score means. Groups are left
/// out, their tasks are there.
///
/// Throws `Error` naming file, line and field: no results, several models, no samples, broken or
/// truncated JSON, text that is not UTF-8, wrong types, a document twice.
RunSamples read_foreign_run(const std::filesystem::path& path,
                            const std::set<std::string>& tasks_by_id = {});

/// Two such runs, each task's documents known by the same field in both, each metric in one unit.
std::pair<RunSamples, RunSamples> read_foreign_runs(const std::filesystem::path& base,
                                                    const std::filesystem::path& next);

}  // namespace sightline
