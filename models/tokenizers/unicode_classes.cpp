#include "models/tokenizers/unicode_classes.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "harness/base/text.h"

namespace sightline {

namespace {

utf8proc_category_t category(std::uint32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

bool is_between(utf8proc_category_t value, utf8proc_category_t first, utf8proc_category_t last) {
  return value >= first && value <= last;
}

std::uint8_t class_of(std::uint32_t c) {
  if (c == '\n' || c == '\r') return kSpaceClass | kNewlineClass;
  if (is_white_space(c)) return kSpaceClass;
  const utf8proc_category_t kind = category(c);
  if (is_between(kind, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LO)) return kLetterClass;
  if (is_between(kind, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO)) return kNumberClass;
  return 0;
}

struct Interval {
  std::uint32_t first, last;
};

template <std::size_t N>
bool is_within(const Interval (&intervals)[N], std::uint32_t c) {
  const auto* found = std::ranges::lower_bound(intervals, c, {}, &Interval::last);
  return found != std::end(intervals) && c >= found->first;
}

}  // namespace

namespace unicode_detail {

const std::array<std::uint8_t, 0x10000>& basic_plane() {
  static const auto classes = [] {
    std::array<std::uint8_t, 0x10000> filled{};
    for (std::uint32_t c = 0; c < filled.size(); ++c) filled[c] = class_of(c);
    return filled;
  }();
  return classes;
}

std::uint8_t class_beyond_basic_plane(std::uint32_t code_point) {
  return class_of(code_point);
}

}  // namespace unicode_detail

bool is_white_space(std::uint32_t c) {
  return is_space(c) && !(c >= 0x1C && c <= 0x1F);
}

bool is_numeric(std::uint32_t c) {
  return is_between(category(c), UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}

bool is_mark(std::uint32_t c) {
  return is_between(category(c), UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_ME);
}

bool is_nonspacing_mark(std::uint32_t c) {
  return category(c) == UTF8PROC_CATEGORY_MN;
}

bool is_punctuation(std::uint32_t c) {
  if (c < 0x80) {
    return (c >= 0x21 && c <= 0x2F) || (c >= 0x3A && c <= 0x40) || (c >= 0x5B && c <= 0x60) ||
           (c >= 0x7B && c <= 0x7E);
  }
  return is_between(category(c), UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}

bool is_control(std::uint32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF ||
         kind == UTF8PROC_CATEGORY_CN || kind == UTF8PROC_CATEGORY_CO;
}

bool is_word_character(std::uint32_t c) {
  if (c == 0x200C || c == 0x200D) return true;  // Join_Control
  // Alphabetic beyond letters, marks and letter-like numbers: circled and squared letters.
  constexpr Interval kOtherAlphabetic[] = {
      {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
  const utf8proc_category_t kind = category(c);
  return is_between(kind, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_NL) ||
         kind == UTF8PROC_CATEGORY_PC || is_within(kOtherAlphabetic, c);
}

bool is_cjk_ideograph(std::uint32_t c) {
  constexpr Interval kBlocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                  {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                  {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return is_within(kBlocks, c);
}

bool is_plainly_composed(std::uint32_t c) {
  constexpr Interval kComposed[] = {
      {0, 0x2FF},       {0x388, 0x3FF},   {0x400, 0x482},     {0x48A, 0x52F},    {0x5D0, 0x5EA},
      {0x620, 0x64A},   {0x660, 0x66F},   {0xE01, 0xE37},     {0x10D0, 0x10FF},  {0x1E00, 0x1EFF},
      {0x2002, 0x20CF}, {0x2100, 0x2125}, {0x212C, 0x2328},   {0x232B, 0x2ADB},  {0x3000, 0x3029},
      {0x3030, 0x3098}, {0x309B, 0x33FF}, {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},  {0xAC00, 0xD7A3},
      {0xFE10, 0xFE1F}, {0xFF00, 0xFFEF}, {0x1F000, 0x1FAFF}, {0x20000, 0x2A6DF}};
  return is_within(kComposed, c);
}

}  // namespace sightline
