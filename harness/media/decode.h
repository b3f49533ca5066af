#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "harness/media/image.h"

namespace sightline {

enum class ImageFormat { kJpeg, kPng, kWebp };

/// "JPEG", "PNG", "WebP".
std::string_view name_of(ImageFormat format);

/// What the header of an image file says.
struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  int width = 0;   ///< as stored: before any EXIF rotation
  int height = 0;  ///< as stored

  bool operator==(const ImageInfo&) const = default;
};

struct DecodeOptions {
  /// Files that declare more pixels are refused before memory is asked for. The default is where
  /// Pillow refuses too: twice its MAX_IMAGE_PIXELS of 89,478,485.
  std::int64_t max_pixels = 178'956'970;
  /// Turn the image upright as its metadata say (Pillow's ImageOps.exif_transpose). Off by default:
  /// evaluations published with Pillow or `datasets` look at the pixels as they are stored.
  bool apply_exif_orientation = false;
};

/// Decodes a JPEG, PNG or WebP (told apart by content) to RGB, with the pixels that Pillow's
/// `Image.open(f).convert("RGB")` gives: grey is replicated, alpha dropped, a palette looked up,
/// 16-bit grey clipped at 255, other 16-bit samples cut to their high byte, four-component JPEGs
/// read as inverted CMYK. Of an animated PNG the still image is read; animated WebP is refused.
///
/// As in Pillow, damage that leaves all rows decodable (libjpeg's warnings) is tolerated; a file
/// cut short is not. Throws `Error` saying what is wrong. Safe for hostile bytes and from any
/// thread.
Image decode_image(std::string_view bytes, const DecodeOptions& options = {});

/// `decode_image` of a file; errors name the file.
Image read_image(const std::filesystem::path& path, const DecodeOptions& options = {});

/// Format and size from the header alone; the pixels behind it are not looked at.
/// Throws `Error` when the bytes are no image or the header is damaged or has a side of zero.
ImageInfo probe_image(std::string_view bytes);

/// `probe_image` of a file; errors name the file.
ImageInfo probe_image_file(const std::filesystem::path& path);

}  // namespace sightline
