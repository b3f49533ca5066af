#include "metrics/fidelity/feature_moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/parallel.h"
#include "tests/metrics/fidelity/golden_features.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::Features;
using ::testing::HasSubstr;
using testing::random_features;

FeatureStatistics statistics_of(const FeatureRows& rows) {
  FeatureMoments moments(rows.width);
  moments.update(rows.values);
  return moments.statistics();
}

/// The definition, in two passes of 64-bit mantissas.
FeatureStatistics slow_statistics(const FeatureRows& rows) {
  const std::size_t d = rows.width, n = rows.count();
  std::vector<long double> mean(d, 0.0L), covariance(d * d, 0.0L);
  for (std::size_t i = 0; i < n * d; ++i) mean[i % d] += static_cast<long double>(rows.values[i]);
  for (long double& m : mean) m /= static_cast<long double>(n);
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        covariance[i * d + j] += (static_cast<long double>(rows.row(r)[i]) - mean[i]) *
                                 (static_cast<long double>(rows.row(r)[j]) - mean[j]);
      }
    }
  }
  FeatureStatistics result{.count = static_cast<std::int64_t>(n)};
  for (const long double m : mean) result.mean.push_back(static_cast<double>(m));
  for (const long double c : covariance) {
    result.covariance.push_back(static_cast<double>(c / static_cast<long double>(n - 1)));
  }
  return result;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// Checks means relative to the largest, covariances relative to the largest variance.
void expect_near(const FeatureStatistics& got, const FeatureStatistics& want, double tolerance) {
  EXPECT_EQ(got.count, want.count);
  const double scale = *std::ranges::max_element(want.covariance);
  double magnitude = 0;
  for (const double mean : want.mean) magnitude = std::max(magnitude, std::abs(mean));
  EXPECT_LE(largest_difference(got.mean, want.mean), tolerance * magnitude);
  EXPECT_LE(largest_difference(got.covariance, want.covariance), tolerance * scale);
}

TEST(FeatureMoments, AgreeWithADefinitionInHigherPrecision) {
  for (const double mean : {0.0, 0.5, 1000.0, -3e5}) {
    for (const std::size_t rows : {2U, 3U, 511U, 512U, 513U, 3000U}) {
      SCOPED_TRACE(::testing::Message() << "mean " << mean << ", " << rows << " rows");
      const Features features = random_features(rows, 40, rows, mean);
      expect_near(statistics_of(features.rows()), slow_statistics(features.rows()), 1e-13);
    }
  }
}

TEST(FeatureMoments, AFirstChunkUnlikeTheRestCostsNoDigits) {
  Features features = random_features(512, 24, 1, 900.0);
  const Features rest = random_features(4000, 24, 2, 0.5);
  features.values.insert(features.values.end(), rest.values.begin(), rest.values.end());
  expect_near(statistics_of(features.rows()), slow_statistics(features.rows()), 1e-13);
}

TEST(FeatureMoments, EqualTheGoldenOnes) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    const FeatureStatistics x = statistics_of(pair.x.rows());
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(x.mean[i], pair.want.at("mu1_first4").at(i).get<double>(), 1e-15);
      EXPECT_NEAR(x.covariance[i], pair.want.at("sigma1_0_first4").at(i).get<double>(), 1e-15);
    }
  }
}

TEST(FeatureMoments, AreTheSameBitsHoweverRowsAreSharedOutAmongCalls) {
  const Features features = random_features(2100, 20, 7);
  const FeatureStatistics whole = statistics_of(features.rows());
  for (const std::size_t step : {1U, 7U, 511U, 512U, 513U, 1999U}) {
    FeatureMoments moments(20);
    for (std::size_t row = 0; row < 2100; row += step) {
      moments.update(features.rows().rows(row, std::min<std::size_t>(row + step, 2100)).values);
    }
    const FeatureStatistics parts = moments.statistics();
    EXPECT_EQ(parts.mean, whole.mean);
    EXPECT_EQ(parts.covariance, whole.covariance);
    EXPECT_EQ(parts.float32_mean, whole.float32_mean);
  }
}

TEST(FeatureMoments, MergingAnySplitEqualsOnePass) {
  const Features features = random_features(2600, 20, 8, 3.0);
  const FeatureStatistics whole = statistics_of(features.rows());
  for (const std::size_t cut : {0U, 1U, 300U, 512U, 1024U, 1300U, 2088U, 2599U, 2600U}) {
    SCOPED_TRACE(cut);
    FeatureMoments left(20), right(20);
    left.update(features.rows().rows(0, cut).values);
    right.update(features.rows().rows(cut, 2600).values);
    left.merge(right);
    const FeatureStatistics merged = left.statistics();
    expect_near(merged, whole, 1e-14);
    const bool in_order = cut == 0 || cut > 2600 - 512;
    EXPECT_EQ(merged.float32_mean.has_value(), in_order);
    if (in_order) {
      EXPECT_EQ(merged.float32_mean, whole.float32_mean);
      EXPECT_EQ(merged.covariance, whole.covariance);
    }
  }
}

