#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "results/impact.h"

namespace sightline {

/// The same model and tasks at several precisions.
struct ImpactSettings {
  std::vector<std::string> precisions;  ///< the others are compared with the first
  std::filesystem::path output_path;    ///< a precision's run lies in its folder of that name
  /// A command line of `sightline run`, to which precision and output folder are added.
  std::vector<std::string> words;
  /// Words for the run of one precision alone, which win.
  std::map<std::string, std::vector<std::string>> more_words = {};
};

/// How it ended.
struct ImpactEnd {
  std::vector<PrecisionResult> precisions;
  bool interrupted = false;
};

/// "bf16,int8" as a list. Throws `UsageError` for names that are none, given twice, or fewer than
/// two.
std::vector<std::string> parse_precisions(const std::string& text);

/// Runs each precision in a process of its own, one after the other: so that its peak memory is its
/// own, and the end of one leaves the others alone. Each goes on where an earlier command left it.
/// A run whose model computed in another precision counts as failed. Throws `UsageError` for a
/// model that takes none, as soon as its first run has shown that.
ImpactEnd run_impact(const ImpactSettings& settings, const std::atomic<bool>& stop);

/// 130 interrupted; 2 where a precision cannot be run as asked; 3 where one failed otherwise, or
/// more of its samples than allowed; else 0.
int exit_code_of(const ImpactEnd& end);

}  // namespace sightline
