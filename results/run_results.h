#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metric_value.h"
#include "results/published_number.h"

namespace sightline {

/// The bounds of a score when samples failed.
struct ScoreBounds {
  std::optional<double> failures_wrong;     ///< the headline
  std::optional<double> failures_left_out;  ///< over the samples that succeeded
};

/// What one task of a run came to.
struct TaskResult {
  std::string name;                  ///< with its options: "textvqa_val[ocr=on]"
  std::string version;               ///< of the task's definition
  std::string rules;                 ///< scoring rules: "vqa/official"
  std::string protocol;              ///< JSON object text: all that changes what a score means
  std::vector<MetricValue> metrics;  ///< headline first
  Breakdowns breakdowns;
  std::int64_t samples = 0;  ///< asked for (after --limit, --samples, --shard)
  std::int64_t samples_in_dataset = 0;
  std::map<std::string, std::int64_t> outcomes;  ///< outcome name -> samples; sums to those done
  std::map<std::string, ScoreBounds> bounds;     ///< metric key -> bounds; only when samples failed
  std::int64_t bootstrap_replicates = 0;         ///< behind the intervals; 0: none were asked for
  std::string answers_sha256;  ///< of what the journal has of these samples, in data-set order
};

/// A run: what was measured, and beside it how (`manifest`, which holds times and machines and so
/// differs between two runs of equal results).
struct RunResults {
  std::string model;  ///< name shown in tables
  std::vector<TaskResult> tasks;
  std::string config;    ///< JSON object text: model, args, seed, limit, ... (identity of the run)
  std::string manifest;  ///< JSON object text: version, machine, hashes, throughput, errors, date
  bool finished = true;
};

/// Where `sightline` of a results.json holds all of `RunResults` but `manifest`, whose fields stand
/// beside it; a manifest has no such field of its own.
inline constexpr const char* kRunField = "run";

/// results.json in lm-evaluation-harness's schema with `sightline` beside it (interface of users:
/// `results` -> task -> "<metric>,none" and "<metric>_stderr,none", `configs`, `versions`,
/// `n-shot`, `higher_is_better`, `n-samples`, `config`, `date`). Infinite values are the string
/// "inf", undefined ones null; a metric without standard error has "N/A" there, the word of
/// lm-evaluation-harness. `date` is that of the manifest: with it and the manifest taken away,
/// equal runs give equal documents. Fields are in order of names, doubles give the same value when
/// read back. Throws `Error` when a task is there twice or a field that should hold JSON does not.
nlohmann::json to_json(const RunResults& results);

/// Reads a results.json back. Throws `Error` naming file and field.
RunResults read_results(const std::filesystem::path& file);

enum class ReportFormat { kTable, kMarkdown, kCsv, kLatex, kJson, kJunit };
ReportFormat parse_report_format(const std::string& name);  ///< throws `UsageError` listing them

/// Tables of one or several runs side by side: a block a task, a row a metric, a column a run, with
/// standard errors; coverage and bounds where samples failed; a mark where protocols differ, with
/// the fields that do, so that no two numbers look comparable that are not. Published numbers of
/// the same tasks and metrics stand apart, marked as not measured here.
std::string render(const std::vector<RunResults>& runs, ReportFormat format,
                   const std::vector<PublishedNumber>& published = {});

}  // namespace sightline
