#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sightline::ptb {

/// Character classes of the tokenizer's rules; a symbol has any number of them.
enum Class : std::uint32_t {
  kLetter = 1u << 0,        ///< a Unicode letter of the basic plane
  kWordLetter = 1u << 1,    ///< a letter, or a mark that stands inside words (accents, soft hyphen)
  kDigit = 1u << 2,         ///< a Unicode decimal digit of the basic plane
  kUpper = 1u << 3,         ///< a Unicode upper-case letter
  kAsciiLetter = 1u << 4,   ///< A-Z, a-z
  kAsciiUpper = 1u << 5,    ///< A-Z
  kAsciiDigit = 1u << 6,    ///< 0-9
  kSpace = 1u << 7,         ///< space, tab, no-break space, U+2000..U+200A, U+3000
  kNewline = 1u << 8,       ///< the line feed behind a caption
  kApostrophe = 1u << 9,    ///< ' and its right curly forms
  kOpenSingle = 1u << 10,   ///< left curly forms, which people also type inside words
  kHyphen = 1u << 11,       ///< - _ and the hyphens of Unicode that join words
  kDash = 1u << 12,         ///< en dash, em dash, bar
  kQuoteMark = 1u << 13,    ///< the quotes that may stand in pairs: curly, angled, `
  kSymbol = 1u << 14,       ///< + % & and other signs that are tokens of their own
  kCurrency = 1u << 15,     ///< currency signs other than $ and #
  kStop = 1u << 16,         ///< . and the full stops of other scripts
  kInSentence = 1u << 17,   ///< , ; : and the ideographic comma
  kIgnored = 1u << 18,      ///< zero-width marks, NUL, DEL
  kSuperscript = 1u << 19,  ///< superscript digits
  kSubscript = 1u << 20,    ///< subscript digits
  kScriptSign = 1u << 21,   ///< superscript and subscript plus and minus
  kFractionSign = 1u << 22,  ///< vulgar fractions in one character
  kOpensTag = 1u << 23,      ///< < with a > behind it in the line
  kEnd = 1u << 31,           ///< behind the text
};

constexpr std::uint32_t kWordCharacter = kLetter | kDigit;
constexpr std::uint32_t kAsciiAlphanumeric = kAsciiLetter | kAsciiDigit;
constexpr std::uint32_t kSpaceOrNewline = kSpace | kNewline;

/// A code point with its classes.
struct Symbol {
  char32_t code = 0;
  std::uint32_t classes = kEnd;

  bool is(std::uint32_t any_of) const { return (classes & any_of) != 0; }
  bool operator==(char32_t other) const { return code == other && classes != kEnd; }
};

/// The classes of a code point.
std::uint32_t classes_of(char32_t code);

/// A caption as symbols, ready for matching: behind its end stand a line feed, the line that
/// follows it (if any), and symbols of class `kEnd`, so that matchers need no bounds.
class SymbolText {
 public:
  /// Line breaks of any kind inside a text become spaces. Throws `Error` where it is not UTF-8.
  void assign(std::string_view caption, std::string_view next_line);

  const Symbol* begin() const { return symbols_.data(); }
  /// The line feed behind the caption.
  const Symbol* end() const { return symbols_.data() + size_; }
  bool has_at_sign() const { return has_at_sign_; }
  /// Whether a full stop stands before a letter, as in a host name.
  bool has_inner_stop() const { return has_inner_stop_; }

 private:
  void append_line(std::string_view text);
  void mark_tags(std::size_t begin);

  std::vector<Symbol> symbols_;
  std::size_t size_ = 0;
  bool has_at_sign_ = false;
  bool has_inner_stop_ = false;
};

}  // namespace sightline::ptb
