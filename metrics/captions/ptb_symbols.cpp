#include "metrics/captions/ptb_symbols.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "harness/base/text.h"

namespace sightline::ptb {

namespace {

constexpr char32_t kLineSeparator = 0x2028;
constexpr char32_t kParagraphSeparator = 0x2029;

struct Range {
  char32_t first, last;
};

/// Marks, accents and letters of scripts that belong to words beside Unicode's letters.
constexpr Range kWordMarks[] = {
    {0x00AD, 0x00AD}, {0x0237, 0x024F}, {0x02C2, 0x02C5}, {0x02D2, 0x02DF}, {0x02E5, 0x037D},
    {0x0384, 0x0385}, {0x03CF, 0x03CF}, {0x03F6, 0x03F6}, {0x03FC, 0x03FF}, {0x0483, 0x0487},
    {0x04CF, 0x04CF}, {0x04F6, 0x04FF}, {0x0510, 0x0525}, {0x055A, 0x055F}, {0x0591, 0x05BD},
    {0x05BF, 0x05BF}, {0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0615, 0x061A},
    {0x063B, 0x063F}, {0x064B, 0x065E}, {0x0670, 0x0670}, {0x06D6, 0x06EF}, {0x06FA, 0x06FF},
    {0x070F, 0x070F}, {0x0711, 0x0711}, {0x0730, 0x077F}, {0x07A6, 0x07B1}, {0x07CA, 0x07F5},
    {0x07FA, 0x07FA}, {0x0900, 0x0903}, {0x093C, 0x093C}, {0x093E, 0x094E}, {0x0951, 0x0955},
    {0x0962, 0x0963}, {0x0981, 0x0983}, {0x09BC, 0x09C4}, {0x09C7, 0x09C8}, {0x09CB, 0x09CD},
    {0x09D7, 0x09D7}, {0x09E2, 0x09E3}, {0x0A01, 0x0A03}, {0x0A3C, 0x0A3C}, {0x0A3E, 0x0A4F},
    {0x0A81, 0x0A83}, {0x0ABC, 0x0ACF}, {0x0B82, 0x0B82}, {0x0BBE, 0x0BC2}, {0x0BC6, 0x0BC8},
    {0x0BCA, 0x0BCD}, {0x0C01, 0x0C03}, {0x0C3E, 0x0C56}, {0x0D3E, 0x0D44}, {0x0D46, 0x0D48},
    {0x0E30, 0x0E3A}, {0x0E47, 0x0E4E}, {0x0EB1, 0x0EBC}, {0x0EC8, 0x0ECD},
};

constexpr Range kSigns[] = {
    {'%', '&'},       {'+', '+'},       {'\\', '\\'},     {'^', '^'},       {'|', '|'},
    {'~', '~'},       {0x00A6, 0x00A9}, {0x00AC, 0x00AC}, {0x00AE, 0x00BA}, {0x00D7, 0x00D7},
    {0x00F7, 0x00F7}, {0x0387, 0x0387}, {0x05BE, 0x05BE}, {0x05C0, 0x05C0}, {0x05C3, 0x05C3},
    {0x05C6, 0x05C6}, {0x05F3, 0x05F4}, {0x0600, 0x0603}, {0x0606, 0x060A}, {0x060C, 0x060C},
    {0x0614, 0x0614}, {0x061B, 0x061B}, {0x061E, 0x061E}, {0x066A, 0x066A}, {0x066D, 0x066D},
    {0x0703, 0x070D}, {0x07F6, 0x07F8}, {0x0964, 0x0965}, {0x0E4F, 0x0E4F}, {0x1FBD, 0x1FBD},
    {0x2016, 0x2017}, {0x2020, 0x2023}, {0x2030, 0x2038}, {0x203B, 0x203B}, {0x203E, 0x2042},
    {0x2044, 0x2044}, {0x207A, 0x207F}, {0x208A, 0x208E}, {0x2100, 0x214F}, {0x2190, 0x2BFF},
    {0x3012, 0x3012}, {0x30FB, 0x30FB}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40},
    {0xFF5B, 0xFF65},
};

bool within(char32_t code, std::span<const Range> ranges) {
  const auto after = std::ranges::upper_bound(ranges, code, {}, &Range::first);
  return after != ranges.begin() && code <= std::prev(after)->last;
}

bool one_of(char32_t code, std::u32string_view set) {
  return set.find(code) != std::u32string_view::npos;
}

/// Quotes, apostrophes, hyphens and dashes, with the bytes that Windows-1252 gave them.
std::uint32_t quote_classes(char32_t code) {
  std::uint32_t classes = 0;
  if (one_of(code, U"'\u0092\u2019")) classes |= kApostrophe;
  if (one_of(code, U"\u0091\u2018\u201B")) classes |= kOpenSingle;
  if (code == '`' || (code >= 0x2018 && code <= 0x201F) || (code >= 0x91 && code <= 0x94) ||
      one_of(code, U"\u2039\u203A\u00AB\u00BB")) {
    classes |= kQuoteMark;
  }
  if (one_of(code, U"-_\u058A\u2010\u2011")) classes |= kHyphen;
  if (one_of(code, U"\u0096\u0097\u2013\u2014\u2015")) classes |= kDash;
  return classes;
}

std::uint32_t number_classes(char32_t code) {
  std::uint32_t classes = 0;
  if (one_of(code, U"\u2070\u00B9\u00B2\u00B3") || (code >= 0x2074 && code <= 0x2079)) {
    classes |= kSuperscript;
  }
  if (code >= 0x2080 && code <= 0x2089) classes |= kSubscript;
  if (one_of(code, U"\u207A\u207B\u208A\u208B")) classes |= kScriptSign;
  if (one_of(code, U"\u00BC\u00BD\u00BE") || (code >= 0x2153 && code <= 0x215E)) {
    classes |= kFractionSign;
  }
  if (one_of(code,
             U"\u00A2\u00A3\u00A4\u00A5\u0080\u20A0\u20AC\u060B\u0E3F\u20A4\uFFE0\uFFE1\uFFE5"
             U"\uFFE6")) {
    classes |= kCurrency;
  }
  return classes;
}

std::uint32_t spacing_classes(char32_t code) {
  std::uint32_t classes = 0;
  if (one_of(code, U" \t\u00A0\u3000") || (code >= 0x2000 && code <= 0x200A)) classes |= kSpace;
  if (code == '\n') classes |= kNewline;
  if (code == 0 || one_of(code, U"\u007F\u200B\u200E\u200F\uFEFF")) classes |= kIgnored;
  if (one_of(code, U",;:\u3001")) classes |= kInSentence;
  if (one_of(code, U".\u00A1\u00BF\u037E\u0589\u061F\u06D4\u0700\u0701\u0702\u07FA\u3002")) {
    classes |= kStop;
  }
  return classes;
}

std::uint32_t letter_classes(char32_t code) {
  std::uint32_t classes = 0;
  if (is_letter(code)) classes |= kLetter | kWordLetter;
  if (is_upper(code)) classes |= kUpper;
  if (is_decimal_digit(code)) classes |= kDigit;
  if (within(code, kWordMarks)) classes |= kWordLetter;
  if (code < 0x80 && (classes & kLetter)) classes |= kAsciiLetter;
  if (code < 0x80 && (classes & kUpper)) classes |= kAsciiUpper;
  if (code < 0x80 && (classes & kDigit)) classes |= kAsciiDigit;
  return classes;
}

std::uint32_t compute_classes(char32_t code) {
  if (code > 0xFFFF) return 0;  // the rules know the basic plane only
  std::uint32_t classes =
      letter_classes(code) | spacing_classes(code) | number_classes(code) | quote_classes(code);
  if (within(code, kSigns)) classes |= kSymbol;
  return classes;
}

using ClassTable = std::array<std::uint32_t, 0x100>;

const ClassTable& latin_classes() {
  static const ClassTable table = [] {
    ClassTable classes{};
    for (char32_t code = 0; code < classes.size(); ++code) classes[code] = compute_classes(code);
    return classes;
  }();
  return table;
}

}  // namespace

