#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sightline {

/// `text` as one line (`one_line`) that means itself between tags and in a quoted attribute.
std::string escape_html(std::string_view text);

/// The same with its line breaks kept. Of a text of more than `most` code points the start is shown
/// and the length of the whole said.
std::string escape_block(std::string_view text, std::size_t most = 1500);

/// For names that should be short: one line of at most `most` code points and "…".
std::string escape_name(std::string_view text, std::size_t most = 120);

}  // namespace sightline
