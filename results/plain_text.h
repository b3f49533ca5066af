#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sightline {

/// `value` with U+FFFD for bytes of its strings that are no UTF-8, so that it can be written.
nlohmann::json well_formed(const nlohmann::json& value);

/// `text` as one line that a terminal and every table format can show: broken UTF-8, control
/// characters (escape sequences among them) and marks that turn the direction of writing become
/// U+FFFD, line breaks and tabs become spaces.
std::string one_line(std::string_view text);

}  // namespace sightline
