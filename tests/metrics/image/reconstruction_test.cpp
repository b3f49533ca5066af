#include "metrics/image/reconstruction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.h"
#include "metrics/image/psnr.h"
#include "metrics/image/ssim.h"
#include "tests/support/images.h"

namespace sightline {
namespace {

using testing::gradient_image;

const Image kOriginal = gradient_image(40, 32, 0, 1);

Image reconstruction(std::uint64_t seed) {
  return gradient_image(40, 32, 1 + static_cast<int>(seed % 20), seed);
}

TEST(ScoreReconstruction, GivesWhatIsAskedFor) {
  const Image near = reconstruction(3);
  const ReconstructionScore plain = score_reconstruction(near, kOriginal);
  EXPECT_EQ(plain.psnr, psnr(near, kOriginal));
  EXPECT_EQ(plain.ssim, ssim(near, kOriginal));
  EXPECT_EQ(plain.ssim_gaussian11, std::nullopt);
  EXPECT_EQ(plain.bits_per_pixel, std::nullopt);
  const ReconstructionScore all =
      score_reconstruction(near, kOriginal, {.ssim_gaussian11 = true, .bits = 320});
  EXPECT_EQ(all.ssim_gaussian11, ssim_gaussian11(near, kOriginal));
  EXPECT_EQ(all.bits_per_pixel, 0.25);  // 320 / (40 * 32)
  EXPECT_THROW(score_reconstruction(near, kOriginal, {.bits = -1}), Error);
  EXPECT_THROW(score_reconstruction(near, black_image(32, 40)), Error);
}

TEST(ReconstructionMetrics, AveragesOverImages) {
  ReconstructionMetrics metrics;
  metrics.update(0, {.psnr = 20, .ssim = 0.5, .ssim_gaussian11 = {}, .bits_per_pixel = 0.25});
  metrics.update(1, {.psnr = 30, .ssim = 0.75, .ssim_gaussian11 = {}, .bits_per_pixel = {}});
  const auto values = metrics.compute();
  ASSERT_EQ(values.size(), 3U);
  EXPECT_EQ(values[0].key, "psnr");
  EXPECT_EQ(values[0].value, 25);
  EXPECT_EQ(values[0].unit, "dB");
  EXPECT_EQ(values[0].n, 2);
  EXPECT_DOUBLE_EQ(values[0].standard_error.value(), 5);  // s = sqrt(50), over sqrt(2)
  EXPECT_EQ(values[0].note, "");
  EXPECT_EQ(values[1].key, "ssim");
  EXPECT_EQ(values[1].value, 0.625);
  EXPECT_EQ(values[2].key, "bpp");
  EXPECT_EQ(values[2].value, 0.25);
  EXPECT_EQ(values[2].n, 1);
  EXPECT_FALSE(values[2].higher_is_better);
}

TEST(ReconstructionMetrics, AnIdenticalPairMakesTheMeanInfiniteAndIsReported) {
  ReconstructionMetrics metrics;
  metrics.update(0, score_reconstruction(kOriginal, kOriginal));
  metrics.update(1, score_reconstruction(reconstruction(1), kOriginal));
  EXPECT_EQ(metrics.identical(), 1);
  const MetricValue psnr = metrics.compute().at(0);
  EXPECT_TRUE(std::isinf(psnr.value.value()));
  EXPECT_EQ(psnr.standard_error, std::nullopt);
  EXPECT_EQ(psnr.note, "1 of 2 pairs are identical, of infinite PSNR");
}

TEST(ReconstructionMetrics, HasNoValueForNoImages) {
  const auto values = ReconstructionMetrics().compute();
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].value, std::nullopt);
  EXPECT_EQ(values[1].value, std::nullopt);
}

TEST(ReconstructionMetrics, MergingShardsEqualsOnePass) {
  ReconstructionMetrics whole, left, right;
  for (std::uint32_t i = 0; i < 24; ++i) {
    const ReconstructionScore score = score_reconstruction(
        reconstruction(i), kOriginal, {.ssim_gaussian11 = i % 3 == 0, .bits = 10 * i});
    whole.update(i, score);
    (i < 7 ? left : right).update(i, score);
  }
  left.merge(right);
  const auto want = whole.compute(), got = left.compute();
  ASSERT_EQ(got.size(), 4U);
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(got[i].value, want[i].value) << want[i].key;
    EXPECT_EQ(got[i].standard_error, want[i].standard_error) << want[i].key;
    EXPECT_EQ(got[i].n, want[i].n) << want[i].key;
  }
}

}  // namespace
}  // namespace sightline
