#include "harness/base/base64.h"

#include <openssl/evp.h>

#include <limits>

namespace sightline {

namespace {

// OpenSSL counts in int.
constexpr std::size_t kMostText = std::numeric_limits<int>::max() / 4 * 4;

}  // namespace

std::string to_base64(std::string_view bytes) {
  // Pieces of whole groups of three bytes join without padding between them.
  constexpr std::size_t kPiece = kMostText / 4 * 3;
  std::string text;
  for (std::size_t begin = 0; begin < bytes.size(); begin += kPiece) {
    const std::string_view piece = bytes.substr(begin, kPiece);
    const std::size_t place = text.size();
    text.resize(place + (piece.size() + 2) / 3 * 4 + 1);  // OpenSSL writes a final zero
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + place),
                    reinterpret_cast<const unsigned char*>(piece.data()),
                    static_cast<int>(piece.size()));
    text.pop_back();
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > kMostText) return std::nullopt;
  if (text.empty()) return "";
  const auto is_strange = [](char c) { return c == '\n' || c == '\r' || c == '\t' || c == ' '; };
  if (is_strange(text.front()) || is_strange(text.back())) return std::nullopt;  // OpenSSL trims
  std::string bytes(text.size() / 4 * 3, '\0');
  const int count = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()));
  if (count < 0) return std::nullopt;
  // Padding decodes to zero bytes, which are no part of the value.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(count) - padding);
  return bytes;
}

}  // namespace sightline
