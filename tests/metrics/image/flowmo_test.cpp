#include "metrics/image/flowmo.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "harness/base/error.h"
#include "metrics/image/psnr.h"
#include "metrics/image/ssim.h"
#include "tests/support/images.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline {
namespace {

using testing::data_path;
using testing::noise_image;

// The golden batch: [4, 3, 64, 64] float32 in [-1, 1].
class FlowmoGolden : public ::testing::Test {
 protected:
  static std::vector<Image> images(const std::string& name) {
    const auto array = testing::read_npy<float>(data_path("images/metrics/" + name), "<f4");
    const std::size_t size = array.shape.at(1) * array.shape.at(2) * array.shape.at(3);
    std::vector<Image> images;
    for (std::size_t i = 0; i < array.shape.at(0); ++i) {
      images.push_back(flowmo_image({array.values.data() + i * size, size},
                                    static_cast<int>(array.shape[3]),
                                    static_cast<int>(array.shape[2])));
    }
    return images;
  }

  std::vector<Image> originals_ = images("flowmo_x_NCHW.npy");
  std::vector<Image> reconstructions_ = images("flowmo_rec_NCHW.npy");
  nlohmann::json want_ = testing::read_json(data_path("images/metrics/expected_flowmo.json"));
};

std::int64_t sum_of_samples(const std::vector<Image>& images) {
  std::int64_t sum = 0;
  for (const Image& image : images) {
    sum = std::accumulate(image.pixels.begin(), image.pixels.end(), sum);
  }
  return sum;
}

TEST_F(FlowmoGolden, SamplesAreTruncatedToBytes) {
  EXPECT_EQ(sum_of_samples(originals_), want_.at("gt_uint8_sum"));
  EXPECT_EQ(sum_of_samples(reconstructions_), want_.at("rec_uint8_sum"));
}

TEST_F(FlowmoGolden, PsnrOfTheBatchIsPooled) {
  FlowmoPsnr psnr(4);
  double mean_of_images = 0;
  for (std::size_t i = 0; i < originals_.size(); ++i) {
    psnr.update(reconstructions_[i], originals_[i]);
    FlowmoPsnr alone(1);
    alone.update(reconstructions_[i], originals_[i]);
    EXPECT_NEAR(alone.compute().value(), want_.at("psnr_per_image").at(i), 1e-9);
    mean_of_images += alone.compute().value() / 4;
  }
  EXPECT_NEAR(psnr.compute().value(), want_.at("psnr_reported_whole_batch"), 1e-9);
  EXPECT_NEAR(mean_of_images, want_.at("psnr_mean_of_per_image"), 1e-9);
}

TEST_F(FlowmoGolden, SsimIsAMeanOfImages) {
  double mean = 0;
  for (std::size_t i = 0; i < originals_.size(); ++i) {
    const double one = ssim_float32(reconstructions_[i], originals_[i]);
    EXPECT_NEAR(one, want_.at("ssim_per_image").at(i), 1e-6);
    mean += one / static_cast<double>(originals_.size());
  }
  EXPECT_NEAR(mean, want_.at("ssim_reported"), 1e-6);
}

TEST_F(FlowmoGolden, TheRoundTripLowersNinetyFiveValues) {
  Image all = black_image(256, 1);
  for (std::size_t i = 0; i < all.pixels.size(); ++i) {
    all.pixels[i] = static_cast<std::uint8_t>(i / 3);
  }
  const Image round_trip = flowmo_round_trip(all);
  int changed = 0;
  for (std::size_t v = 0; v < 256; ++v) {
    EXPECT_EQ(round_trip.pixels[3 * v], want_.at("gt_uint8_roundtrip_table").at(v)) << v;
    changed += round_trip.pixels[3 * v] != v;
  }
  EXPECT_EQ(changed, want_.at("n_values_changed_by_truncation"));
}

TEST(FlowmoGoldens, OfTheModelAgreeToo) {
  const auto golden = testing::read_safetensors(data_path("images/flowmo/metrics.safetensors"));
  const auto want = testing::read_json(data_path("images/flowmo/metrics.json"));
  constexpr std::size_t kSize = std::size_t{3} * 32 * 32;
  const auto image = [&](const char* name, std::size_t i) {
    const std::vector<float> all = golden.at(name).values<float>();
    return flowmo_image(std::span(all).subspan(i * kSize, kSize), 32, 32);
  };
  const auto bytes = [&](const char* name, std::size_t i) {
    const std::string& all = golden.at(name).bytes;
    return std::vector<std::uint8_t>(all.data() + i * kSize, all.data() + (i + 1) * kSize);
  };
  FlowmoPsnr pooled(4);
  for (std::size_t i = 0; i < 4; ++i) {
    const Image original = image("images", i), made = image("recon", i);
    EXPECT_EQ(original.pixels, bytes("uint8_gt", i));
    EXPECT_EQ(made.pixels, bytes("uint8_recon", i));
    pooled.update(made, original);
    FlowmoPsnr alone(1);
    alone.update(made, original);
    EXPECT_NEAR(alone.compute().value(), want.at("psnr_true_per_image").at(i), 1e-9);
    EXPECT_NEAR(ssim_float32(made, original), want.at("ssim_per_image").at(i), 1e-6);
  }
  EXPECT_NEAR(pooled.compute().value(), want.at("psnr_reported_batch_value"), 1e-9);
}

TEST(FlowmoImage, ClampsAndRefusesWrongCounts) {
  const std::vector<float> samples = {-7, 0, 7};
  EXPECT_EQ(flowmo_image(samples, 1, 1).pixels, (std::vector<std::uint8_t>{0, 127, 255}));
  EXPECT_THROW(flowmo_image(samples, 1, 2), Error);
  EXPECT_THROW(flowmo_image(samples, 0, 1), Error);
}

TEST(FlowmoPsnr, MergingShardsEqualsOnePassAcrossBatches) {
  FlowmoPsnr whole, left, right;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const Image original = noise_image(16, 16, i), reconstruction = noise_image(16, 16, i + 100);
    whole.update(reconstruction, original);
    (i < 3 ? left : right).update(reconstruction, original);
  }
  EXPECT_EQ(left.compute(), std::nullopt);
  left.merge(right);
  ASSERT_TRUE(whole.compute().has_value());
  EXPECT_EQ(left.compute(), whole.compute());
}

TEST(FlowmoPsnr, HasNoValueUnlessBatchesAreFull) {
  FlowmoPsnr psnr;
  EXPECT_EQ(psnr.compute(), std::nullopt);
  const Image image = noise_image(9, 9, 1);
  for (int i = 1; i <= 6; ++i) {
    psnr.update(image, image);
    EXPECT_EQ(psnr.compute().has_value(), i == 5) << i;
  }
  FlowmoPsnr equal;
  for (int i = 0; i < 5; ++i) equal.update(image, image);
  EXPECT_EQ(equal.compute(), std::numeric_limits<double>::infinity());
}

TEST(FlowmoPsnr, RefusesNonsense) {
  EXPECT_THROW(FlowmoPsnr(0), Error);
  EXPECT_THROW(FlowmoPsnr(-5), Error);
  FlowmoPsnr five, four(4);
  EXPECT_THROW(five.merge(four), Error);
  EXPECT_THROW(five.update(noise_image(9, 9, 1), noise_image(8, 9, 1)), Error);
}

}  // namespace
}  // namespace sightline
