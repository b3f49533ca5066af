#include "harness/base/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "harness/base/text.h"

namespace sightline {

namespace {

constexpr std::uint32_t kCapitalSigma = 0x3A3, kSmallSigma = 0x3C3, kFinalSigma = 0x3C2;
constexpr std::uint32_t kCapitalDottedI = 0x130, kCombiningDotAbove = 0x307;

utf8proc_category_t category(std::uint32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

bool is_cased(std::uint32_t c) {
  const auto kind = category(c);
  if (kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
      kind == UTF8PROC_CATEGORY_LT || c == 0xAA || c == 0xBA) {
    return true;
  }
  const auto signed_c = static_cast<utf8proc_int32_t>(c);  // Roman numerals, circled letters
  return utf8proc_tolower(signed_c) != signed_c || utf8proc_toupper(signed_c) != signed_c;
}

/// Marks, modifiers and the punctuation that may stand inside a word (Word_Break MidLetter,
/// MidNumLet and Single_Quote): they neither end a word nor make one.
bool is_case_ignorable(std::uint32_t c) {
  constexpr std::array<std::uint32_t, 17> kInsideWords = {
      0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,  0x5F4,  0x2018, 0x2019,
      0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  if (std::ranges::find(kInsideWords, c) != kInsideWords.end()) return true;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME ||
         kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_LM ||
         kind == UTF8PROC_CATEGORY_SK;
}

template <typename Iterator>
bool meets_cased_letter(Iterator begin, Iterator end) {
  const auto first = std::find_if_not(begin, end, is_case_ignorable);
  return first != end && is_cased(*first);
}

bool ends_a_word(const std::vector<std::uint32_t>& text, std::size_t at) {
  const auto here = text.begin() + static_cast<std::ptrdiff_t>(at);
  return meets_cased_letter(std::make_reverse_iterator(here), text.rend()) &&
         !meets_cased_letter(here + 1, text.end());
}

std::vector<std::uint32_t> code_points(std::string_view text) {
  std::vector<std::uint32_t> points;
  for (std::size_t at = 0; at < text.size();) points.push_back(next_code_point(text, at));
  return points;
}

struct Expansion {
  std::uint32_t first, last;
  std::size_t length;
};

/// Code points whose upper case is longer than one, by the Unicode file SpecialCasing.txt.
constexpr Expansion kUpperCaseExpansions[] = {
    {0xDF, 0xDF, 2},     {0x149, 0x149, 2},   {0x1F0, 0x1F0, 2},   {0x390, 0x390, 3},
    {0x3B0, 0x3B0, 3},   {0x587, 0x587, 2},   {0x1E96, 0x1E9A, 2}, {0x1F50, 0x1F50, 2},
    {0x1F52, 0x1F52, 3}, {0x1F54, 0x1F54, 3}, {0x1F56, 0x1F56, 3}, {0x1F80, 0x1FAF, 2},
    {0x1FB2, 0x1FB4, 2}, {0x1FB6, 0x1FB6, 2}, {0x1FB7, 0x1FB7, 3}, {0x1FBC, 0x1FBC, 2},
    {0x1FC2, 0x1FC4, 2}, {0x1FC6, 0x1FC6, 2}, {0x1FC7, 0x1FC7, 3}, {0x1FCC, 0x1FCC, 2},
    {0x1FD2, 0x1FD3, 3}, {0x1FD6, 0x1FD6, 2}, {0x1FD7, 0x1FD7, 3}, {0x1FE2, 0x1FE3, 3},
    {0x1FE4, 0x1FE4, 2}, {0x1FE6, 0x1FE6, 2}, {0x1FE7, 0x1FE7, 3}, {0x1FF2, 0x1FF4, 2},
    {0x1FF6, 0x1FF6, 2}, {0x1FF7, 0x1FF7, 3}, {0x1FFC, 0x1FFC, 2}, {0xFB00, 0xFB02, 2},
    {0xFB03, 0xFB04, 3}, {0xFB05, 0xFB06, 2}, {0xFB13, 0xFB17, 2}};

}  // namespace

std::string to_lower_in_context(std::string_view text) {
  constexpr std::string_view kSigma = "\u03A3", kDottedI = "\u0130";
  if (text.find(kSigma) == text.npos && text.find(kDottedI) == text.npos) return to_lower(text);
  const std::vector<std::uint32_t> points = code_points(text);
  std::string lower;
  lower.reserve(text.size() + 1);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i] == kCapitalSigma) {
      append_utf8(lower, ends_a_word(points, i) ? kFinalSigma : kSmallSigma);
    } else if (points[i] == kCapitalDottedI) {
      lower += 'i';
      append_utf8(lower, kCombiningDotAbove);
    } else {
      const auto signed_point = static_cast<utf8proc_int32_t>(points[i]);
      append_utf8(lower, static_cast<std::uint32_t>(utf8proc_tolower(signed_point)));
    }
  }
  return lower;
}

std::size_t upper_case_length(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t c = next_code_point(text, at);
    const auto* expansion = std::ranges::find_if(
        kUpperCaseExpansions, [c](const Expansion& e) { return c >= e.first && c <= e.last; });
    length += c < 0xDF || expansion == std::end(kUpperCaseExpansions) ? 1 : expansion->length;
  }
  return length;
}

}  // namespace sightline
