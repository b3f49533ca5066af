#pragma once

#include <string>
#include <string_view>

namespace sightline {

/// Text of any origin as one line of Markdown that shows it and does nothing else: every character
/// with a meaning in Markdown or HTML is a numeric character reference, which CommonMark 0.31
/// (section 2.5) never takes for structure. In <code>, so that no one is mentioned by it and no
/// issue linked. Empty text is "*(empty)*".
std::string markdown_code(std::string_view text);

/// The same for sentences of our own with names in them: plain, but with "@" and "#" kept apart
/// from what follows.
std::string markdown_words(std::string_view text);

/// At most `most` code points of `text` as one line (`one_line`), with "…" where it is cut.
std::string shortened_line(std::string_view text, std::size_t most);

}  // namespace sightline
