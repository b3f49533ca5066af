#include "harness/media/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/error.h"
#include "harness/media/colour.h"
#include "harness/media/decode.h"
#include "harness/media/resize_weights.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::noise_image;
using testing::read_json;
using testing::read_safetensors;
using testing::shared_path;
using testing::StoredTensor;

constexpr ResizeFilter kFilters[] = {ResizeFilter::kNearest,  ResizeFilter::kBox,
                                     ResizeFilter::kBilinear, ResizeFilter::kHamming,
                                     ResizeFilter::kBicubic,  ResizeFilter::kLanczos};

ResizeFilter filter_named(const std::string& name) {
  const std::map<std::string, ResizeFilter> filters = {
      {"NEAREST", ResizeFilter::kNearest},   {"BOX", ResizeFilter::kBox},
      {"BILINEAR", ResizeFilter::kBilinear}, {"HAMMING", ResizeFilter::kHamming},
      {"BICUBIC", ResizeFilter::kBicubic},   {"LANCZOS", ResizeFilter::kLanczos}};
  return filters.at(name);
}

Image grey(const Image& image) {
  Image result = image;
  const std::vector<std::uint8_t> luma = to_luma(image);
  for (std::size_t i = 0; i < result.pixels.size(); ++i) result.pixels[i] = luma[i / 3];
  return result;
}

// Resizing acts on each channel alone, so a grey image of three equal channels stands for mode L.
void expect_tensor(const Image& image, const StoredTensor& tensor) {
  if (tensor.shape.size() == 3) {
    EXPECT_EQ(image, testing::to_image(tensor));
  } else {
    EXPECT_EQ(to_luma(image), tensor.values<std::uint8_t>());
  }
}

void expect_pillows_results(const std::filesystem::path& folder, std::size_t count) {
  const nlohmann::json cases = read_json(folder / "pillow_resize.json");
  const auto results = read_safetensors(folder / "pillow_resize.safetensors");
  const auto legacy = read_safetensors(folder / "pillow_resize_legacy_order.safetensors");
  ASSERT_EQ(cases.size(), count);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.at("key").get<std::string>());
    Image image = read_image(folder / c.at("file").get<std::string>());
    if (c.at("mode") == "L") image = grey(image);
    ResizeOptions options;
    if (c.contains("box")) {
      const auto box = c.at("box").get<std::vector<double>>();
      options.box = ResizeBox{box[0], box[1], box[2], box[3]};
    }
    const auto run = [&](PassOrder order) {
      options.order = order;
      return resize(image, c.at("out_w"), c.at("out_h"), filter_named(c.at("filter")), options);
    };
    const StoredTensor& result = results.at(c.at("key"));
    expect_tensor(run(PassOrder::kPillow13), result);
    expect_tensor(run(PassOrder::kPillow12),
                  c.contains("legacy_key") ? legacy.at(c.at("legacy_key")) : result);
  }
}

TEST(Resize, HasPillowsPixelsInBothOrders) {
  expect_pillows_results(data_path("images"), 84);
}

TEST(Resize, HasPillowsPixelsInEveryGolden) {
  SIGHTLINE_NEED_SHARED("goldens/models/images/pillow_resize.json");
  expect_pillows_results(shared_path("goldens/models/images"), 333);
}

std::uint8_t rounded(std::int64_t sum) {
  return static_cast<std::uint8_t>(
      std::clamp<std::int64_t>((sum + (1 << (kWeightBits - 1))) >> kWeightBits, 0, 255));
}

// Horizontal, then vertical, sample by sample.
Image slowly_resized(const Image& image, const AxisWeights& x, const AxisWeights& y) {
  Image middle = black_image(x.size(), image.height);
  Image result = black_image(x.size(), y.size());
  const auto at = [](const std::vector<int>& values, int i) {
    return values[static_cast<std::size_t>(i)];
  };
  for (int row = 0; row < image.height; ++row) {
    for (int i = 0; i < 3 * x.size(); ++i) {
      std::int64_t sum = 0;
      for (int j = 0; j < at(x.count, i / 3); ++j) {
        sum += std::int64_t{x.row(i / 3)[j]} * image.row(row)[3 * (at(x.start, i / 3) + j) + i % 3];
      }
      middle.row(row)[i] = rounded(sum);
    }
  }
  for (int row = 0; row < y.size(); ++row) {
    for (int i = 0; i < 3 * x.size(); ++i) {
      std::int64_t sum = 0;
      for (int j = 0; j < at(y.count, row); ++j) {
        sum += std::int64_t{y.row(row)[j]} * middle.row(at(y.start, row) + j)[i];
      }
      result.row(row)[i] = rounded(sum);
    }
  }
  return result;
}

TEST(Resize, EqualsASlowLoopOnRandomSizes) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Rng rng(seed);
    const int width = rng.between(2, 60), height = rng.between(2, 60);
    const int to_width = rng.between(1, 70), to_height = rng.between(1, 70);
    if (to_width == width || to_height == height) continue;
    const ResizeFilter filter = kFilters[rng.between(1, 5)];
    const Image image = noise_image(width, height, seed);
    SCOPED_TRACE(
        fmt::format("seed {}: {} x {} to {} x {}", seed, width, height, to_width, to_height));
    EXPECT_EQ(resize(image, to_width, to_height, filter),
              slowly_resized(image, axis_weights(width, 0, width, to_width, filter),
                             axis_weights(height, 0, height, to_height, filter)));
  }
}

TEST(Resize, KeepsAFlatImageFlat) {
  Image flat = black_image(37, 23);
  std::fill(flat.pixels.begin(), flat.pixels.end(), std::uint8_t{201});
  for (const ResizeFilter filter : kFilters) {
    const Image result = resize(flat, 100, 9, filter);
    EXPECT_THAT(result.pixels, ::testing::Each(201));
  }
}

TEST(Resize, OfTheSameSizeIsACopy) {
  const Image image = noise_image(31, 17, 1);
  for (const ResizeFilter filter : kFilters) EXPECT_EQ(resize(image, 31, 17, filter), image);
}

TEST(Resize, RefusesSizesAndBoxesThatMakeNoSense) {
  const Image image = noise_image(10, 8, 1);
  EXPECT_THROW(resize(image, 0, 5, ResizeFilter::kBicubic), Error);
  EXPECT_THROW(resize(image, 5, -1, ResizeFilter::kNearest), Error);
  EXPECT_THROW(resize(Image{}, 5, 5, ResizeFilter::kBicubic), Error);
  for (const ResizeBox& box : {ResizeBox{-1, 0, 5, 5}, ResizeBox{0, 0, 10.5, 8},
                               ResizeBox{5, 0, 5, 8}, ResizeBox{0, 0, 10, NAN}}) {
    EXPECT_THROW(resize(image, 5, 5, ResizeFilter::kBicubic, {.box = box}), Error);
  }
}

}  // namespace
}  // namespace sightline
