#include "harness/media/colour.h"

#include "harness/base/vectorise.h"

namespace sightline {
namespace {

SIGHTLINE_VECTORISED void luma_row(const std::uint8_t* rgb, std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t sum =
        rgb[3 * i] * 19595U + rgb[3 * i + 1] * 38470U + rgb[3 * i + 2] * 7471U + 32768U;
    out[i] = static_cast<std::uint8_t>(sum >> 16);
  }
}

}  // namespace

std::vector<std::uint8_t> to_luma(const Image& image) {
  std::vector<std::uint8_t> luma(image.pixels.size() / 3);
  luma_row(image.pixels.data(), luma.size(), luma.data());
  return luma;
}

}  // namespace sightline
