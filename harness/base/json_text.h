#pragma once

#include <string>
#include <string_view>

namespace sightline {

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& json, std::string_view text);

/// Appends a number so that it reads back bit for bit; infinities as the string "inf" or "-inf",
/// NaN as null.
void append_json_number(std::string& json, double value);

}  // namespace sightline
