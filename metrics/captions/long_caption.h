#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sightline {

/// Statistics of long descriptions, the #char and #sent of the PaliGemma 2 report (2024, table 6).
/// The report does not say how it counts; these are our definitions.

/// Unicode code points of the whole text. Throws `Error` for text that is not UTF-8.
std::size_t count_characters(std::string_view text);

/// Sentences, views into `text`. One ends at white space behind . ! or ? (and closing quotes or
/// brackets) where an ASCII capital or digit follows, perhaps behind an opening quote or bracket.
/// There is no list of abbreviations: "Mr. Jones" is a boundary. White space around a sentence is
/// no part of it; an empty text has none. Throws `Error` for text that is not UTF-8.
std::vector<std::string_view> split_sentences(std::string_view text);

/// How many there are.
std::size_t count_sentences(std::string_view text);

}  // namespace sightline
