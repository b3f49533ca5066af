#include "metrics/image/ms_ssim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.h"
#include "tests/metrics/image/golden_pairs.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::golden_pairs;
using ::testing::HasSubstr;
using testing::noise_image;

Image part(const Image& image, int left, int top, int width, int height) {
  Image result = black_image(width, height);
  for (int y = 0; y < height; ++y) {
    std::copy_n(image.row(top + y) + 3 * left, result.row_bytes(), result.row(y));
  }
  return result;
}

TEST(MsSsim, EqualsPytorchMsssim) {
  int compared = 0;
  for (const auto& pair : golden_pairs()) {
    const char* key = "ms_ssim_pytorch_msssim";
    if (!pair.want.contains(key) || pair.want.at(key).is_null()) continue;
    ++compared;
    EXPECT_NEAR(ms_ssim(pair.reconstruction, pair.original), pair.want.at(key), 1e-12);
  }
  EXPECT_EQ(compared, 1);
}

// Parts of the golden's pair, their values from the formula in numpy, which gives the golden's own
// value to the last digit.
TEST(MsSsim, OfOddSidesPadsWithZeros) {
  const auto pairs = golden_pairs();
  const auto& pair = pairs.at(0);
  ASSERT_EQ(pair.name, "rgb256");
  const struct {
    int left, top, width, height;
    double want;
  } cases[] = {{0, 0, 161, 161, 0.906447234195564},
               {5, 3, 201, 163, 0.9107401911075256},
               {0, 1, 250, 177, 0.9095899449149},
               {7, 0, 163, 200, 0.9107903740744719}};
  for (const auto& c : cases) {
    EXPECT_NEAR(ms_ssim(part(pair.reconstruction, c.left, c.top, c.width, c.height),
                        part(pair.original, c.left, c.top, c.width, c.height)),
                c.want, 1e-12)
        << c.width << " x " << c.height;
  }
}

TEST(MsSsim, OfEqualImagesIsOne) {
  const Image image = noise_image(170, 161, 4);
  EXPECT_DOUBLE_EQ(ms_ssim(image, image), 1);
  EXPECT_DOUBLE_EQ(ms_ssim(black_image(161, 161), black_image(161, 161)), 1);
}

TEST(MsSsim, IsSymmetricAndWithinBounds) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Image a = noise_image(165, 180, seed), b = testing::gradient_image(165, 180, 9, seed);
    const double value = ms_ssim(a, b);
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
    EXPECT_DOUBLE_EQ(ms_ssim(b, a), value);
  }
}

TEST(MsSsim, OfOppositesIsZero) {
  const Image image = noise_image(161, 170, 8);
  Image opposite = image;
  for (std::uint8_t& sample : opposite.pixels) sample = static_cast<std::uint8_t>(255 - sample);
  EXPECT_EQ(ms_ssim(opposite, image), 0);
}

TEST(MsSsim, RefusesImagesTooSmallForItsScales) {
  EXPECT_THAT(error_of([] { ms_ssim(black_image(160, 300), black_image(160, 300)); }),
              HasSubstr("more than 160 pixels"));
  EXPECT_THROW(ms_ssim(black_image(200, 200), black_image(200, 201)), Error);
  EXPECT_THROW(ms_ssim(Image{}, Image{}), Error);
}

}  // namespace
}  // namespace sightline
