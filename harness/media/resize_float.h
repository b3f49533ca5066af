#pragma once

#include <cstddef>
#include <vector>

#include "harness/media/image.h"
#include "harness/media/resize.h"

/// Resizing to floating-point samples, which no later step rounds to 8 bits: the input of networks
/// whose reference code does so. Samples stay in the range of 8-bit images; a filter with negative
/// weights may leave it.
namespace sightline {

/// RGB samples: rows from the top, pixels from the left, channels interleaved.
struct FloatImage {
  int width = 0;
  int height = 0;
  std::vector<float> samples;  ///< height * width * 3
};

/// Each channel scaled as Pillow's `Image.resize` does in mode "F": antialiased when shrinking,
/// weights and sums in double, horizontal pass first, rounded to float after each pass. Also what
/// PyTorch's antialiased interpolation computes, up to rounding. `filter` is not kNearest.
/// Throws `Error` for a size without pixels, an empty image, or kNearest.
FloatImage resize_float(const Image& image, int width, int height, ResizeFilter filter);
FloatImage resize_float(const FloatImage& image, int width, int height, ResizeFilter filter);

/// Where result i of `size` lies among `length` source pixels.
enum class SourceGrid {
  kHalfPixel,  ///< (i + 0.5) * length / size - 0.5, not below 0: PyTorch without `align_corners`
  kCorner,     ///< i * length / size: TensorFlow 1 without `align_corners`
};

/// Linear interpolation of the 2 x 2 nearest pixels without antialiasing, positions in float32.
/// Throws `Error` for a size without pixels or an empty image.
FloatImage interpolate_bilinear(const Image& image, int width, int height, SourceGrid grid);
FloatImage interpolate_bilinear(const FloatImage& image, int width, int height, SourceGrid grid);

}  // namespace sightline
