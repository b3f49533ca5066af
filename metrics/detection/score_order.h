#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace sightline {

/// A number that is smaller for a better score: equal for equal scores (0 and -0 among them), and
/// greatest for NaN, which numpy's sort puts last as well. Integers order everything, so that
/// sorting by this key is safe whatever a file holds.
inline std::uint64_t best_first_key(double score) {
  if (std::isnan(score)) return std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);
  return (bits & kSign) != 0 ? bits : ~(bits | kSign);
}

}  // namespace sightline
