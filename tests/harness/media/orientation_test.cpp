#include "harness/media/orientation.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/media/encode.h"
#include "tests/support/images.h"

namespace sightline {
namespace {

// Letters stand for pixels; rows from the top.
Image lettered(int width, int height, const std::string& letters) {
  Image image = black_image(width, height);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<std::uint8_t>(letters[i] + static_cast<int>(c) * 40);
    }
  }
  return image;
}

TEST(ApplyOrientation, MovesPixelsAsExifDefines) {
  const Image stored = lettered(3, 2, "abcdef");  // abc over def
  const Image want[] = {
      lettered(3, 2, "abcdef"), lettered(3, 2, "cbafed"), lettered(3, 2, "fedcba"),
      lettered(3, 2, "defabc"), lettered(2, 3, "adbecf"), lettered(2, 3, "daebfc"),
      lettered(2, 3, "fcebda"), lettered(2, 3, "cfbead"),
  };
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(apply_orientation(stored, orientation), want[orientation - 1]) << orientation;
  }
  EXPECT_EQ(apply_orientation(stored, 0), stored);
  EXPECT_EQ(apply_orientation(stored, 9), stored);
}

std::string little_endian_exif(int orientation) {
  return std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) +
         static_cast<char>(orientation) + std::string("\0\0\0\0\0\0\0", 7);
}

std::string big_endian_exif(int orientation) {
  return std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) +
         static_cast<char>(orientation) + std::string("\0\0\0\0\0\0", 6);
}

std::string exif_block(const std::string& tiff) {
  return std::string("Exif\0\0", 6) + tiff;
}

std::string xmp_block(const std::string& text) {
  return std::string("http://ns.adobe.com/xap/1.0/\0", 29) + text;
}

std::string jpeg_with(const std::string& application_block) {
  std::string jpeg = encode_jpeg(black_image(8, 8), 90);
  const auto size = static_cast<int>(application_block.size()) + 2;
  const std::string marker{'\xFF', '\xE1', static_cast<char>(size >> 8), static_cast<char>(size)};
  return jpeg.insert(2, marker + application_block);
}

int orientation_of_jpeg(const std::string& block) {
  return stated_orientation(jpeg_with(block), ImageFormat::kJpeg);
}

TEST(StatedOrientation, ReadsBothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(orientation_of_jpeg(exif_block(little_endian_exif(orientation))), orientation);
    EXPECT_EQ(orientation_of_jpeg(exif_block(big_endian_exif(orientation))), orientation);
  }
}

TEST(StatedOrientation, IsOneWhenNothingSensibleIsStated) {
  EXPECT_EQ(orientation_of_jpeg("nothing"), 1);
  EXPECT_EQ(orientation_of_jpeg(exif_block("II*")), 1);
  EXPECT_EQ(orientation_of_jpeg(exif_block(little_endian_exif(0))), 1);
  EXPECT_EQ(orientation_of_jpeg(exif_block(little_endian_exif(9))), 1);
  EXPECT_EQ(stated_orientation(encode_jpeg(black_image(8, 8), 90), ImageFormat::kJpeg), 1);
  const std::string whole = exif_block(big_endian_exif(6));
  for (std::size_t size = 0; size < 26; ++size) {
    EXPECT_EQ(orientation_of_jpeg(whole.substr(0, size)), 1) << size << " bytes";
  }
  std::string far = little_endian_exif(6);
  far[4] = far[5] = far[6] = far[7] = '\xFF';
  EXPECT_EQ(orientation_of_jpeg(exif_block(far)), 1);
}

TEST(StatedOrientation, FallsBackToXmp) {
  EXPECT_EQ(orientation_of_jpeg(xmp_block("<x tiff:Orientation=\"6\"/>")), 6);
  EXPECT_EQ(orientation_of_jpeg(xmp_block("<tiff:Orientation>3</tiff:Orientation>")), 3);
  EXPECT_EQ(orientation_of_jpeg(xmp_block("<x tiff:Orientation='6'/>")), 1);
  EXPECT_EQ(orientation_of_jpeg(xmp_block("tiff:Orientation")), 1);
}

TEST(StatedOrientation, ReadsPngAndWebpBlocks) {
  const std::string tiff = little_endian_exif(8);
  std::string png = encode_png(black_image(4, 4));
  png.insert(33, std::string("\0\0\0", 3) + static_cast<char>(tiff.size()) + "eXIf" + tiff +
                     "fake");  // the reader of orientation does not look at the checksum
  EXPECT_EQ(stated_orientation(png, ImageFormat::kPng), 8);
  const std::string webp = encode_webp_lossless(black_image(4, 4)) + "EXIF" +
                           static_cast<char>(tiff.size()) + std::string("\0\0\0", 3) + tiff;
  EXPECT_EQ(stated_orientation(webp, ImageFormat::kWebp), 8);
}

}  // namespace
}  // namespace sightline
