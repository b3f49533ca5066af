// PNGs put together byte by byte, for the kinds that the goldens lack.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "harness/base/error.h"
#include "harness/media/decode.h"

namespace sightline {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255U);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& body) {
  const std::string checked = type + body;
  const uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::uint32_t>(body.size())) + checked +
         big_endian(static_cast<std::uint32_t>(crc));
}

std::string deflated(const std::string& rows) {
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  out.resize(size);
  return out;
}

struct Kind {
  const char* name;
  int width, height, depth, colour_type;
  std::string rows;   // each with its filter byte
  std::string extra;  // chunks between IHDR and IDAT
  std::vector<std::uint8_t> want;
};

std::string png_of(const Kind& kind) {
  const std::string header = big_endian(static_cast<std::uint32_t>(kind.width)) +
                             big_endian(static_cast<std::uint32_t>(kind.height)) +
                             static_cast<char>(kind.depth) + static_cast<char>(kind.colour_type) +
                             std::string(3, '\0');
  return "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) + kind.extra +
         chunk("IDAT", deflated(kind.rows)) + chunk("IEND", "");
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const Kind kKinds[] = {
    {"rgb16_keeps_the_high_byte", 1, 1, 16, 2, bytes({0, 1, 255, 2, 128, 3, 0}), "", {1, 2, 3}},
    {"grey_alpha_16_keeps_the_high_byte", 1, 1, 16, 4, bytes({0, 9, 255, 0, 0}), "", {9, 9, 9}},
    {"rgba16_drops_alpha", 1, 1, 16, 6, bytes({0, 7, 0, 8, 0, 9, 0, 0, 0}), "", {7, 8, 9}},
    {"grey16_is_clipped_not_scaled",
     3,
     1,
     16,
     0,
     bytes({0, 0, 255, 1, 0, 0, 7}),
     "",
     {255, 255, 255, 255, 255, 255, 7, 7, 7}},
    {"grey1", 3, 1, 1, 0, bytes({0, 0xA0}), "", {255, 255, 255, 0, 0, 0, 255, 255, 255}},
    {"grey2", 2, 1, 2, 0, bytes({0, 0x60}), "", {85, 85, 85, 170, 170, 170}},
    {"grey4_with_a_transparent_value",
     2,
     1,
     4,
     0,
     bytes({0, 0x3F}),
     chunk("tRNS", bytes({0, 3})),
     {51, 51, 51, 255, 255, 255}},
    {"rgb_with_a_transparent_colour",
     1,
     1,
     8,
     2,
     bytes({0, 4, 5, 6}),
     chunk("tRNS", bytes({0, 4, 0, 5, 0, 6})),
     {4, 5, 6}},
    {"palette_index_beyond_the_palette_is_black",
     2,
     1,
     8,
     3,
     bytes({0, 0, 9}),
     chunk("PLTE", bytes({10, 20, 30})),
     {10, 20, 30, 0, 0, 0}},
    {"palette_with_transparency",
     2,
     1,
     1,
     3,
     bytes({0, 0x40}),
     chunk("PLTE", bytes({1, 2, 3, 4, 5, 6})) + chunk("tRNS", bytes({0, 128})),
     {1, 2, 3, 4, 5, 6}},
    {"a_gamma_changes_nothing",
     1,
     1,
     8,
     2,
     bytes({0, 100, 50, 25}),
     chunk("gAMA", bytes({0, 0, 0x27, 0x10})),
     {100, 50, 25}},
};

TEST(DecodePng, KindsAreConvertedAsPillowDoes) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    const Image image = decode_image(png_of(kind));
    EXPECT_EQ(image.width, kind.width);
    EXPECT_EQ(image.height, kind.height);
    EXPECT_EQ(image.pixels, kind.want);
  }
}

std::string error_of(const std::string& png) {
  try {
    decode_image(png);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(DecodePng, RefusesDamagedImageData) {
  const Kind kind{"", 1, 1, 8, 2, bytes({0, 1, 2, 3}), "", {}};
  std::string png = png_of(kind);
  png[45] = static_cast<char>(png[45] ^ 0x55);
  EXPECT_THAT(error_of(png), ::testing::HasSubstr("damaged PNG of"));
}

TEST(DecodePng, RefusesAPaletteImageWithoutPalette) {
  EXPECT_THAT(error_of(png_of({"", 1, 1, 8, 3, bytes({0, 1}), "", {}})),
              ::testing::HasSubstr("damaged PNG"));
}

TEST(DecodePng, RefusesRowsThatAreMissing) {
  EXPECT_THAT(error_of(png_of({"", 1, 3, 8, 2, bytes({0, 1, 2, 3}), "", {}})),
              ::testing::HasSubstr("damaged PNG"));
}

}  // namespace
}  // namespace sightline
