#pragma once

#include <cstddef>
#include <span>

#include "metrics/masks/mask.h"

namespace sightline {

/// The pixels that at least `least` and at most `most` of the masks cover; `least` >= 1. Throws
/// `Error` for no mask or masks of different sizes. Cost: E log E for E edges in all.
Mask cover(std::span<const Mask> masks, std::size_t least, std::size_t most);

/// The pixels that any, all or exactly one of the masks cover.
inline Mask unite(std::span<const Mask> masks) {
  return cover(masks, 1, masks.size());
}
inline Mask intersect(std::span<const Mask> masks) {
  return cover(masks, masks.size(), masks.size());
}
inline Mask covered_once(std::span<const Mask> masks) {
  return cover(masks, 1, 1);
}

}  // namespace sightline
