#pragma once

#include <string>

#include "harness/media/image.h"

namespace sightline {

struct JpegOptions {
  int quality = 95;              ///< 1..100
  bool optimise_coding = false;  ///< Huffman tables made for this image: smaller, slower
};

/// An 8-bit RGB PNG. `compression` is zlib's level, 0 (none) to 9.
/// All encoders throw `Error` for an image without pixels or with sides the format cannot hold.
std::string encode_png(const Image& image, int compression = 6);

/// A baseline JPEG with libjpeg's defaults: YCbCr, 4:2:0, integer DCT.
std::string encode_jpeg(const Image& image, const JpegOptions& options);
std::string encode_jpeg(const Image& image, int quality);

/// A lossy WebP; `quality` in [0, 100].
std::string encode_webp(const Image& image, float quality);
/// A WebP that decodes to the same pixels.
std::string encode_webp_lossless(const Image& image);

}  // namespace sightline
