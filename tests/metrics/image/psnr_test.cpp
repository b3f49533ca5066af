#include "metrics/image/psnr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "tests/metrics/image/golden_pairs.h"

namespace sightline {
namespace {

using testing::golden_pairs;
using testing::noise_image;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

double number(const nlohmann::json& value) {
  return value.is_string() ? kInfinite : value.get<double>();
}

void expect_close(double value, double want, double tolerance) {
  if (std::isinf(want)) {
    EXPECT_EQ(value, want);
  } else {
    EXPECT_NEAR(value, want, tolerance);
  }
}

TEST(Psnr, EqualsScikitImage) {
  for (const auto& pair : golden_pairs()) {
    SCOPED_TRACE(pair.name);
    EXPECT_NEAR(mean_squared_error(pair.reconstruction, pair.original), pair.want.at("mse_uint8"),
                1e-9);
    expect_close(psnr(pair.reconstruction, pair.original),
                 number(pair.want.at("psnr_uint8_range255")), 1e-12);
    const double error = squared_error_float32(pair.reconstruction, pair.original) /
                         static_cast<double>(pair.original.pixels.size());
    expect_close(psnr_of_error(error, 1), number(pair.want.at("psnr_float32_range1")), 1e-9);
    if (!pair.want.contains("psnr_luma601_float")) continue;
    expect_close(psnr_luma(pair.reconstruction, pair.original),
                 number(pair.want.at("psnr_luma601_float")), 1e-10);
  }
}

TEST(Psnr, IsInfiniteForEqualImagesAndZeroForOppositeOnes) {
  Image white = black_image(5, 3);
  for (auto& sample : white.pixels) sample = 255;
  EXPECT_EQ(psnr(white, white), kInfinite);
  EXPECT_EQ(psnr(white, black_image(5, 3)), 0);
}

TEST(Psnr, DoesNotDependOnWhichImageIsTheOriginal) {
  const Image a = noise_image(40, 30, 1), b = noise_image(40, 30, 2);
  EXPECT_EQ(psnr(a, b), psnr(b, a));
  EXPECT_EQ(psnr_luma(a, b), psnr_luma(b, a));
}

TEST(Psnr, SumsOfLargeImagesDoNotOverflow) {
  Image white = black_image(1200, 900);
  for (auto& sample : white.pixels) sample = 255;
  EXPECT_EQ(mean_squared_error(white, black_image(1200, 900)), 65025);
}

TEST(Psnr, RefusesImagesThatCannotBeCompared) {
  const Image image = noise_image(8, 6, 1);
  try {
    psnr(image, noise_image(6, 8, 1));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("8 x 6 and 6 x 8"));
  }
  EXPECT_THROW(psnr(Image{}, Image{}), Error);
  EXPECT_THROW(psnr_luma(image, Image{}), Error);
  EXPECT_THROW(squared_error_float32(image, Image{}), Error);
}

}  // namespace
}  // namespace sightline
