#pragma once

#include <array>
#include <cstdint>

#include "harness/media/image.h"
#include "models/processors/image_protocol.h"

/// The steps of image processors on 8-bit images.
namespace sightline {

/// `image` scaled to `size` as the backend does. Throws `Error` for a size that is empty or beyond
/// 178,956,970 pixels (which Pillow takes for an attack), and for a filter that torchvision lacks
/// for tensors (all but bilinear and bicubic).
Image resize_with(const Image& image, FrameSize size, ResizeFilter filter,
                  const ImageProtocol& protocol);

/// The size whose shorter side is `edge` and whose longer is int(edge * long / short).
FrameSize shortest_edge_size(FrameSize image, int edge);

/// The middle `size` pixels from offset (side - wanted) / 2 rounded down. An image that is too
/// small is set in black first; where the margin is odd, the backends put the odd line on opposite
/// sides.
Image crop_middle(const Image& image, FrameSize size, ImageBackend backend);

/// `image` in the middle of a canvas of `size` and `colour`, offsets rounded down. The canvas is
/// not smaller than the image. Throws `Error` for a canvas beyond the pixels above.
Image set_in_middle(const Image& image, FrameSize size, std::array<std::uint8_t, 3> colour);

}  // namespace sightline
