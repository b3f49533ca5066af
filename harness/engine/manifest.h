#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "results/journal.h"

namespace sightline {

/// "0.1.0".
std::string version();
/// Version, compiler, build type, machine, processors, memory, libraries: what was there.
nlohmann::json describe_environment();
/// Tokens and seconds of a task's answers, with tokens a second of the model's time:
/// "prompt_tokens", "generated_tokens", "model_seconds", "prompt_tokens_per_second",
/// "generated_tokens_per_second". What the model does not say is left out.
nlohmann::json describe_usage(const JournalUsage& usage);
/// Greatest resident memory of this process so far, in bytes.
std::int64_t peak_memory_bytes();
/// Now, as "2026-01-31T12:00:00Z".
std::string utc_now();

}  // namespace sightline
