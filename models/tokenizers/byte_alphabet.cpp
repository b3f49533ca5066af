#include "models/tokenizers/byte_alphabet.h"

#include "harness/base/text.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {

namespace {

constexpr std::uint32_t kFirstExtra = 0x100;

constexpr std::array<std::uint32_t, 256> make_alphabet() {
  std::array<std::uint32_t, 256> characters{};
  std::uint32_t extra = kFirstExtra;
  for (std::uint32_t byte = 0; byte < characters.size(); ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    characters[byte] = printable ? byte : extra++;
  }
  return characters;
}

constexpr std::array<std::uint32_t, 256> kAlphabet = make_alphabet();
constexpr std::size_t kEnd = kFirstExtra + 68;

constexpr std::array<std::int16_t, kEnd> make_inverse() {
  std::array<std::int16_t, kEnd> bytes{};
  bytes.fill(-1);
  for (std::size_t byte = 0; byte < kAlphabet.size(); ++byte) {
    bytes[kAlphabet[byte]] = static_cast<std::int16_t>(byte);
  }
  return bytes;
}

constexpr std::array<std::int16_t, kEnd> kInverse = make_inverse();

}  // namespace

const std::array<std::uint32_t, 256>& byte_alphabet() {
  return kAlphabet;
}

void append_byte_characters(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) append_utf8(text, kAlphabet[static_cast<unsigned char>(byte)]);
}

bool append_alphabet_bytes(std::string& bytes, std::string_view token) {
  const std::size_t before = bytes.size();
  for (std::size_t at = 0; at < token.size();) {
    const Character c = character_at(token, at);
    if (c.code_point >= kEnd || kInverse[c.code_point] < 0) {
      bytes.resize(before);
      return false;
    }
    bytes += static_cast<char>(kInverse[c.code_point]);
    at += c.length;
  }
  return true;
}

}  // namespace sightline
