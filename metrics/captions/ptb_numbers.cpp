#include <algorithm>

#include "metrics/captions/ptb_matchers.h"

namespace sightline::ptb {

namespace {

constexpr char32_t kNoBreakSpace = 0xA0;
constexpr char32_t kFractionSlash = 0x2044;

bool is_phone_separator(const Symbol& symbol) {
  return symbol == U'-' || symbol == U' ' || symbol == kNoBreakSpace;
}

bool is_decimal_mark(const Symbol& symbol) {
  return one_of(symbol, ".,") || symbol == char32_t{0x066B} || symbol == char32_t{0x066C};
}

bool is_number_joint(const Symbol& symbol) {
  return is_decimal_mark(symbol) || symbol == U':' || symbol == char32_t{0xAD};
}

/// Groups of digits, each behind a mark that `joins`.
template <typename Joins>
std::size_t match_groups(Place at, Joins joins) {
  std::size_t length = 0;
  while (joins(at[length])) {
    const std::size_t digits = run(at + length + 1, kDigit);
    if (digits == 0) break;
    length += 1 + digits;
  }
  return length;
}

/// One to four digits, a slash, one to four digits.
std::size_t match_plain_fraction(Place at) {
  const std::size_t above = run(at, kDigit);
  if (above < 1 || above > 4) return 0;
  std::size_t slash = at[above] == kFractionSlash || at[above] == U'/' ? 1 : 0;
  if (at[above] == U'\\' && at[above + 1] == U'/') slash = 2;
  if (slash == 0) return 0;
  const std::size_t below = std::min<std::size_t>(run(at + above + slash, kDigit), 4);
  return below == 0 ? 0 : above + slash + below;
}

/// The last part of a phone number: three or four digits and three to five, joined or apart.
std::size_t match_phone_tail(Place at) {
  const std::size_t digits = run(at, kAsciiDigit);
  std::size_t longest = digits >= 6 ? std::min<std::size_t>(digits, 9) : 0;
  if ((digits == 3 || digits == 4) && is_phone_separator(at[digits])) {
    const std::size_t last = run(at + digits + 1, kAsciiDigit);
    if (last >= 3) longest = digits + 1 + std::min<std::size_t>(last, 5);
  }
  return longest;
}

/// Two to four digits and a separator, their length or 0.
std::size_t match_phone_group(Place at) {
  const std::size_t digits = run(at, kAsciiDigit);
  return digits >= 2 && digits <= 4 && is_phone_separator(at[digits]) ? digits + 1 : 0;
}

std::size_t match_area_phone(Place at) {
  if (!(*at == U'(')) return 0;
  const std::size_t digits = run(at + 1, kAsciiDigit);
  if (digits < 2 || digits > 3 || !(at[digits + 1] == U')')) return 0;
  std::size_t head = digits + 2;
  if (at[head] == U' ' || at[head] == kNoBreakSpace) ++head;
  const std::size_t tail = match_phone_tail(at + head);
  return tail == 0 ? 0 : head + tail;
}

std::size_t match_plain_phone(Place at) {
  std::size_t head = 0;
  while (head < 2 && at[head] == U'+') ++head;
  std::size_t longest = 0;
  for (int groups = 0; groups < 2; ++groups) {
    const std::size_t group = match_phone_group(at + head);
    if (group == 0) break;
    head += group;
    if (const std::size_t tail = match_phone_tail(at + head)) longest = head + tail;
  }
  return longest;
}

/// 650.723.2300, with a country before it: groups of 2-4, 2-4, 3-4, 3-5 digits.
std::size_t match_dotted_phone(Place at) {
  std::size_t head = 0;
  while (head < 2 && at[head] == U'+') ++head;
  struct Group {
    std::size_t begin, size;
  };
  Group groups[4];
  std::size_t count = 0;
  for (std::size_t place = head; count < 4; ++count) {
    groups[count] = {place, run(at + place, kAsciiDigit)};
    place += groups[count].size + 1;
    if (!(at[place - 1] == U'.')) {
      ++count;
      break;
    }
  }
  const auto fits = [&](std::size_t group, std::size_t least, std::size_t most) {
    return groups[group].size >= least && groups[group].size <= most;
  };
  const auto ends = [&](std::size_t first) -> std::size_t {
    const bool good = first + 3 <= count && fits(first, 2, 4) && fits(first + 1, 3, 4) &&
                      groups[first + 2].size >= 3;
    return good ? groups[first + 2].begin + std::min<std::size_t>(groups[first + 2].size, 5) : 0;
  };
  const std::size_t with_country = count == 4 && fits(0, 2, 4) ? ends(1) : 0;
  return std::max(with_country, head == 0 ? ends(0) : 0);
}

}  // namespace

std::size_t match_date(Place at) {
  std::size_t length = 0;
  for (int part = 0; part < 2; ++part) {
    const std::size_t digits = run(at + length, kDigit);
    length += digits + 1;
    if (digits < 1 || digits > 2 || !one_of(at[length - 1], "-/")) return 0;
  }
  const std::size_t year = run(at + length, kDigit);
  return year < 2 ? 0 : length + std::min<std::size_t>(year, 4);
}

std::size_t match_number(Place at) {
  const std::size_t sign = one_of(*at, "+-") ? 1 : 0;
  const std::size_t digits = run(at + sign, kDigit);
  const Place rest = at + sign + digits;
  const std::size_t groups =
      digits > 0 ? match_groups(rest, is_number_joint) : match_groups(rest, is_decimal_mark);
  return digits + groups == 0 ? 0 : sign + digits + groups;
}

std::size_t match_script_number(Place at) {
  const std::size_t sign = at->is(kScriptSign) ? 1 : 0;
  const std::size_t digits = std::max(run(at + sign, kSuperscript), run(at + sign, kSubscript));
  return digits == 0 ? 0 : sign + digits;
}

std::size_t match_fraction(Place at) {
  std::size_t longest = match_plain_fraction(at);
  const std::size_t whole = run(at, kDigit);
  if (whole >= 1 && whole <= 4 && is_phone_separator(at[whole])) {
    const std::size_t part = match_plain_fraction(at + whole + 1);
    if (part > 0) longest = std::max(longest, whole + 1 + part);
  }
  return longest;
}

std::size_t match_phone(Place at) {
  return std::max({match_area_phone(at), match_plain_phone(at), match_dotted_phone(at)});
}

}  // namespace sightline::ptb
