#include "harness/media/decode.h"

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/media/codecs.h"
#include "harness/media/orientation.h"

namespace sightline {
namespace {

constexpr std::string_view kJpegStart = "\xFF\xD8\xFF";
constexpr std::string_view kPngStart = "\x89PNG\r\n\x1A\n";

std::string first_bytes(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 8)) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned char>(c));
  }
  return text;
}

ImageFormat format_of(std::string_view bytes) {
  require(!bytes.empty(), "the image is empty (0 bytes)");
  if (bytes.starts_with(kJpegStart)) return ImageFormat::kJpeg;
  if (bytes.starts_with(kPngStart)) return ImageFormat::kPng;
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return ImageFormat::kWebp;
  fail("neither a JPEG, a PNG nor a WebP: the {} bytes start with {}", bytes.size(),
       first_bytes(bytes));
}

std::string reading(const std::filesystem::path& path) {
  return fmt::format("reading image {}", path.string());
}

}  // namespace

std::string_view name_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
  }
  return "";
}

Image decode_image(std::string_view bytes, const DecodeOptions& options) {
  const ImageFormat format = format_of(bytes);
  Image image = format == ImageFormat::kJpeg  ? codecs::decode_jpeg(bytes, options.max_pixels)
                : format == ImageFormat::kPng ? codecs::decode_png(bytes, options.max_pixels)
                                              : codecs::decode_webp(bytes, options.max_pixels);
  if (!options.apply_exif_orientation) return image;
  return apply_orientation(std::move(image), stated_orientation(bytes, format));
}

Image read_image(const std::filesystem::path& path, const DecodeOptions& options) {
  const MappedFile file(path);
  return with_context([&] { return reading(path); },
                      [&] { return decode_image(file.bytes(), options); });
}

ImageInfo probe_image(std::string_view bytes) {
  switch (format_of(bytes)) {
    case ImageFormat::kJpeg:
      return codecs::probe_jpeg(bytes);
    case ImageFormat::kPng:
      return codecs::probe_png(bytes);
    case ImageFormat::kWebp:
      break;
  }
  return codecs::probe_webp(bytes);
}

ImageInfo probe_image_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  return with_context([&] { return reading(path); }, [&] { return probe_image(file.bytes()); });
}

void codecs::require_size(const ImageInfo& info, std::int64_t max_pixels) {
  require(info.width > 0 && info.height > 0, "the {} has no pixels: its header says {} x {}",
          name_of(info.format), info.width, info.height);
  require(std::int64_t{info.width} <= max_pixels / info.height,
          "the {} declares {} x {} pixels, more than the limit of {} (a decompression bomb, or "
          "raise the limit)",
          name_of(info.format), info.width, info.height, max_pixels);
}

void codecs::require_encodable(const Image& image, std::string_view format, int longest) {
  require(image.width > 0 && image.height > 0, "cannot write a {} of {} x {} pixels", format,
          image.width, image.height);
  require(image.width <= longest && image.height <= longest,
          "cannot write a {} of {} x {} pixels: its sides end at {}", format, image.width,
          image.height, longest);
  require(image.pixels.size() == image.row_bytes() * static_cast<std::size_t>(image.height),
          "cannot write a {}: {} bytes of pixels for {} x {}", format, image.pixels.size(),
          image.width, image.height);
}

}  // namespace sightline
