#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/report_layout.h"
#include "results/run_results.h"

namespace sightline {

/// What one precision of a model came to.
struct PrecisionResult {
  std::string precision;               ///< "bf16"
  std::string folder;                  ///< of its run
  std::optional<RunResults> results;   ///< none: it failed
  int exit_code = 0;                   ///< of its run; 128 and more: 128 + the signal that ended it
  std::string error;                   ///< why it failed
  std::int64_t peak_memory_bytes = 0;  ///< 0: unknown
};

/// A table a task, a row for each metric and precision: score, difference to the first precision,
/// and beside the first metric what the precision costs: weights, quantised layers, tokens a
/// second, peak memory, the model's seconds. Tokens a second are those of prefill and of decoding
/// where the model tells them apart ("prefill_tokens_per_s", "decode_tokens_per_s" among its
/// facts), else tokens over all its seconds. Columns that would be empty are left out. A precision
/// that failed has one row that says so, and a note with its error.
ReportLayout lay_out_impact(const std::vector<PrecisionResult>& precisions);

/// The same as one document: "precisions", a list with state, error and costs, and "rows", a list
/// of all numbers.
nlohmann::json impact_json(const std::vector<PrecisionResult>& precisions);

}  // namespace sightline
