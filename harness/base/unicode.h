#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What Python 3's `str` does beyond one code point at a time, for evaluators written in it.
/// All text is well-formed UTF-8; a function throws `Error` where it meets a broken sequence.
namespace sightline {

/// Python's `str.lower()`: the one-to-one lower case of `to_lower`, except that U+0130 (I with a
/// dot) becomes two code points and a capital sigma at the end of a word becomes the final sigma
/// (Unicode standard, section 3.13, table 3-17).
std::string to_lower_in_context(std::string_view text);

/// Code points of Python's `text.upper()`, where "ß" for instance counts 2 (SpecialCasing.txt).
std::size_t upper_case_length(std::string_view text);

}  // namespace sightline
