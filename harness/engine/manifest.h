#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sightline {

/// "0.1.0".
std::string version();
/// Version, compiler, build type, machine, processors, memory, libraries: what was there.
nlohmann::json describe_environment();
/// Greatest resident memory of this process so far, in bytes.
std::int64_t peak_memory_bytes();
/// Now, as "2026-01-31T12:00:00Z".
std::string utc_now();

}  // namespace sightline
