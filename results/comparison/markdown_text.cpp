#include "results/comparison/markdown_text.h"

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "results/plain_text.h"

namespace sightline {

namespace {

constexpr std::string_view kSpecial = "\\`*_[]<>#|~&$!@^{}";

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether the character at `at` may have a meaning. An underscore inside a word has none
/// (CommonMark 0.31, section 6.2); a colon has one in "http://", the w of "www." makes links.
bool has_meaning(std::string_view line, std::size_t at) {
  const char c = line[at];
  if (c == ':') return line.substr(at).starts_with("://");
  if (c == 'w' || c == 'W') return line.substr(at + 1).starts_with("ww.");
  const bool inside =
      at > 0 && at + 1 < line.size() && is_word(line[at - 1]) && is_word(line[at + 1]);
  return kSpecial.find(c) != kSpecial.npos && !(c == '_' && inside);
}

std::string with_references(const std::string& line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (has_meaning(line, at)) {
      text += fmt::format("&#{};", static_cast<int>(line[at]));
    } else {
      text += line[at];
    }
  }
  return text;
}

}  // namespace

std::string markdown_code(std::string_view text) {
  if (text.empty()) return "*(empty)*";
  return "<code>" + with_references(one_line(text)) + "</code>";
}

std::string markdown_words(std::string_view text) {
  constexpr std::string_view kWordJoiner = "\xE2\x81\xA0";
  std::string words;
  for (const char c : one_line(text)) {
    words += c;
    if (c == '@' || c == '#') words += kWordJoiner;
  }
  return with_references(words);
}

std::string shortened_line(std::string_view text, std::size_t most) {
  const std::string line = one_line(text);
  std::size_t end = 0, count = 0;
  while (end < line.size() && count < most) {
    next_code_point(line, end);
    ++count;
  }
  return end == line.size() ? line : line.substr(0, end) + "…";
}

}  // namespace sightline
