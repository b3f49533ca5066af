#include <algorithm>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

namespace {

constexpr char32_t kNoBreakSpace = 0xA0;

bool is_plain_space(const Symbol& symbol) {
  return symbol == U' ' || symbol == kNoBreakSpace;
}

/// A letter and a character that is no white space.
bool is_word_start(Place at) {
  return at->is(kAsciiLetter) && !at[1].is(kEnd) && !one_of(at[1], " \t\n\r") &&
         !(at[1] == kNoBreakSpace);
}

/// Two or more stops with one space between each.
std::size_t match_spaced_dots(Place at) {
  std::size_t pairs = 0;
  while (pairs < 4 && at[2 * pairs] == U'.' && is_plain_space(at[2 * pairs + 1])) ++pairs;
  while (pairs >= 2 && !(at[2 * pairs] == U'.')) --pairs;
  return pairs >= 2 ? 2 * pairs + 1 : 0;
}

}  // namespace

std::size_t match_dots(Place at) {
  if (*at == char32_t{0x85} || *at == char32_t{0x2026}) return 1;
  std::size_t dots = 0;
  while (dots < 5 && at[dots] == U'.') ++dots;
  return std::max(dots >= 3 ? dots : 0, match_spaced_dots(at));
}

std::size_t match_quotes(Place at) {
  if (at->is(kQuoteMark) && at[1].is(kQuoteMark)) return 2;
  if (*at == U'\'' && at[1] == U'\'') return 2;
  return at->is(kQuoteMark) ? 1 : match_apostrophe(at);
}

std::size_t match_quotes_before_word(Place at) {
  const std::size_t longest = match_quotes(at);
  if (longest > 0 && is_word_start(at + longest)) return longest;
  return 0;
}

std::size_t match_double_quote(Place at) {
  return *at == U'"' ? 1 : literal(at, "&quot;");
}

std::size_t match_smiley(Place at) {
  std::size_t length = one_of(*at, "<>") ? 1 : 0;
  if (!one_of(at[length], ":;=")) return 0;
  ++length;
  if (one_of(at[length], "-o*'")) ++length;
  if (!one_of(at[length], "()DPdpO\\{@|[]")) return 0;
  ++length;
  return at[length].is(kAsciiAlphanumeric | kEnd) ? 0 : length;
}

std::size_t match_asian_smiley(Place at) {
  constexpr std::string_view kEyes = "-^x=~<>'";
  if (one_of(*at, kEyes) && at[1] == U'_' && one_of(at[2], kEyes)) return 3;
  if (!(*at == U'(')) return 0;
  if (one_of(at[1], "^x=~<>'") && at[2] == U'-' && one_of(at[3], "^x=~<>'`") && at[4] == U')') {
    return 5;
  }
  if (!one_of(at[1], kEyes)) return 0;
  const std::size_t right = one_of(at[2], "_.") ? 3 : 2;
  return one_of(at[right], kEyes) && at[right + 1] == U')' ? right + 2 : 0;
}

std::size_t match_asterisks(Place at) {
  std::size_t stars = 0;
  while (at[stars] == U'*') ++stars;
  if (stars > 0) return stars;
  std::size_t escaped = 0;
  while (escaped < 6 && at[escaped] == U'\\' && at[escaped + 1] == U'*') escaped += 2;
  return escaped;
}

}  // namespace sightline::ptb
