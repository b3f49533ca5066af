#include <webp/decode.h>
#include <webp/encode.h>

#include <memory>

#include "harness/base/error.h"
#include "harness/media/codecs.h"
#include "harness/media/encode.h"

namespace sightline {
namespace {

std::string_view meaning(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "its data end before the image is complete";
    case VP8_STATUS_OUT_OF_MEMORY:
      return "out of memory";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses a feature that libwebp does not support";
    default:
      return "its data are corrupt";
  }
}

void require_ok(VP8StatusCode status, std::size_t size) {
  require(status == VP8_STATUS_OK, "damaged WebP of {} bytes: {}", size, meaning(status));
}

WebPBitstreamFeatures features_of(std::string_view bytes) {
  WebPBitstreamFeatures features{};
  require_ok(WebPGetFeatures(codecs::as_bytes(bytes), bytes.size(), &features), bytes.size());
  return features;
}

struct WebpFree {
  void operator()(std::uint8_t* data) const { WebPFree(data); }
};

std::string packed(std::uint8_t* data, std::size_t size, const Image& image) {
  const std::unique_ptr<std::uint8_t, WebpFree> owner(data);
  require(size > 0, "cannot write a WebP of {} x {} pixels", image.width, image.height);
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

ImageInfo codecs::probe_webp(std::string_view bytes) {
  const WebPBitstreamFeatures features = features_of(bytes);
  const ImageInfo info{ImageFormat::kWebp, features.width, features.height};
  require_size(info, INT64_MAX);
  return info;
}

Image codecs::decode_webp(std::string_view bytes, std::int64_t max_pixels) {
  const WebPBitstreamFeatures features = features_of(bytes);
  const ImageInfo info{ImageFormat::kWebp, features.width, features.height};
  require_size(info, max_pixels);
  require(features.has_animation == 0, "the WebP is animated; want a still image");
  Image image = black_image(info.width, info.height);
  WebPDecoderConfig config;
  require(WebPInitDecoderConfig(&config) != 0, "libwebp's version differs from its header's");
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.pixels.data(), static_cast<int>(image.row_bytes()),
                          image.pixels.size()};
  require_ok(WebPDecode(as_bytes(bytes), bytes.size(), &config), bytes.size());
  return image;
}

std::string encode_webp(const Image& image, float quality) {
  codecs::require_encodable(image, "WebP", WEBP_MAX_DIMENSION);
  require(quality >= 0 && quality <= 100, "WebP quality is {}, want 0 to 100", quality);
  std::uint8_t* data = nullptr;
  const std::size_t size = WebPEncodeRGB(image.pixels.data(), image.width, image.height,
                                         static_cast<int>(image.row_bytes()), quality, &data);
  return packed(data, size, image);
}

std::string encode_webp_lossless(const Image& image) {
  codecs::require_encodable(image, "WebP", WEBP_MAX_DIMENSION);
  std::uint8_t* data = nullptr;
  const std::size_t size = WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height,
                                                 static_cast<int>(image.row_bytes()), &data);
  return packed(data, size, image);
}

}  // namespace sightline