std::uint32_t classes_of(char32_t code) {
  return code < 0x100 ? latin_classes()[code] : compute_classes(code);
}

void SymbolText::append_line(std::string_view text) {
  const ClassTable& table = latin_classes();
  const std::size_t begin = symbols_.size();
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      const char32_t code = byte >= '\n' && byte <= '\r' ? U' ' : char32_t{byte};
      symbols_.push_back({code, table[code]});
      ++at;
    } else {
      char32_t code = next_code_point(text, at);
      if (code == kLineSeparator || code == kParagraphSeparator) code = U' ';
      symbols_.push_back({code, classes_of(code)});
    }
  }
  if (text.find('<') != std::string_view::npos) mark_tags(begin);
  symbols_.push_back({U'\n', table['\n']});
}

void SymbolText::mark_tags(std::size_t begin) {
  bool closes = false;
  for (std::size_t at = symbols_.size(); at > begin; --at) {
    Symbol& symbol = symbols_[at - 1];
    if (symbol == U'>') closes = true;
    if (symbol == U'<' && closes) symbol.classes |= kOpensTag;
  }
}

void SymbolText::assign(std::string_view caption, std::string_view next_line) {
  symbols_.clear();
  append_line(caption);
  size_ = symbols_.size() - 1;
  has_at_sign_ = caption.find('@') != std::string_view::npos;
  has_inner_stop_ = false;
  for (std::size_t at = 0; at + 1 < size_ && !has_inner_stop_; ++at) {
    has_inner_stop_ = symbols_[at] == U'.' && symbols_[at + 1].is(kAsciiLetter);
  }
  if (!next_line.empty()) append_line(next_line);
  symbols_.push_back({});
}

}  // namespace sightline::ptb
