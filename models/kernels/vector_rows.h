#pragma once

// Vectors at the end of a row and of several types, for the instruction set of the file that
// includes this one behind a header of vectors.
#ifndef SIGHTLINE_TARGET
#error "include a header of vectors before this one"
#endif

#include <cstddef>

namespace sightline {
namespace {

constexpr std::size_t kLanes = Floats::kLanes;

/// As a tensor of T would hold it.
template <typename T>
SIGHTLINE_TARGET_INLINE Floats rounded(Floats x) {
  if constexpr (sizeof(T) == 2) return x.rounded_to_bfloat16();
  return x;
}

/// Up to sixteen numbers; the end of a row goes through the same functions as the rest.
template <typename T>
SIGHTLINE_TARGET_INLINE Floats load_some(const T* from, std::size_t count) {
  return count >= kLanes ? Floats::load(from) : Floats::load(from, count);
}
template <typename T>
SIGHTLINE_TARGET_INLINE void store_some(Floats x, T* to, std::size_t count) {
  if (count >= kLanes) {
    x.store(to);
  } else {
    x.store(to, count);
  }
}

}  // namespace
}  // namespace sightline
