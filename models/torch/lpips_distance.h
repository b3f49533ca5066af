#pragma once

#include <cstddef>
#include <span>

namespace sightline {

/// The distance of two images at one layer of LPIPS (Zhang et al., CVPR 2018, equation 1): features
/// of each pixel are divided by their length (plus 1e-10), and their squared differences weighted,
/// summed over channels, and averaged over pixels.
/// @param a, b     [pixels, channels], channels innermost
/// @param weights  [channels], a multiple of 16
/// Throws `Error` when sizes do not fit.
double lpips_layer_distance(std::span<const float> a, std::span<const float> b,
                            std::span<const float> weights);

}  // namespace sightline
