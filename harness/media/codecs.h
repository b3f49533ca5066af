#pragma once

#include <cstdint>
#include <string_view>

#include "harness/media/decode.h"

/// What `decode_image` is made of; one source file a format.
namespace sightline::codecs {

ImageInfo probe_jpeg(std::string_view bytes);
ImageInfo probe_png(std::string_view bytes);
ImageInfo probe_webp(std::string_view bytes);

/// Throw `Error` when the header declares more than `max_pixels`, before memory is asked for.
Image decode_jpeg(std::string_view bytes, std::int64_t max_pixels);
Image decode_png(std::string_view bytes, std::int64_t max_pixels);
Image decode_webp(std::string_view bytes, std::int64_t max_pixels);

/// Throws `Error` unless both sides are positive and hold at most `max_pixels`.
void require_size(const ImageInfo& info, std::int64_t max_pixels);

/// Throws `Error` unless the image has pixels, as many as its sides say, and no side above
/// `longest`.
void require_encodable(const Image& image, std::string_view format, int longest);

inline const std::uint8_t* as_bytes(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace sightline::codecs
