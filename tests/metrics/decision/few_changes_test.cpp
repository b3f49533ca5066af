#include "metrics/decision/few_changes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/rng.h"

namespace sightline {
namespace {

DifferenceEstimate estimate(std::size_t falling, std::size_t rising, std::size_t clusters) {
  DifferenceEstimate made;
  made.samples = made.clusters = clusters;
  made.falling_clusters = falling;
  made.rising_clusters = rising;
  made.differing_clusters = falling + rising;
  return made;
}

TEST(FewChanges, AreThoseOfFewImagesWhateverTheirNumber) {
  EXPECT_TRUE(has_few_changes(estimate(0, 0, 100'000)));
  EXPECT_TRUE(has_few_changes(estimate(7, 7, 100)));
  EXPECT_FALSE(has_few_changes(estimate(8, 7, 100)));
  DifferenceEstimate bootstrap = estimate(0, 0, 100);
  bootstrap.replicates = {0.0, 0.1};
  EXPECT_FALSE(has_few_changes(bootstrap));
}

TEST(FewChanges, SignTestsCountCoins) {
  EXPECT_DOUBLE_EQ(p_sign_below(estimate(3, 0, 50)), 0.125);
  EXPECT_DOUBLE_EQ(p_sign_above(estimate(3, 0, 50)), 1);
  EXPECT_DOUBLE_EQ(p_sign_two_sided(estimate(3, 0, 50)), 0.25);
  EXPECT_DOUBLE_EQ(p_sign_below(estimate(4, 1, 50)), 6.0 / 32);
  EXPECT_DOUBLE_EQ(p_sign_below(estimate(0, 0, 50)), 1);
}

TEST(FewChanges, BoundsOfTheShareAreThoseOfClopperAndPearson) {
  // Without a hit: 1 - alpha^(1/n). With hits: the roots of the binomial sums.
  EXPECT_NEAR(largest_possible_fall(estimate(0, 5, 60), 0.05), 1 - std::pow(0.05, 1.0 / 60), 1e-12);
  EXPECT_NEAR(largest_possible_fall(estimate(1, 0, 100), 0.05), 0.0465598115, 1e-9);
  EXPECT_NEAR(largest_possible_rise(estimate(0, 3, 20), 0.05, 2), 2 * 0.3436638043, 1e-9);
  EXPECT_EQ(largest_possible_fall(estimate(4, 0, 4), 0.05), 1);
  EXPECT_THROW(largest_possible_fall(estimate(0, 0, 4), 0), Error);
}

TEST(FewChanges, TheBoundHoldsInAsManyExperimentsAsItSays) {
  constexpr int kExperiments = 4000, kImages = 200;
  constexpr double kAlpha = 0.05;
  for (const double share : {0.005, 0.02, 0.05}) {
    SCOPED_TRACE(share);
    Rng rng(11, static_cast<std::uint64_t>(share * 1e4));
    int missed = 0;
    for (int i = 0; i < kExperiments; ++i) {
      std::size_t falling = 0;
      for (int image = 0; image < kImages; ++image) falling += rng.chance(share);
      missed += largest_possible_fall(estimate(falling, 0, kImages), kAlpha) < share;
    }
    const double sigma = std::sqrt(kAlpha * (1 - kAlpha) * kExperiments);
    EXPECT_LE(missed, kAlpha * kExperiments + 3 * sigma);
  }
}

TEST(FewChanges, ImagesToExcludeAreTheFewestThatDo) {
  // ln 0.05 / ln 0.99 = 298.07
  EXPECT_EQ(images_to_exclude(estimate(0, 0, 50), true, 0.01, 0.05), 299);
  EXPECT_EQ(images_to_exclude(estimate(0, 0, 50), false, 0.01, 0.05), 299);
  EXPECT_FALSE(images_to_exclude(estimate(2, 0, 50), true, 0.03, 0.05));  // 4% fall as it is
  const auto some = images_to_exclude(estimate(1, 0, 100), true, 0.03, 0.05);
  ASSERT_TRUE(some);
  EXPECT_GT(*some, 100U);
  EXPECT_LT(*some, 1000U);
}

}  // namespace
}  // namespace sightline
