#include "harness/media/resize_float.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/base/error.h"
#include "harness/media/decode.h"
#include "harness/media/resize_weights.h"
#include "tests/support/images.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::noise_image;
using testing::read_npy;

constexpr int kWidth = 50, kHeight = 37;
constexpr ResizeFilter kFilters[] = {ResizeFilter::kBox, ResizeFilter::kBilinear,
                                     ResizeFilter::kHamming, ResizeFilter::kBicubic,
                                     ResizeFilter::kLanczos};

// PyTorch's `interpolate` of the three sources, [1, 3, 37, 50] with samples in [0, 1].
void expect_torchs_samples(const std::string& suffix,
                           const std::function<FloatImage(const Image&)>& scale) {
  for (int source = 0; source < 3; ++source) {
    const std::string name = "resize_src" + std::to_string(source);
    SCOPED_TRACE(name);
    const FloatImage result = scale(read_image(data_path("images/metrics/" + name + ".png")));
    const auto want =
        read_npy<float>(data_path("resize_float/" + name + "_torch_" + suffix), "<f4");
    ASSERT_EQ(want.values.size(), result.samples.size());
    ASSERT_EQ(result.width, kWidth);
    ASSERT_EQ(result.height, kHeight);
    double largest = 0;
    for (std::size_t i = 0; i < result.samples.size(); ++i) {
      const std::size_t pixel = i / 3, channel = i % 3;
      const double difference =
          double{result.samples[i]} / 255 - double{want.values[channel * kWidth * kHeight + pixel]};
      largest = std::max(largest, std::abs(difference));
    }
    EXPECT_LT(largest, 2e-6);  // PyTorch's weights are float32
  }
}

TEST(ResizeFloat, EqualsTorchsAntialiasedInterpolation) {
  expect_torchs_samples("bilinear_antialias_37x50_f32.npy", [](const Image& image) {
    return resize_float(image, kWidth, kHeight, ResizeFilter::kBilinear);
  });
}

TEST(InterpolateBilinear, EqualsTorchsInterpolation) {
  expect_torchs_samples("bilinear_37x50_f32.npy", [](const Image& image) {
    return interpolate_bilinear(image, kWidth, kHeight, SourceGrid::kHalfPixel);
  });
}

TEST(ResizeFloat, RoundsToTheResultOfEightBits) {
  // The 8-bit resize rounds after both passes, and the second multiplies the error of the first by
  // up to 1.5, the sum of Lanczos's weights without their signs. Far from 0 and 255 it never clips.
  Image image = testing::gradient_image(83, 61, 30, 5);
  for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(70 + sample / 3);
  for (const ResizeFilter filter : kFilters) {
    for (const auto& [width, height] : {std::pair{20, 15}, {200, 140}, {83, 30}, {40, 61}}) {
      SCOPED_TRACE(::testing::Message()
                   << "filter " << static_cast<int>(filter) << ", " << width << " x " << height);
      const Image rounded = resize(image, width, height, filter);
      const FloatImage exact = resize_float(image, width, height, filter);
      for (std::size_t i = 0; i < rounded.pixels.size(); ++i) {
        ASSERT_NEAR(exact.samples[i], rounded.pixels[i], 1.25) << i;
      }
    }
  }
}

TEST(ResizeFloat, KeepsAnImageOfOneColour) {
  Image image = black_image(13, 7);
  std::ranges::fill(image.pixels, std::uint8_t{77});
  for (const ResizeFilter filter : kFilters) {
    for (const float sample : resize_float(image, 299, 3, filter).samples) {
      ASSERT_NEAR(sample, 77, 1e-4);
    }
  }
  for (const SourceGrid grid : {SourceGrid::kHalfPixel, SourceGrid::kCorner}) {
    for (const float sample : interpolate_bilinear(image, 5, 299, grid).samples) {
      ASSERT_NEAR(sample, 77, 1e-4);
    }
  }
}

