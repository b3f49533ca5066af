#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>

// Small steps of the hand-written scanners. All take any bytes and none backtracks.

namespace sightline {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Space, tab, line feed, vertical tab, form feed, carriage return.
inline bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Moves `at` behind ASCII white space.
inline void skip_blanks(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_blank(text[at])) ++at;
}

/// Moves `at` behind `token` if it stands there.
inline bool take(std::string_view text, std::size_t& at, std::string_view token) {
  if (text.compare(at, token.size(), token) != 0) return false;
  at += token.size();
  return true;
}
inline bool take(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

/// The end of the number at `at`: an optional minus, digits with at most one period, an optional
/// exponent; `at` itself where there is none.
inline std::size_t end_of_number(std::string_view text, std::size_t at) {
  std::size_t end = at;
  if (end < text.size() && text[end] == '-') ++end;
  const std::size_t digits = end;
  while (end < text.size() && is_digit(text[end])) ++end;
  std::size_t count = end - digits;
  if (end < text.size() && text[end] == '.') {
    const std::size_t fraction = ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
    count += end - fraction;
  }
  if (count == 0) return at;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
    const std::size_t first = exponent;
    while (exponent < text.size() && is_digit(text[exponent])) ++exponent;
    if (exponent > first) end = exponent;
  }
  return end;
}

/// Reads a number and moves `at` behind it. No value, and `at` stays, where there is none or it
/// does not fit a double.
inline std::optional<double> take_number(std::string_view text, std::size_t& at) {
  const std::size_t end = end_of_number(text, at);
  if (end == at) return std::nullopt;
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
  if (error != std::errc() || stop != text.data() + end || !std::isfinite(value)) {
    return std::nullopt;
  }
  at = end;
  return value;
}

}  // namespace sightline
