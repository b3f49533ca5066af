#include "metrics/image/ssim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "harness/base/error.h"
#include "tests/metrics/image/golden_pairs.h"

namespace sightline {
namespace {

using testing::golden_pairs;
using testing::noise_image;

struct Variant {
  const char* golden;
  double (*ssim)(const Image&, const Image&);
  double tolerance;
  int window;
};

const Variant kVariants[] = {
    {"ssim_skimage_uniform7_uint8", ssim, 1e-12, 7},
    {"ssim_flowmo_float32", ssim_float32, 1e-7, 7},
    {"ssim_gaussian11_wang", ssim_gaussian11, 1e-11, 11},
    {"ssim_gaussian11_sample_cov", ssim_gaussian11_sample, 1e-11, 11},
    {"ssim_uniform7_luma601_float", ssim_luma, 1e-11, 7},
};

TEST(Ssim, EveryVariantEqualsItsReference) {
  for (const auto& pair : golden_pairs()) {
    for (const Variant& variant : kVariants) {
      if (!pair.want.contains(variant.golden)) continue;
      EXPECT_NEAR(variant.ssim(pair.reconstruction, pair.original), pair.want.at(variant.golden),
                  variant.tolerance)
          << pair.name << " " << variant.golden;
    }
  }
}

TEST(Ssim, EveryVariantIsMetByManyGoldens) {
  const auto pairs = golden_pairs();
  for (const Variant& variant : kVariants) {
    const auto count = std::count_if(pairs.begin(), pairs.end(), [&](const auto& pair) {
      return pair.want.contains(variant.golden);
    });
    EXPECT_GE(count, 10) << variant.golden;
  }
}

TEST(Ssim, OfEachChannelEqualsScikitImage) {
  int compared = 0;
  for (const auto& pair : golden_pairs()) {
    if (!pair.want.contains("ssim_per_channel_uniform7")) continue;
    ++compared;
    const auto channels = ssim_per_channel(pair.reconstruction, pair.original);
    const auto want = pair.want.at("ssim_per_channel_uniform7").get<std::vector<double>>();
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(channels[c], want[std::min(c, want.size() - 1)], 1e-12) << pair.name << " " << c;
    }
  }
  EXPECT_GE(compared, 10);
}

TEST(Ssim, IsOneForEqualImagesSymmetricAndBounded) {
  const Image a = noise_image(37, 29, 1), b = noise_image(37, 29, 2);
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(variant.golden);
    EXPECT_NEAR(variant.ssim(a, a), 1, variant.tolerance);
    EXPECT_NEAR(variant.ssim(a, b), variant.ssim(b, a), variant.tolerance);
    EXPECT_LE(std::abs(variant.ssim(a, b)), 1);
  }
}

// The formula of the paper with plain loops over every window.
double slow_ssim(const Image& a, const Image& b) {
  const double c1 = 2.55 * 2.55, c2 = 7.65 * 7.65;
  double total = 0;
  for (int y = 0; y + 7 <= a.height; ++y) {
    for (int i = 0; i < 3 * (a.width - 6); ++i) {
      double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
      for (int dy = 0; dy < 7; ++dy) {
        for (int dx = 0; dx < 7; ++dx) {
          const double p = a.row(y + dy)[i + 3 * dx], q = b.row(y + dy)[i + 3 * dx];
          sa += p, sb += q, saa += p * p, sbb += q * q, sab += p * q;
        }
      }
      const double ma = sa / 49, mb = sb / 49;
      const double va = (saa - 49 * ma * ma) / 48, vb = (sbb - 49 * mb * mb) / 48;
      const double covariance = (sab - 49 * ma * mb) / 48;
      total +=
          (2 * ma * mb + c1) * (2 * covariance + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
  }
  return total / (3.0 * (a.height - 6) * (a.width - 6));
}

TEST(Ssim, EqualsASlowLoopOnRandomSizes) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const int width = rng.between(7, 45), height = rng.between(7, 45);
    Image a = noise_image(width, height, seed), b = a;
    // Partly equal, partly extreme values.
    for (std::uint8_t& sample : b.pixels) {
      if (rng.chance(0.4)) sample = rng.chance(0.5) ? 255 : 0;
    }
    EXPECT_NEAR(ssim(a, b), slow_ssim(a, b), 1e-12) << "seed " << seed;
  }
}

TEST(Ssim, ExtremeImagesStayWithinIntegers) {
  Image white = black_image(20, 20), checked = black_image(20, 20);
  for (auto& sample : white.pixels) sample = 255;
  for (std::size_t i = 0; i < checked.pixels.size(); i += 2) checked.pixels[i] = 255;
  for (const Image& other : {white, checked, black_image(20, 20)}) {
    EXPECT_NEAR(ssim(white, other), slow_ssim(white, other), 1e-12);
    EXPECT_NEAR(ssim(checked, other), slow_ssim(checked, other), 1e-12);
  }
}

TEST(Ssim, RefusesImagesSmallerThanTheWindowOrOfTwoSizes) {
  for (const Variant& variant : kVariants) {
    const Image fits = noise_image(variant.window, variant.window, 1);
    EXPECT_NO_THROW(variant.ssim(fits, fits));
    const Image narrow = noise_image(variant.window - 1, 40, 1);
    try {
      variant.ssim(narrow, narrow);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(fmt::format(
                                    "at least {0} x {0} pixels, its window; these have {1} x 40",
                                    variant.window, variant.window - 1)));
    }
    EXPECT_THROW(variant.ssim(fits, noise_image(40, 40, 1)), Error);
    EXPECT_THROW(variant.ssim(Image{}, Image{}), Error);
  }
}

}  // namespace
}  // namespace sightline