TEST(ResizeFloat, OfTheSameSizeIsTheImage) {
  const Image image = noise_image(31, 17, 3);
  const std::vector<float> same(image.pixels.begin(), image.pixels.end());
  for (const ResizeFilter filter : kFilters) {
    EXPECT_EQ(resize_float(image, 31, 17, filter).samples, same);
  }
  EXPECT_EQ(interpolate_bilinear(image, 31, 17, SourceGrid::kHalfPixel).samples, same);
  EXPECT_EQ(interpolate_bilinear(image, 31, 17, SourceGrid::kCorner).samples, same);
}

TEST(ResizeFloat, TakesExtremeShapes) {
  for (const auto& [width, height] : {std::pair{1, 1}, {20000, 3}, {3, 20000}, {1, 299}}) {
    const Image image = noise_image(width, height, 9);
    EXPECT_EQ(resize_float(image, 29, 29, ResizeFilter::kBicubic).samples.size(), 29U * 29 * 3);
    EXPECT_EQ(interpolate_bilinear(image, 29, 29, SourceGrid::kCorner).samples.size(),
              29U * 29 * 3);
  }
}

TEST(InterpolateBilinear, PutsResultsWhereItsGridSays) {
  Image image = black_image(2, 1);
  for (int c = 0; c < 3; ++c) image.row(0)[3 + c] = 100;
  const auto reds = [&](SourceGrid grid) {
    const FloatImage result = interpolate_bilinear(image, 4, 1, grid);
    return std::vector<float>{result.samples[0], result.samples[3], result.samples[6],
                              result.samples[9]};
  };
  EXPECT_EQ(reds(SourceGrid::kHalfPixel), (std::vector<float>{0, 25, 75, 100}));
  EXPECT_EQ(reds(SourceGrid::kCorner), (std::vector<float>{0, 50, 100, 100}));
}

TEST(ResizeFloat, OfFloatSamplesOnTheGridOfEightBitsIsTheSame) {
  const Image image = noise_image(23, 31, 5);
  FloatImage floats{23, 31, {image.pixels.begin(), image.pixels.end()}};
  for (const auto& [width, height] : {std::pair(40, 17), std::pair(23, 50), std::pair(9, 31)}) {
    EXPECT_EQ(resize_float(floats, width, height, ResizeFilter::kBicubic).samples,
              resize_float(image, width, height, ResizeFilter::kBicubic).samples);
    for (const SourceGrid grid : {SourceGrid::kHalfPixel, SourceGrid::kCorner}) {
      EXPECT_EQ(interpolate_bilinear(floats, width, height, grid).samples,
                interpolate_bilinear(image, width, height, grid).samples);
    }
  }
  floats.samples.pop_back();
  EXPECT_THROW(interpolate_bilinear(floats, 9, 9, SourceGrid::kCorner), Error);
}

TEST(ResizeFloat, RefusesWhatHasNoPixels) {
  const Image image = noise_image(4, 4, 1);
  EXPECT_THROW(resize_float(Image{}, 2, 2, ResizeFilter::kBox), Error);
  EXPECT_THROW(resize_float(image, 0, 2, ResizeFilter::kBox), Error);
  EXPECT_THROW(resize_float(image, 2, 2, ResizeFilter::kNearest), Error);
  EXPECT_THROW(interpolate_bilinear(Image{}, 2, 2, SourceGrid::kCorner), Error);
  EXPECT_THROW(interpolate_bilinear(image, 2, -1, SourceGrid::kCorner), Error);
}

TEST(ExactAxisWeights, SumToOne) {
  for (const ResizeFilter filter : kFilters) {
    const ExactAxisWeights axis = exact_axis_weights(640, 0, 640, 299, filter);
    for (int i = 0; i < axis.size(); ++i) {
      double sum = 0;
      for (int j = 0; j < axis.count[static_cast<std::size_t>(i)]; ++j) sum += axis.row(i)[j];
      ASSERT_NEAR(sum, 1, 1e-14);
    }
  }
}

}  // namespace
}  // namespace sightline
