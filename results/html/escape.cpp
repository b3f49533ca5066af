#include "results/html/escape.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "results/plain_text.h"

namespace sightline {

namespace {

bool continues_a_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// At least the first `most` code points of `text`, or all; cut between characters where it is
/// UTF-8. What is behind them need not be looked at.
std::string_view start_of(std::string_view text, std::size_t most) {
  constexpr std::size_t kLongest = 4;  // bytes of a character
  std::size_t end = kLongest * (most + 1);
  if (text.size() <= end) return text;
  for (std::size_t back = 1; back < kLongest && continues_a_character(text[end]); ++back) --end;
  return text.substr(0, end);
}

/// Cuts `text`, which is UTF-8, behind `most` code points. Whether there was more.
bool cut(std::string& text, std::size_t most) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size() && count < most; ++count) next_code_point(text, at);
  const bool longer = at < text.size();
  text.resize(at);
  return longer;
}

std::string replace_specials(std::string_view line) {
  std::string escaped;
  escaped.reserve(line.size());
  for (const char c : line) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string escape_html(std::string_view text) {
  return replace_specials(one_line(text));
}

std::string escape_block(std::string_view text, std::size_t most) {
  const std::string_view start = start_of(text, most);
  std::string shown;
  for (const std::string_view line : split(start, '\n')) {
    if (line.data() != start.data()) shown += '\n';
    shown += one_line(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
  }
  const bool longer = cut(shown, most) || start.size() < text.size();
  if (!longer) return replace_specials(shown);
  const auto characters = text.size() - static_cast<std::size_t>(std::count_if(
                                            text.begin(), text.end(), continues_a_character));
  return replace_specials(shown) +
         fmt::format("<span class=\"cut\"> … ({} characters in all)</span>",
                     fmt::group_digits(characters));
}

std::string escape_name(std::string_view text, std::size_t most) {
  const std::string_view start = start_of(text, most);
  std::string shown = one_line(start);
  const bool longer = cut(shown, most) || start.size() < text.size();
  return replace_specials(shown) + (longer ? "…" : "");
}

}  // namespace sightline
