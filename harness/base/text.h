#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// The code point at `position` of well-formed UTF-8; `position` moves behind it.
std::uint32_t next_code_point(std::string_view text, std::size_t& position);

/// Appends `code_point` as UTF-8.
void append_utf8(std::string& text, std::uint32_t code_point);

/// Unicode code points in well-formed UTF-8.
std::size_t count_code_points(std::string_view text);

/// White space as Python's `str.isspace` has it (Unicode White_Space and U+001C..U+001F).
bool is_space(std::uint32_t code_point);

/// `text` without white space (`is_space`) at both ends: Python's `str.strip()`.
std::string_view strip(std::string_view text);

/// Maximal runs without white space: Python's `str.split()`.
std::vector<std::string_view> split_at_space(std::string_view text);

/// Pieces between `separator`; one more than there are separators: Python's `str.split(sep)`.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Unicode general category L*, Lu, Nd.
bool is_letter(std::uint32_t code_point);
bool is_upper(std::uint32_t code_point);
bool is_decimal_digit(std::uint32_t code_point);

/// Every code point's simple lower-case form (utf8proc). ASCII only is a fast path.
std::string to_lower(std::string_view text);

}  // namespace sightline
