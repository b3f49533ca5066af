#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The alphabet of byte-level tokenizers (GPT-2's): a printable character for every byte. The bytes
// 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves; the others become U+0100, U+0101, ...

namespace sightline {

/// The character of each byte.
const std::array<std::uint32_t, 256>& byte_alphabet();

/// Appends the characters for `bytes` as UTF-8.
void append_byte_characters(std::string& text, std::string_view bytes);

/// Appends the bytes that the characters of `token` stand for. False, and nothing appended, if one
/// of them is not in the alphabet.
bool append_alphabet_bytes(std::string& bytes, std::string_view token);

}  // namespace sightline
