// JPEGs that libjpeg writes directly, for the kinds that the goldens lack.
#include <cstdio>

#include <jpeglib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>

#include "harness/base/error.h"
#include "harness/media/decode.h"

namespace sightline {
namespace {

struct Ink {
  J_COLOR_SPACE stored_as;
  bool adobe_marker;
  std::array<std::uint8_t, 4> stored;  // 255 - ink
  std::array<int, 3> want;
};

// An 8 x 8 image of one colour in four components.
std::string four_component_jpeg(const Ink& ink) {
  jpeg_compress_struct codec;
  jpeg_error_mgr errors;
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &data, &size);
  codec.image_width = codec.image_height = 8;
  codec.input_components = 4;
  codec.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&codec);
  jpeg_set_colorspace(&codec, ink.stored_as);
  codec.write_Adobe_marker = ink.adobe_marker ? TRUE : FALSE;
  jpeg_set_quality(&codec, 100, TRUE);
  jpeg_start_compress(&codec, TRUE);
  std::array<std::uint8_t, 32> samples;
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = ink.stored[i % 4];
  JSAMPROW row = samples.data();
  for (int y = 0; y < 8; ++y) jpeg_write_scanlines(&codec, &row, 1);
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  std::string jpeg(reinterpret_cast<const char*>(data), size);
  std::free(data);
  return jpeg;
}

TEST(DecodeJpeg, FourComponentsAreInvertedInkWithOrWithoutAdobeMarker) {
  const Ink kInks[] = {
      {JCS_CMYK, true, {255, 255, 255, 255}, {255, 255, 255}},
      {JCS_CMYK, false, {255, 255, 255, 255}, {255, 255, 255}},
      {JCS_CMYK, false, {0, 255, 255, 255}, {0, 255, 255}},
      {JCS_CMYK, true, {255, 255, 0, 128}, {128, 128, 0}},
      {JCS_YCCK, true, {255, 255, 255, 0}, {0, 0, 0}},
      {JCS_YCCK, true, {255, 0, 255, 255}, {255, 0, 255}},
  };
  for (const Ink& ink : kInks) {
    const Image image = decode_image(four_component_jpeg(ink));
    ASSERT_EQ(image.pixels.size(), 192U);
    for (std::size_t c = 0; c < 3; ++c) {
      // Quality 100 still rounds colours on their way through YCCK.
      EXPECT_NEAR(image.pixels[96 + c], ink.want[c], 2) << "component " << c;
    }
  }
}

}  // namespace
}  // namespace sightline
