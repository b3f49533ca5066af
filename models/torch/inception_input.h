#pragma once

#include <span>

#include "harness/media/image.h"
#include "harness/media/resize_float.h"
#include "models/api/image_networks.h"

namespace sightline {

inline constexpr int kInceptionSide = 299;  ///< pixels of the network's input

/// Resizes and normalises an image for the network; see `InceptionInput` for the ways.
/// @param to  [299, 299, 3], row by row, channels innermost
/// Throws `Error` for an image without pixels.
void fill_inception_input(const Image& image, InceptionInput input, std::span<float> to);
/// The same of samples in [0, 255] that were not rounded to 8 bits.
void fill_inception_input(const FloatImage& image, InceptionInput input, std::span<float> to);

}  // namespace sightline