TEST(FeatureMoments, MergeManyPartsOfAnySize) {
  const Features features = random_features(4000, 12, 9, -2.0);
  FeatureMoments merged(12);
  Rng rng(3);
  for (std::size_t row = 0; row < 4000;) {
    const std::size_t end = std::min<std::size_t>(4000, row + rng.below(900));
    FeatureMoments part(12);
    part.update(features.rows().rows(row, end).values);
    merged.merge(part);
    row = end;
  }
  expect_near(merged.statistics(), statistics_of(features.rows()), 1e-14);
}

TEST(FeatureMoments, MergingASetWithItselfCountsItTwice) {
  const Features features = random_features(700, 6, 4);
  Features twice = features;
  twice.values.insert(twice.values.end(), features.values.begin(), features.values.end());
  FeatureMoments moments(6);
  moments.update(features.values);
  moments.merge(moments);
  expect_near(moments.statistics(), statistics_of(twice.rows()), 1e-14);
}

TEST(FeatureMoments, DoNotDependOnTheOrderOfRows) {
  const Features features = random_features(1500, 16, 10);
  std::vector<std::size_t> order(1500);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Rng(5).shuffle(order);
  Features shuffled{.width = 16};
  for (const std::size_t i : order) {
    const auto row = features.rows().row(i);
    shuffled.values.insert(shuffled.values.end(), row.begin(), row.end());
  }
  expect_near(statistics_of(shuffled.rows()), statistics_of(features.rows()), 1e-14);
}

TEST(FeatureMoments, DoNotDependOnTheNumberOfThreads) {
  const Features features = random_features(1500, 300, 11);
  set_thread_count(1);
  const FeatureStatistics one = statistics_of(features.rows());
  set_thread_count(3);
  const FeatureStatistics three = statistics_of(features.rows());
  set_thread_count(0);
  EXPECT_EQ(one.mean, three.mean);
  EXPECT_EQ(one.float32_mean, three.float32_mean);
  expect_near(three, one, 1e-14);
}

TEST(FeatureMoments, TheMeanInFloat32AddsRowsUpInTheirOrder) {
  const Features features = random_features(1700, 5, 12);
  std::vector<float> sum(5, 0.0F);
  for (std::size_t i = 0; i < features.values.size(); ++i) sum[i % 5] += features.values[i];
  for (float& value : sum) value /= 1700.0F;
  EXPECT_EQ(statistics_of(features.rows()).float32_mean, sum);
}

TEST(FeatureMoments, CovariancesAreSymmetricAndOfConstantFeaturesZero) {
  Features features = random_features(600, 9, 13);
  for (std::size_t row = 0; row < 600; ++row) features.values[row * 9 + 4] = 0.1F;
  const FeatureStatistics statistics = statistics_of(features.rows());
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(statistics.covariance[4 * 9 + i], 0.0) << i;
    for (std::size_t j = 0; j < 9; ++j) {
      EXPECT_EQ(statistics.covariance[i * 9 + j], statistics.covariance[j * 9 + i]);
    }
  }
}

TEST(FeatureMoments, RefuseBadInputAndKeepWhatTheyHad) {
  const Features features = random_features(600, 3, 14);
  FeatureMoments moments(3);
  moments.update(features.values);
  const FeatureStatistics before = moments.statistics();
  std::vector<float> bad(9, 0.5F);
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of([&] { moments.update(bad); }), HasSubstr("row 602, column 1 (both from 0)"));
  EXPECT_THAT(error_of([&] { moments.update(std::vector<float>(4)); }),
              HasSubstr("4 values are no whole rows of 3"));
  EXPECT_THAT(error_of([&] { moments.merge(FeatureMoments(4)); }), HasSubstr("3 and 4 values"));
  EXPECT_EQ(moments.count(), 600);
  EXPECT_EQ(moments.statistics().covariance, before.covariance);
}

TEST(FeatureMoments, NeedAWidthAndTwoRows) {
  EXPECT_THAT(error_of([] { FeatureMoments moments(0); }), HasSubstr("at least one value"));
  FeatureMoments moments(2);
  EXPECT_THAT(error_of([&] { moments.statistics(); }), HasSubstr("0 feature vectors"));
  moments.update(std::vector<float>{1, 2});
  EXPECT_THAT(error_of([&] { moments.statistics(); }),
              HasSubstr("1 feature vector: a covariance needs at least 2"));
  moments.update(std::vector<float>{3, 2});
  EXPECT_THAT(moments.statistics().covariance, ::testing::ElementsAre(2, 0, 0, 0));
}

}  // namespace
}  // namespace sightline
