#pragma once

#include "harness/media/image.h"
#include "harness/media/resize_weights.h"

/// The two passes of a separable resize of 8-bit RGB with fixed-point weights of `bits` fractional
/// bits, each rounded (halves up) and clipped to 8 bits. Sums are 32-bit: the magnitudes of a
/// result's weights must add up to less than 2^31 / 255.
namespace sightline {

/// Rows [first_row, first_row + rows) of `image`, each scaled along x.
Image horizontal_pass(const Image& image, const AxisWeights& axis, int bits, int first_row,
                      int rows);

/// `image` scaled along y; its row 0 is row `first_row` of the source that `axis` speaks of.
Image vertical_pass(const Image& image, const AxisWeights& axis, int bits, int first_row);

/// Both, horizontal first; rows that no result needs are left out.
Image horizontal_then_vertical(const Image& image, const AxisWeights& x, const AxisWeights& y,
                               int x_bits, int y_bits);

}  // namespace sightline
