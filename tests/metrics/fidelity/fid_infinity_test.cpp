#include "metrics/fidelity/fid_infinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/metrics/fidelity/golden_features.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::Features;
using ::testing::HasSubstr;
using testing::random_features;

FeatureStatistics statistics_of(const Features& features) {
  FeatureMoments moments(features.width);
  moments.update(features.values);
  return moments.statistics();
}

TEST(Extrapolate, FindsALine) {
  const FidInfinity line =
      extrapolate({{10, 3 + 2.0 / 10}, {20, 3 + 2.0 / 20}, {40, 3 + 2.0 / 40}});
  EXPECT_NEAR(line.value, 3, 1e-14);
  EXPECT_NEAR(line.slope, 2, 1e-13);
  EXPECT_NEAR(line.standard_error, 0, 1e-13);
  EXPECT_NEAR(line.bias(50), 0.04, 1e-14);
}

// 1 / rows = 1, 1/2, 1/4 against 1, 1, 0, by the textbook's formulas: means 7/12 and 2/3,
// Sxx = 7/24, Sxy = 1/3, so slope 8/7, intercept 0; residuals -1/7, 3/7, -2/7 with sum of squares
// 2/7, and the error is sqrt(2/7 (1/3 + (7/12)^2 / (7/24))) = sqrt(3/7).
TEST(Extrapolate, KnowsItsStandardError) {
  const FidInfinity line = extrapolate({{1, 1}, {2, 1}, {4, 0}});
  EXPECT_NEAR(line.slope, 8.0 / 7, 1e-14);
  EXPECT_NEAR(line.value, 0, 1e-14);
  EXPECT_NEAR(line.standard_error, std::sqrt(3.0 / 7), 1e-14);
}

TEST(Extrapolate, NeedsThreePointsOfDifferentSizes) {
  EXPECT_THAT(error_of([] { extrapolate({{10, 1}, {20, 1}}); }), HasSubstr("at least 3"));
  EXPECT_THAT(error_of([] {
                extrapolate({{10, 1}, {10, 2}, {10, 3}});
              }),
              HasSubstr("all points are of 10 rows"));
}

TEST(FidInfinity, SizesAreEvenlySpacedUpToAllRows) {
  const Features features = random_features(1000, 4, 1);
  const auto got = fid_infinity(features.rows(), statistics_of(random_features(900, 4, 2)));
  ASSERT_EQ(got.points.size(), 15U);
  const std::size_t want[] = {100, 164, 228, 292, 357, 421, 485, 550,
                              614, 678, 742, 807, 871, 935, 1000};
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(got.points[i].rows, want[i]);
  const auto few =
      fid_infinity(features.rows(), statistics_of(features), {.points = 3, .smallest = 60});
  EXPECT_EQ(few.points.front().rows, 60U);
}

TEST(FidInfinity, TheLastPointIsTheFidOfAllRows) {
  const Features features = random_features(800, 6, 3);
  const FeatureStatistics reference = statistics_of(random_features(700, 6, 4, 0.6));
  for (const FrechetRules rules : kAllFrechetRules) {
    const auto got = fid_infinity(features.rows(), reference, {.rules = rules});
    EXPECT_EQ(got.points.back().fid,
              frechet_distance(statistics_of(features), reference, rules).value());
  }
}

// Both sets are of one distribution, whose FID is 0. That of a few rows is far from it.
TEST(FidInfinity, TakesTheBiasOfSmallSetsAway) {
  const FeatureStatistics reference = statistics_of(random_features(40000, 64, 5));
  const Features sample = random_features(4000, 64, 6);
  const auto got = fid_infinity(sample.rows(), reference);
  const double biased = got.points.back().fid;
  EXPECT_GT(biased, 0.002);
  EXPECT_LT(std::abs(got.value), biased / 4);
  EXPECT_NEAR(got.value + got.bias(4000), biased, biased / 4);
  EXPECT_GT(got.standard_error, 0);
  EXPECT_GT(got.slope, 0);
}

TEST(FidInfinity, RepeatsWithASeedAndChangesWithIt) {
  const Features features = random_features(400, 5, 7);
  const FeatureStatistics reference = statistics_of(random_features(400, 5, 8));
  const auto with_seed = [&](std::uint64_t seed) {
    return fid_infinity(features.rows(), reference, {.seed = seed}).value;
  };
  EXPECT_EQ(with_seed(1), with_seed(1));
  EXPECT_NE(with_seed(1), with_seed(2));
}

TEST(FidInfinity, RefusesBadInput) {
  const Features features = random_features(100, 3, 1);
  const FeatureStatistics reference = statistics_of(features);
  EXPECT_THAT(error_of([&] { fid_infinity(features.rows(), reference, {.points = 2}); }),
              HasSubstr("2 subset sizes"));
  EXPECT_THAT(error_of([&] { fid_infinity(features.rows().rows(0, 16), reference); }),
              HasSubstr("16 generated images are too few"));
  EXPECT_THAT(error_of([&] { fid_infinity(random_features(100, 4, 1).rows(), reference); }),
              HasSubstr("must be of one network"));
  Features bad = features;
  bad.values[100] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of([&] { fid_infinity(bad.rows(), reference); }),
              HasSubstr("generated features: row 33, column 1"));
}

}  // namespace
}  // namespace sightline
