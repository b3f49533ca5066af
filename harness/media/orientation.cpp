#include "harness/media/orientation.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace sightline {
namespace {

struct Metadata {
  std::string_view exif;  // a TIFF structure, perhaps behind "Exif\0\0"
  std::string_view xmp;
};

constexpr std::string_view kExifPrefix("Exif\0\0", 6);
constexpr std::string_view kXmpPrefix("http://ns.adobe.com/xap/1.0/\0", 29);

// Reads past the end give 0, so that a damaged block says nothing rather than something wrong.
std::uint32_t number_at(std::string_view bytes, std::size_t at, int size, bool big_endian) {
  const auto width = static_cast<std::size_t>(size);
  if (at > bytes.size() || bytes.size() - at < width) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const std::size_t from = big_endian ? at + i : at + width - 1 - i;
    value = value << 8 | static_cast<std::uint8_t>(bytes[from]);
  }
  return value;
}

Metadata jpeg_metadata(std::string_view bytes) {
  Metadata found;
  std::size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at] == '\xFF') {
    const std::uint32_t marker = number_at(bytes, at + 1, 1, true);
    if (marker == 0xFF) {
      ++at;  // fill bytes may stand before a marker
      continue;
    }
    const std::uint32_t size = number_at(bytes, at + 2, 2, true);
    if (marker == 0xDA || size < 2) break;
    const std::string_view body = bytes.substr(at + 4, size - 2);
    if (marker == 0xE1 && body.starts_with(kExifPrefix) && found.exif.empty()) found.exif = body;
    if (marker == 0xE1 && body.starts_with(kXmpPrefix) && found.xmp.empty()) found.xmp = body;
    at += 2 + size;
  }
  return found;
}

Metadata png_metadata(std::string_view bytes) {
  Metadata found;
  std::size_t at = 8;
  while (at + 12 <= bytes.size()) {
    const std::size_t size = number_at(bytes, at, 4, true);
    const std::string_view type = bytes.substr(at + 4, 4);
    const std::string_view body = bytes.substr(at + 8, size);
    if (type == "eXIf") found.exif = body;
    if (type == "iTXt" && body.starts_with("XML:com.adobe.xmp")) found.xmp = body;
    at += 12 + size;
  }
  return found;
}

Metadata webp_metadata(std::string_view bytes) {
  Metadata found;
  std::size_t at = 12;
  while (at + 8 <= bytes.size()) {
    const std::size_t size = number_at(bytes, at + 4, 4, false);
    const std::string_view type = bytes.substr(at, 4);
    const std::string_view body = bytes.substr(at + 8, size);
    if (type == "EXIF") found.exif = body;
    if (type == "XMP ") found.xmp = body;
    at += 8 + size + size % 2;
  }
  return found;
}

Metadata metadata_of(std::string_view bytes, ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return jpeg_metadata(bytes);
    case ImageFormat::kPng:
      return png_metadata(bytes);
    case ImageFormat::kWebp:
      return webp_metadata(bytes);
  }
  return {};
}

std::optional<std::uint32_t> exif_orientation(std::string_view exif) {
  constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3, kLong = 4;
  while (exif.starts_with(kExifPrefix)) exif.remove_prefix(kExifPrefix.size());
  const bool big_endian = exif.starts_with(std::string_view("MM\0*", 4));
  if (!big_endian && !exif.starts_with(std::string_view("II*\0", 4))) return std::nullopt;
  const std::size_t directory = number_at(exif, 4, 4, big_endian);
  const std::uint32_t count = number_at(exif, directory, 2, big_endian);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + std::size_t{12} * i;
    if (number_at(exif, entry, 2, big_endian) != kOrientationTag) continue;
    const std::uint32_t type = number_at(exif, entry + 2, 2, big_endian);
    if (type == kShort) return number_at(exif, entry + 8, 2, big_endian);
    if (type == kLong) return number_at(exif, entry + 8, 4, big_endian);
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kKey = "tiff:Orientation";
  for (std::size_t at = xmp.find(kKey); at != xmp.npos; at = xmp.find(kKey, at + 1)) {
    std::string_view rest = xmp.substr(at + kKey.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      return static_cast<std::uint32_t>(rest[0] - '0');
    }
  }
  return std::nullopt;
}

// Pixel (x, y) of the result is the stored pixel at origin + x * step_x + y * step_y.
struct Walk {
  std::ptrdiff_t origin, step_x, step_y;
};

Walk walk_of(std::ptrdiff_t width, std::ptrdiff_t height, int orientation) {
  const std::ptrdiff_t right = width - 1, bottom = width * (height - 1);
  switch (orientation) {
    case 2:
      return {right, -1, width};
    case 3:
      return {bottom + right, -1, -width};
    case 4:
      return {bottom, 1, -width};
    case 5:
      return {0, width, 1};
    case 6:
      return {bottom, -width, 1};
    case 7:
      return {bottom + right, -width, -1};
    default:
      return {right, width, -1};
  }
}

}  // namespace

int stated_orientation(std::string_view bytes, ImageFormat format) {
  const Metadata metadata = metadata_of(bytes, format);
  std::optional<std::uint32_t> orientation = exif_orientation(metadata.exif);
  if (!orientation) orientation = xmp_orientation(metadata.xmp);
  return orientation && *orientation >= 1 && *orientation <= 8 ? static_cast<int>(*orientation) : 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const Walk walk = walk_of(image.width, image.height, orientation);
  const bool turned = orientation >= 5;
  Image result =
      black_image(turned ? image.height : image.width, turned ? image.width : image.height);
  for (int y = 0; y < result.height; ++y) {
    std::uint8_t* out = result.row(y);
    std::ptrdiff_t from = walk.origin + y * walk.step_y;
    for (int x = 0; x < result.width; ++x, from += walk.step_x, out += 3) {
      const std::uint8_t* pixel = image.pixels.data() + 3 * from;
      out[0] = pixel[0], out[1] = pixel[1], out[2] = pixel[2];
    }
  }
  return result;
}

}  // namespace sightline
