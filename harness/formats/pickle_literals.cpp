#include "harness/formats/pickle_literals.h"

#include <bit>
#include <charconv>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

template <typename T>
T parse_whole(std::string_view literal, const char* kind) {
  T value{};
  const auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), value);
  require(error != std::errc::result_out_of_range, "'{}' does not fit into 64 bits", literal);
  require(error == std::errc() && end == literal.data() + literal.size(), "'{}' is no {}", literal,
          kind);
  return value;
}

std::uint32_t parse_digits(std::string_view digits, int base) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  require(!digits.empty() && error == std::errc() && end == digits.data() + digits.size(),
          "'{}' in an escape is no number of base {}", digits, base);
  return value;
}

/// The byte of a one-letter escape, or 0 when `letter` is none.
char simple_escape(char letter) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv", kBytes = "\\'\"\a\b\f\n\r\t\v";
  const std::size_t at = kLetters.find(letter);
  return at == kLetters.npos ? '\0' : kBytes[at];
}

std::size_t octal_digits(std::string_view text) {
  std::size_t count = 0;
  while (count < 3 && count < text.size() && text[count] >= '0' && text[count] <= '7') ++count;
  return count;
}

/// Appends what the escape behind a backslash stands for; returns its length.
std::size_t append_escape(std::string& bytes, std::string_view escape) {
  require(!escape.empty(), "the byte string ends inside an escape");
  if (const char byte = simple_escape(escape[0]); byte != '\0') {
    bytes += byte;
    return 1;
  }
  if (const std::size_t digits = octal_digits(escape); digits > 0) {
    bytes += static_cast<char>(parse_digits(escape.substr(0, digits), 8) & 0xFF);
    return digits;
  }
  if (escape[0] == 'x') {
    require(escape.size() >= 3, "the byte string ends inside an escape");
    bytes += static_cast<char>(parse_digits(escape.substr(1, 2), 16));
    return 3;
  }
  bytes += '\\';
  return 0;
}

bool is_high_surrogate(std::uint32_t c) {
  return c >= 0xD800 && c < 0xDC00;
}
bool is_low_surrogate(std::uint32_t c) {
  return c >= 0xDC00 && c < 0xE000;
}

/// The next character of raw-unicode-escape at `at`, which moves behind it.
std::uint32_t next_raw_unicode(std::string_view literal, std::size_t& at) {
  const char c = literal[at++];
  if (c != '\\' || at == literal.size()) return static_cast<unsigned char>(c);
  const std::size_t digits = literal[at] == 'u' ? 4 : literal[at] == 'U' ? 8 : 0;
  if (digits == 0) return static_cast<unsigned char>(c);
  require(literal.size() - at > digits, "the text ends inside an escape");
  const std::uint32_t point = parse_digits(literal.substr(at + 1, digits), 16);
  require(point <= 0x10FFFF, "U+{:X} is beyond Unicode", point);
  at += 1 + digits;
  return point;
}

}  // namespace

std::string text_of_byte_string(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  for (const char byte : bytes) append_utf8(text, static_cast<unsigned char>(byte));
  return text;
}

std::string parse_quoted_literal(std::string_view literal) {
  require(literal.size() >= 2 && (literal[0] == '\'' || literal[0] == '"') &&
              literal.back() == literal[0],
          "a byte string is not in quotes");
  literal = literal.substr(1, literal.size() - 2);
  std::string bytes;
  for (std::size_t at = 0; at < literal.size();) {
    const char c = literal[at++];
    if (c == '\\') {
      at += append_escape(bytes, literal.substr(at));
    } else {
      bytes += c;
    }
  }
  return text_of_byte_string(bytes);
}

std::string parse_raw_unicode(std::string_view literal) {
  std::string text;
  for (std::size_t at = 0; at < literal.size();) {
    // Two backslashes stand for themselves and shield what follows.
    if (literal.substr(at, 2) == "\\\\") {
      text += "\\\\";
      at += 2;
      continue;
    }
    std::uint32_t point = next_raw_unicode(literal, at);
    if (is_high_surrogate(point) && at < literal.size()) {
      const std::uint32_t low = next_raw_unicode(literal, at);
      require(is_low_surrogate(low), "U+{:X} is half of a surrogate pair", point);
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    require(!is_high_surrogate(point) && !is_low_surrogate(point),
            "U+{:X} is half of a surrogate pair", point);
    append_utf8(text, point);
  }
  return text;
}

std::int64_t parse_decimal_integer(std::string_view literal) {
  return parse_whole<std::int64_t>(literal, "integer");
}

double parse_real(std::string_view literal) {
  return parse_whole<double>(literal, "real number");
}

std::uint64_t parse_unsigned(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::int64_t parse_two_complement(std::string_view bytes) {
  require(bytes.size() <= 8, "an integer of {} bytes does not fit into 64 bits", bytes.size());
  std::uint64_t value = parse_unsigned(bytes);
  const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
  if (negative && bytes.size() < 8) value |= ~std::uint64_t{0} << (8 * bytes.size());
  return static_cast<std::int64_t>(value);
}

double parse_big_endian_real(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  return std::bit_cast<double>(bits);
}

}  // namespace sightline
