#pragma once

#include <cstddef>
#include <cstdint>

namespace sightline {

/// A token's number in its vocabulary, at least 0.
using TokenId = std::int32_t;

/// Stands where a token may be absent.
inline constexpr TokenId kNoToken = -1;

/// Bytes [begin, end) of some text.
struct TextRange {
  std::size_t begin = 0, end = 0;

  std::size_t size() const { return end - begin; }
  bool operator==(const TextRange&) const = default;
};

}  // namespace sightline
