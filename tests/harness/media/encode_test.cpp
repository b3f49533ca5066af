#include "harness/media/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "tests/support/images.h"

namespace sightline {
namespace {

using testing::gradient_image;
using testing::largest_difference;
using testing::noise_image;

TEST(EncodePng, DecodesToTheSamePixels) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 7}, {33, 21}, {200, 3}}) {
    for (const int compression : {0, 1, 6, 9}) {
      const Image image = noise_image(width, height, 11);
      EXPECT_EQ(decode_image(encode_png(image, compression)), image);
    }
  }
}

TEST(EncodeJpeg, StaysNearTheOriginal) {
  const Image image = gradient_image(101, 67, 2, 1);
  const int at_95 = largest_difference(decode_image(encode_jpeg(image, 95)), image);
  EXPECT_GE(at_95, 0);
  EXPECT_LE(at_95, 24);
}

TEST(EncodeJpeg, OptimisedCodingIsSmallerAndDecodesTheSame) {
  const Image image = gradient_image(160, 120, 10, 1);
  const std::string plain = encode_jpeg(image, 80);
  const std::string optimised = encode_jpeg(image, {.quality = 80, .optimise_coding = true});
  EXPECT_LT(optimised.size(), plain.size());
  EXPECT_EQ(decode_image(optimised), decode_image(plain));
}

TEST(EncodeWebp, StaysNearTheOriginal) {
  const Image image = gradient_image(101, 67, 0, 1);
  const int difference = largest_difference(decode_image(encode_webp(image, 95)), image);
  EXPECT_GE(difference, 0);
  EXPECT_LE(difference, 24);
  EXPECT_LT(encode_webp(image, 10).size(), encode_webp(image, 95).size());
}

TEST(Encode, RefusesWhatTheFormatCannotHold) {
  const Image none;
  EXPECT_THROW(encode_png(none), Error);
  EXPECT_THROW(encode_jpeg(none, 90), Error);
  EXPECT_THROW(encode_webp(none, 90), Error);
  EXPECT_THROW(encode_jpeg(black_image(70000, 1), 90), Error);
  EXPECT_THROW(encode_webp(black_image(1, 17000), 90), Error);
  EXPECT_THROW(encode_png(Image{4, 4, {1, 2, 3}}), Error);
  EXPECT_THROW(encode_jpeg(black_image(4, 4), 0), Error);
  EXPECT_THROW(encode_webp(black_image(4, 4), 101), Error);
  EXPECT_THROW(encode_png(black_image(4, 4), 10), Error);
}

}  // namespace
}  // namespace sightline
