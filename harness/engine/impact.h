#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "results/comparison/impact.h"
#include "tasks/task.h"

namespace sightline {

/// One way to run a model, beside others.
struct Variant {
  std::string name;                     ///< also the name of its folder
  std::string precision;                ///< that the model must say it computed in; "": any
  std::vector<std::string> words = {};  ///< behind the command line of all, so that they win
};

/// The same model and tasks in several ways: at several precisions, or with other arguments.
struct ImpactSettings {
  std::vector<Variant> variants;      ///< the others are compared with the first
  std::filesystem::path output_path;  ///< a variant's run lies in its folder of that name
  /// A command line of `sightline run`, to which the variant's words and output folder are added.
  std::vector<std::string> words;
};

/// How it ended.
struct ImpactEnd {
  std::vector<VariantResult> variants;
  bool interrupted = false;
};

/// "bf16,int8" as a list. Throws `UsageError` for names that are none, given twice, or fewer than
/// two.
std::vector<std::string> parse_precisions(const std::string& text);

/// Runs each variant in a process of its own, one after the other: so that its peak memory is its
/// own, and the end of one leaves the others alone. Each goes on where an earlier command left it.
/// A run whose model computed in another precision counts as failed. Throws `UsageError` for a
/// model that takes none, as soon as its first run has shown that.
ImpactEnd run_impact(const ImpactSettings& settings, const std::atomic<bool>& stop);

/// Runs that exist already, each named by its folder. Throws `Error` for what is no run, and
/// `UsageError` for fewer than two.
ImpactEnd take_runs(const std::vector<std::filesystem::path>& folders, const TaskTable& tasks,
                    const std::filesystem::path& data_root);

/// Pairs the samples of every variant that ran with those of the first.
void compare_with_first(std::vector<VariantResult>& variants, const TaskTable& tasks,
                        const std::filesystem::path& data_root, const CompareSettings& settings);

/// 130 interrupted; 2 where a variant cannot be run as asked; 3 where one failed otherwise, or
/// more of its samples than allowed; else 0.
int exit_code_of(const ImpactEnd& end);

}  // namespace sightline
