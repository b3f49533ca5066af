#pragma once

#include <bit>
#include <cstdint>

#include "models/kernels/packed_matrix.h"

namespace sightline {

inline float to_float(float value) {
  return value;
}
inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}

/// `value` in the nearest T; BFloat16 rounds ties to even and keeps NaN.
template <typename T>
T round_to(float value);
template <>
inline float round_to<float>(float value) {
  return value;
}
template <>
inline BFloat16 round_to<BFloat16>(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40U;
  const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return {static_cast<std::uint16_t>(is_nan ? nan : rounded)};
}

}  // namespace sightline
