#pragma once

#include <string_view>

#include "harness/media/decode.h"

namespace sightline {

/// The EXIF orientation (1..8) that an image file states, 1 when it states none or nonsense: from
/// the Exif block, else from "tiff:Orientation" in XMP, as Pillow looks for it.
int stated_orientation(std::string_view bytes, ImageFormat format);

/// The image that a viewer shows for a stored image of EXIF orientation `orientation`:
/// 1 as it is, 2 mirrored left-right, 3 turned by 180 degrees, 4 mirrored top-bottom, 5 transposed,
/// 6 turned clockwise by 90 degrees, 7 transposed along the other diagonal, 8 turned
/// counter-clockwise by 90 degrees. Other values count as 1.
Image apply_orientation(Image image, int orientation);

}  // namespace sightline
