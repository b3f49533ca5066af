#pragma once

#include <optional>

#include "harness/media/image.h"

namespace sightline {

/// Pillow's resampling filters; their radii in source pixels are 0.5 (box), 1 (bilinear, Hamming),
/// 2 (bicubic, a = -0.5) and 3 (Lanczos), times the factor of reduction.
enum class ResizeFilter { kNearest, kBox, kBilinear, kHamming, kBicubic, kLanczos };

/// Which way the first of the two passes goes. Between the passes the image is rounded to 8 bits,
/// so the order shows: by tens of levels on noise.
enum class PassOrder {
  kPillow12,  ///< horizontal first, but vertical first when H > 100 W and the height shrinks
  kPillow13,  ///< vertical first when the height shrinks and H - h > 2 (W - w)
};

/// The part of the source that is scaled to the result, in source pixels; edges may be fractions.
struct ResizeBox {
  double left = 0, top = 0, right = 0, bottom = 0;
};

struct ResizeOptions {
  PassOrder order = PassOrder::kPillow12;
  std::optional<ResizeBox> box = std::nullopt;  ///< none: the whole image
};

/// `image` scaled to `width` x `height`, bit for bit as Pillow's `Image.resize` on RGB: separable
/// filter with 22-bit fixed-point weights, antialiased when shrinking.
/// Throws `Error` for a size without pixels, an empty image, or a box outside it.
/// Cost: about width * (H + height) * taps multiplications a channel.
Image resize(const Image& image, int width, int height, ResizeFilter filter,
             const ResizeOptions& options = {});
/// The same with the whole image as the source.
Image resize(const Image& image, int width, int height, ResizeFilter filter, PassOrder order);

}  // namespace sightline
