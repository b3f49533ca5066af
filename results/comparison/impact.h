#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/report_layout.h"
#include "results/run_results.h"

namespace sightline {

/// What one precision, or other variant, of a model came to.
struct VariantResult {
  std::string name;                    ///< "bf16"
  std::string folder;                  ///< of its run
  std::optional<RunResults> results;   ///< none: it failed
  int exit_code = 0;                   ///< of its run; 128 and more: 128 + the signal that ended it
  std::string error;                   ///< why it failed
  std::int64_t peak_memory_bytes = 0;  ///< 0: unknown
  /// With the first variant as base; none for the first itself, or where one of both failed.
  std::optional<Comparison> comparison = {};
};

/// A table a task, a row for each metric and variant: score, difference to the first variant with
/// its 95% interval, p-value (of the samples, after Holm over that comparison's metrics), samples
/// won and lost, whether that is more than noise, and beside the first metric what the variant
/// costs: weights, quantised layers, tokens a second, peak memory, the model's seconds. Tokens a
/// second are those of prefill and of decoding where the model tells them apart
/// ("prefill_tokens_per_s", "decode_tokens_per_s" among its facts), else tokens over all its
/// seconds. Columns that would be empty are left out. A variant that failed has one row that says
/// so, and a note with its error.
ReportLayout lay_out_impact(const std::vector<VariantResult>& variants);

/// The same as one document: "precisions", a list with state, error and costs, and "rows", a list
/// of all numbers.
nlohmann::json impact_json(const std::vector<VariantResult>& variants);

}  // namespace sightline
