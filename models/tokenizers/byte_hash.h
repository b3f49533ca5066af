#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "harness/base/rng.h"

namespace sightline {

/// Eight bytes of memory as a number.
inline std::uint64_t load_word(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// The last `count` (0 to 7) bytes of a text, zero-extended.
inline std::uint64_t load_tail(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

/// A hash of any bytes for tables that live in this process alone.
inline std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  while (bytes.size() >= 8) {
    hash = mix_bits(hash ^ load_word(bytes.data()));
    bytes.remove_prefix(8);
  }
  return mix_bits(hash ^ load_tail(bytes.data(), bytes.size()));
}

}  // namespace sightline
