#include "harness/media/resize_torchvision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "harness/media/resize.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::noise_image;

void expect_torchvisions_results(const std::filesystem::path& folder, std::size_t count) {
  const nlohmann::json cases = testing::read_json(folder / "torchvision_resize.json").at("cases");
  const auto results = testing::read_safetensors(folder / "torchvision_resize.safetensors");
  ASSERT_EQ(cases.size(), count);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.at("key").get<std::string>());
    const Image image = read_image(folder / c.at("file").get<std::string>());
    const TensorFilter filter =
        c.at("filter") == "BICUBIC" ? TensorFilter::kBicubic : TensorFilter::kBilinear;
    EXPECT_TRUE(resize_torchvision(image, c.at("out_w"), c.at("out_h"), filter) ==
                testing::to_image(results.at(c.at("key"))));
  }
}

TEST(ResizeTorchvision, HasTorchvisionsPixels) {
  expect_torchvisions_results(testing::data_path("processors"), 8);
}

TEST(ResizeTorchvision, HasTorchvisionsPixelsInEveryGolden) {
  SIGHTLINE_NEED_SHARED("goldens/models/images/torchvision_resize.json");
  expect_torchvisions_results(testing::shared_path("goldens/models/images"), 64);
}

TEST(ResizeTorchvision, IsWithinAFewLevelsOfPillow) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    const Image image = noise_image(rng.between(1, 60), rng.between(1, 60), seed);
    const int width = rng.between(1, 70), height = rng.between(1, 70);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const Image pillow = resize(image, width, height, ResizeFilter::kBicubic);
    const Image tensor = resize_torchvision(image, width, height, TensorFilter::kBicubic);
    const int difference = testing::largest_difference(tensor, pillow);
    EXPECT_GE(difference, 0);
    EXPECT_LE(difference, 3);
  }
}

TEST(ResizeTorchvision, KeepsAFlatImageFlatAndACopyACopy) {
  Image flat = black_image(37, 23);
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{201});
  const Image noise = noise_image(31, 17, 1);
  for (const TensorFilter filter : {TensorFilter::kBilinear, TensorFilter::kBicubic}) {
    EXPECT_THAT(resize_torchvision(flat, 100, 9, filter).pixels, ::testing::Each(201));
    EXPECT_EQ(resize_torchvision(noise, 31, 17, filter), noise);
  }
}

TEST(ResizeTorchvision, ScalesOneSideAlone) {
  const Image noise = noise_image(31, 17, 1);
  const Image wide = resize_torchvision(noise, 9, 17, TensorFilter::kBicubic);
  const Image both = resize_torchvision(wide, 9, 5, TensorFilter::kBicubic);
  EXPECT_EQ(both, resize_torchvision(noise, 9, 5, TensorFilter::kBicubic));
}

TEST(ResizeTorchvision, RefusesSizesThatMakeNoSense) {
  const Image image = noise_image(10, 8, 1);
  EXPECT_THROW(resize_torchvision(image, 0, 5, TensorFilter::kBicubic), Error);
  EXPECT_THROW(resize_torchvision(image, 5, -1, TensorFilter::kBicubic), Error);
  EXPECT_THROW(resize_torchvision(Image{}, 5, 5, TensorFilter::kBicubic), Error);
}

}  // namespace
}  // namespace sightline
