#include "results/comparison/markdown_text.h"

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "results/plain_text.h"

namespace sightline {

namespace {

// "." and "," stay: without "://", "@" and "www" they link nothing. ":" ends schemes.
constexpr std::string_view kSpecial = "\\`*_{}[]()<>#|~&$!@\"':+=^";

std::string with_references(const std::string& line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    const bool begins_link = std::string_view(line).substr(at, 4) == "www.";
    if (kSpecial.find(c) != kSpecial.npos || begins_link) {
      text += fmt::format("&#{};", static_cast<int>(c));
    } else {
      text += c;
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
