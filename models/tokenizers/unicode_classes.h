#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// Classes of characters as the tokenizers' regular expressions and normalisers have them. All text
/// is well-formed UTF-8: `Tokenizer` checks once, these do not.
namespace sightline {

/// Bits for what pre-tokenisation tells apart; no bit: anything else (marks, punctuation, ...).
enum CharClass : std::uint8_t {
  kLetterClass = 1,   ///< \p{L}
  kNumberClass = 2,   ///< \p{N}
  kSpaceClass = 4,    ///< \s, the property White_Space
  kNewlineClass = 8,  ///< line feed and carriage return, which are space as well
};

namespace unicode_detail {
/// The classes of the Basic Multilingual Plane, filled when first asked for.
const std::array<std::uint8_t, 0x10000>& basic_plane();
std::uint8_t class_beyond_basic_plane(std::uint32_t code_point);
}  // namespace unicode_detail

/// A character of a text and its length in bytes.
struct Character {
  std::uint32_t code_point = 0;
  std::uint32_t length = 0;
};

/// The character at `at` < text.size().
inline Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 7) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F), 4};
}

/// The start of the character that ends at `end` > 0.
inline std::size_t start_of_last(std::string_view text, std::size_t end) {
  do {
    --end;
  } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

/// Calls `visit(code_point)` for every character.
template <typename Visit>
void each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    visit(c.code_point);
    at += c.length;
  }
}

/// Finds classes without the cost of a guarded static for each character.
class CharClasses {
 public:
  std::uint8_t of(std::uint32_t code_point) const {
    return code_point < 0x10000 ? plane_[code_point]
                                : unicode_detail::class_beyond_basic_plane(code_point);
  }

 private:
  const std::uint8_t* plane_ = unicode_detail::basic_plane().data();
};

bool is_white_space(std::uint32_t code_point);      ///< the property White_Space
bool is_numeric(std::uint32_t code_point);          ///< category N*
bool is_mark(std::uint32_t code_point);             ///< category M*
bool is_nonspacing_mark(std::uint32_t code_point);  ///< category Mn
bool is_punctuation(std::uint32_t code_point);      ///< category P*, or ASCII punctuation
bool is_control(std::uint32_t code_point);          ///< Cc but tab, LF and CR; Cf, Cn, Co
bool is_word_character(std::uint32_t code_point);   ///< \w: letters, marks, digits, connectors
/// The blocks of Chinese characters that BERT puts spaces around. U+2B820 to U+2B91F are not among
/// them, as in the reference.
bool is_cjk_ideograph(std::uint32_t code_point);

/// True only for characters that normal form C leaves alone whatever stands beside them: a fast
/// test, false for many such characters, too.
bool is_plainly_composed(std::uint32_t code_point);

}  // namespace sightline
