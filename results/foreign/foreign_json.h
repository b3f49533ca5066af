#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sightline {

/// JSON as Python's `json` module writes it: NaN, Infinity and -Infinity, which JSON does not have,
/// become null. Throws `Error` that begins with `where`.
nlohmann::json parse_python_json(std::string_view text, const std::string& where);

}  // namespace sightline
