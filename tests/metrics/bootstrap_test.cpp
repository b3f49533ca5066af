#include "metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {
namespace {

using ::testing::ElementsAreArray;

double weighted_mean(std::span<const double> values, std::span<const std::uint32_t> weights) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    count += weights[i];
  }
  return sum / count;
}

std::vector<double> ramp(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

TEST(BootstrapWeights, DrawAsManyAsThereAreAndDependOnSeedAndReplicateAlone) {
  for (const std::size_t images : {1U, 2U, 1000U}) {
    const auto weights = bootstrap_weights(images, 7, 3);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), std::size_t{0}), images);
    EXPECT_EQ(bootstrap_weights(images, 7, 3), weights);
  }
  EXPECT_NE(bootstrap_weights(1000, 7, 3), bootstrap_weights(1000, 7, 4));
  EXPECT_NE(bootstrap_weights(1000, 7, 3), bootstrap_weights(1000, 8, 3));
}

TEST(BootstrapWeights, LeaveOutAboutOneInE) {
  const auto weights = bootstrap_weights(100000, 1, 0);
  const auto absent = std::count(weights.begin(), weights.end(), 0U);
  EXPECT_NEAR(static_cast<double>(absent) / 100000, std::exp(-1.0), 0.01);
}

TEST(PercentileInterval, InterpolatesAsNumpysQuantile) {
  const auto interval = percentile_interval(ramp(101));
  EXPECT_DOUBLE_EQ(interval->low, 2.5);
  EXPECT_DOUBLE_EQ(interval->high, 97.5);
  const auto two = percentile_interval({3, 1});
  EXPECT_DOUBLE_EQ(two->low, 1.05);
  EXPECT_DOUBLE_EQ(two->high, 2.95);
  EXPECT_FALSE(percentile_interval({1}));
  EXPECT_FALSE(percentile_interval({}));
}

TEST(BootstrapIntervals, OfAMeanHaveTheWidthOfItsStandardError) {
  const std::vector<double> values = ramp(400);
  const auto intervals = bootstrap_intervals(
      values.size(), {.replicates = 2000, .seed = 5},
      [&](auto weights) { return std::vector<double>{weighted_mean(values, weights)}; });
  const double standard_error = std::sqrt(400.0 * 400 / 12) / 20;
  ASSERT_TRUE(intervals.at(0));
  EXPECT_NEAR(intervals[0]->high - intervals[0]->low, 2 * 1.96 * standard_error,
              0.1 * standard_error * 2 * 1.96);
  EXPECT_LT(intervals[0]->low, 199.5);
  EXPECT_GT(intervals[0]->high, 199.5);
}

TEST(BootstrapIntervals, LeaveOutReplicatesWhereANumberIsUndefined) {
  const auto intervals = bootstrap_intervals(3, {.replicates = 200}, [](auto weights) {
    const double undefined = std::nan("");
    return std::vector<double>{weights[0] == 0 ? undefined : 1.0, undefined};
  });
  EXPECT_EQ(intervals[0], (Interval{1, 1}));
  EXPECT_FALSE(intervals[1]);
}

TEST(BootstrapIntervals, DoNotDependOnTheNumberOfThreads) {
  const std::vector<double> values = ramp(50);
  const auto run = [&] {
    return bootstrap_intervals(values.size(), {.replicates = 100, .seed = 2}, [&](auto weights) {
      return std::vector<double>{weighted_mean(values, weights)};
    });
  };
  set_thread_count(1);
  const auto one = run();
  set_thread_count(4);
  EXPECT_THAT(run(), ElementsAreArray(one));
  set_thread_count(0);
}

TEST(BootstrapIntervals, NeedImages) {
  EXPECT_THROW(
      bootstrap_intervals(0, {.replicates = 1}, [](auto) { return std::vector<double>(); }), Error);
}

}  // namespace
}  // namespace sightline
