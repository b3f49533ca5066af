#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Literals inside a pickle. Each function throws `Error` saying what is wrong with the literal.
namespace sightline {

/// A byte string as text: as UTF-8 where it is, else byte by byte as Latin-1.
std::string text_of_byte_string(std::string_view bytes);

/// The literal of a Python 2 byte string, in quotes, with backslash escapes, as text.
std::string parse_quoted_literal(std::string_view literal);

/// Python's raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX. Pairs of surrogates, as narrow
/// builds of Python 2 wrote them, become one character; a lone one is an error.
std::string parse_raw_unicode(std::string_view literal);

/// A decimal integer of 64 bits.
std::int64_t parse_decimal_integer(std::string_view literal);
double parse_real(std::string_view literal);

/// A little-endian integer in two's complement, of 0 to 8 bytes.
std::int64_t parse_two_complement(std::string_view bytes);
/// A little-endian integer without sign, of at most 8 bytes.
std::uint64_t parse_unsigned(std::string_view bytes);
/// Eight bytes, big-endian IEEE 754.
double parse_big_endian_real(std::string_view bytes);

}  // namespace sightline
