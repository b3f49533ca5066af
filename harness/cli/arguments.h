#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/run.h"

namespace sightline {

/// Flags spelled with dashes become those with underscores: "--batch-size=4" -> "--batch_size=4".
std::vector<std::string> with_underscores(int argc, const char* const* argv);

/// `--config FILE`: a JSON object whose keys are flags of `command` or of the whole program. Its
/// flags are put before those of the command line, which so win. Throws `UsageError` for a key that
/// is no flag, listing the valid ones.
std::vector<std::string> expand_config(const CLI::App& command, const std::string& file);

/// Accepts these words alone, and names the nearest to another.
CLI::Validator one_of(std::vector<std::string> words);

/// "k=v,k2=v2" (`\,` for a comma in a value).
std::map<std::string, std::string> parse_pairs(const std::string& text);

/// The pairs as `parse_pairs` reads them.
std::string write_pairs(const std::map<std::string, std::string>& pairs);

/// The flags that say where a task's files are.
void add_source_flags(CLI::App& command, TaskSources& sources);
/// `--cache_dir`; `cache_folder` gives its default.
void add_cache_flag(CLI::App& command, std::filesystem::path& folder);

/// `--precision` and `--device`, which go to the model.
void add_compute_flags(CLI::App& command, std::string& precision, std::string& device);

void add_bootstrap_flag(CLI::App& command, std::size_t& replicates);

/// `--published FILE`, as often as there are files.
void add_published_flag(CLI::App& command, std::vector<std::string>& files);

/// What the flags of `run` and `doctor` say, and how it becomes settings.
struct RunFlags {
  RunSettings settings;
  std::string tasks, samples, shard, gen_kwargs, batch_size = "auto", progress = "auto";
  std::string config, cache;
  std::size_t threads = 0;
  bool no_cache = false, batch_invariant = false;
};
void add_run_flags(CLI::App& command, RunFlags& flags);
/// Checks and completes `flags.settings`. Throws `UsageError`.
void read_run_flags(RunFlags& flags);

}  // namespace sightline
