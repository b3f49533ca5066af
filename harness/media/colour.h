#pragma once

#include <cstdint>
#include <vector>

#include "harness/media/image.h"

namespace sightline {

/// Grey values, height * width of them, by ITU-R 601 weights in 16-bit fixed point as Pillow's
/// `convert("L")` has them: (19595 R + 38470 G + 7471 B + 32768) >> 16.
std::vector<std::uint8_t> to_luma(const Image& image);

}  // namespace sightline
