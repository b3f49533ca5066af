#include "harness/base/text.h"

#include <utf8proc.h>

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {

namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code_point = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
    const auto used =
        utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (used <= 0) return false;
    at += static_cast<std::size_t>(used);
  }
  return true;
}

std::uint32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  if (lead < 0x80) {
    ++position;
    return lead;
  }
  utf8proc_int32_t code_point = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + position);
  const auto used =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - position), &code_point);
  require(used > 0, "text is not valid UTF-8 at byte {}", position);
  position += static_cast<std::size_t>(used);
  return static_cast<std::uint32_t>(code_point);
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto used = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(used));
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool is_space(std::uint32_t c) {
  if (c < 0x80) return is_ascii_space(static_cast<char>(c));
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view strip(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t after = begin;
    if (!is_space(next_code_point(text, after))) break;
    begin = after;
  }
  text.remove_prefix(begin);
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    std::size_t position = last;
    if (!is_space(next_code_point(text, position))) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

std::vector<std::string_view> split_at_space(std::string_view text) {
  std::vector<std::string_view> pieces;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t before = at;
    if (!is_space(next_code_point(text, at))) continue;
    if (before > start) pieces.push_back(text.substr(start, before - start));
    start = at;
  }
  if (text.size() > start) pieces.push_back(text.substr(start));
  return pieces;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

bool is_letter(std::uint32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_upper(std::uint32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) == UTF8PROC_CATEGORY_LU;
}

bool is_decimal_digit(std::uint32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) == UTF8PROC_CATEGORY_ND;
}

std::string to_lower(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  if (is_ascii(text)) {
    for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return lower;
  }
  for (std::size_t at = 0; at < text.size();) {
    const auto code_point = static_cast<utf8proc_int32_t>(next_code_point(text, at));
    append_utf8(lower, static_cast<std::uint32_t>(utf8proc_tolower(code_point)));
  }
  return lower;
}

}  // namespace sightline
