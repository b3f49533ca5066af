#include "harness/media/crop.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::noise_image;

constexpr int kSize = 64;
constexpr PassOrder kOrder = PassOrder::kPillow13;  // the goldens were made with it

Image golden(const std::string& name) {
  return read_image(testing::data_path("images/metrics/" + name));
}

class CropGolden : public ::testing::TestWithParam<const char*> {
 protected:
  Image source() const { return golden(std::string(GetParam()) + ".png"); }
  Image want(const std::string& recipe) const {
    return golden(std::string(GetParam()) + "_" + recipe + ".png");
  }
};

TEST_P(CropGolden, TorchvisionsResizeAndCenterCrop) {
  const Image bilinear = resize_shorter_side(source(), kSize, ResizeFilter::kBilinear, kOrder);
  EXPECT_EQ(center_crop(bilinear, kSize, kSize), want("tv_resize64_bilinear_centercrop"));
  const Image bicubic = resize_shorter_side(source(), kSize, ResizeFilter::kBicubic, kOrder);
  EXPECT_EQ(center_crop(bicubic, kSize, kSize), want("tv_resize64_bicubic_centercrop"));
}

TEST_P(CropGolden, TorchvisionsSizes) {
  const auto sizes = testing::read_json(testing::data_path("images/metrics/expected_resize.json"));
  for (const auto& entry : sizes) {
    if (entry.at("src") != std::string(GetParam()) + ".png") continue;
    const Image scaled = resize_shorter_side(source(), kSize, ResizeFilter::kBilinear);
    EXPECT_EQ(scaled.width, entry.at("tv_resized_wh").at(0));
    EXPECT_EQ(scaled.height, entry.at("tv_resized_wh").at(1));
  }
}

TEST_P(CropGolden, GuidedDiffusionsCenterCrop) {
  EXPECT_EQ(adm_center_crop(source(), kSize, kOrder), want("adm_center_crop64"));
}

TEST_P(CropGolden, PlainResizes) {
  const std::pair<const char*, ResizeFilter> kCases[] = {{"box", ResizeFilter::kBox},
                                                         {"bilinear", ResizeFilter::kBilinear},
                                                         {"bicubic", ResizeFilter::kBicubic},
                                                         {"lanczos", ResizeFilter::kLanczos}};
  for (const auto& [name, filter] : kCases) {
    EXPECT_EQ(resize(source(), 50, 37, filter, kOrder),
              want(std::string("pil_") + name + "_50x37"));
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, CropGolden,
                         ::testing::Values("resize_src0", "resize_src1", "resize_src2"),
                         [](const auto& source) { return std::string(source.param); });

TEST(Crop, TakesTheNamedPixels) {
  const Image image = noise_image(9, 7, 3);
  const Image part = crop(image, 2, 1, 4, 5);
  ASSERT_EQ(part.width, 4);
  ASSERT_EQ(part.height, 5);
  for (int y = 0; y < 5; ++y) {
    for (int i = 0; i < 12; ++i) EXPECT_EQ(part.row(y)[i], image.row(y + 1)[6 + i]);
  }
  EXPECT_EQ(crop(image, 0, 0, 9, 7), image);
}

TEST(Crop, RefusesPixelsOutsideTheImage) {
  const Image image = noise_image(9, 7, 3);
  EXPECT_THROW(crop(image, -1, 0, 3, 3), Error);
  EXPECT_THROW(crop(image, 7, 0, 3, 3), Error);
  EXPECT_THROW(crop(image, 0, 5, 3, 3), Error);
  EXPECT_THROW(crop(image, 0, 0, 0, 3), Error);
}

TEST(CenterCrop, RoundsHalvesToTheEvenOffset) {
  const Image image = noise_image(9, 11, 3);
  // (9 - 4) / 2 = 2.5 becomes 2; (11 - 4) / 2 = 3.5 becomes 4.
  EXPECT_EQ(center_crop(image, 4, 4), crop(image, 2, 4, 4, 4));
}

TEST(CenterCrop, SetsASmallImageInBlack) {
  const Image image = noise_image(3, 2, 3);
  const Image padded = center_crop(image, 6, 4);
  ASSERT_EQ(padded.width, 6);
  ASSERT_EQ(padded.height, 4);
  EXPECT_EQ(crop(padded, 1, 1, 3, 2), image);
  EXPECT_EQ(crop(padded, 4, 0, 2, 4), black_image(2, 4));
}

TEST(CenterCrop, RefusesSizesThatMakeNoSense) {
  const Image image = noise_image(9, 11, 3);
  EXPECT_THROW(center_crop(image, 0, 4), Error);
  EXPECT_THROW(resize_shorter_side(image, 0, ResizeFilter::kBox), Error);
  EXPECT_THROW(resize_shorter_side(Image{}, 4, ResizeFilter::kBox), Error);
  EXPECT_THROW(adm_center_crop(image, -3), Error);
  EXPECT_THROW(adm_center_crop(Image{}, 3), Error);
}

}  // namespace
}  // namespace sightline
