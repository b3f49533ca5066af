#include "metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "tests/support/intervals.h"

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

// By hand: quantiles of 0, 1, ..., 100 are 2.5, 50 and 97.5; of {1, 3} they are 1.05, 2 and 2.95;
// of {0, 1, 2, 6, 10} they are 0.1, 2 and 9.6 (numpy: the places are 0.1, 2 and 3.9).
struct Table {
  const char* name;
  double value;
  std::vector<double> replicates;
  Interval limits;
  std::optional<Interval> want;
};

const Table kTables[] = {
    {"without bias it is the percentile interval", 50, ramp(101), kUnlimited, {{2.5, 97.5}}},
    {"bias moves it", 40, ramp(101), kUnlimited, {{-7.5, 87.5}}},
    {"bias larger than its length", 200, ramp(101), kUnlimited, {{152.5, 247.5}}},
    {"order does not matter", 2, {3, 1}, kUnlimited, {{1.05, 2.95}}},
    {"the longer side stays the longer", 1, {10, 0, 2, 6, 1}, kUnlimited, {{-0.9, 8.6}}},
    {"cut at the limits", 1, {10, 0, 2, 6, 1}, {0, 8}, {{0, 8}}},
    {"replicates that agree have no length", 0.5, {0.25, 0.25, 0.25}, kFractions, {{0.5, 0.5}}},
    {"one replicate is too few", 1, {1}, kUnlimited, std::nullopt},
    {"no replicate", 1, {}, kUnlimited, std::nullopt},
};

TEST(CentredInterval, IsThatOfTheHandWorkedTable) {
  for (const Table& table : kTables) {
    SCOPED_TRACE(table.name);
    const auto interval = centred_interval(table.value, table.replicates, table.limits);
    ASSERT_EQ(interval.has_value(), table.want.has_value());
    if (!interval) continue;
    EXPECT_DOUBLE_EQ(interval->low, table.want->low);
    EXPECT_DOUBLE_EQ(interval->high, table.want->high);
  }
}

/// The share of images that were not drawn. Resampling pushes it up, as it does average precision,
/// whose curve is smoother where fewer images make it.
double share_left_out(std::span<const std::uint32_t> weights) {
  const auto drawn = std::count_if(weights.begin(), weights.end(), [](auto w) { return w > 0; });
  return 1 - static_cast<double>(drawn) / static_cast<double>(weights.size());
}

TEST(BootstrapIntervals, HoldTheValueOfAStatisticThatResamplingPushesUp) {
  // All images drawn: 0. A replicate leaves out about one in e, so none of them comes near 0, and
  // the percentile interval would lie around 0.37.
  for (const std::size_t images : {10U, 100U, 1000U}) {
    const auto intervals =
        intervals_of(resample(images, {.replicates = 300, .seed = 9}, [&](auto weights) {
          return std::vector<double>{0.2 + share_left_out(weights), 0.9 - share_left_out(weights)};
        }));
    for (const auto& [interval, value] : {std::pair(intervals[0], 0.2), {intervals[1], 0.9}}) {
      ASSERT_TRUE(interval);
      EXPECT_LT(interval->low, value);
      EXPECT_GT(interval->high, value);
      EXPECT_LT(interval->high - interval->low, 0.5);
    }
  }
}

TEST(BootstrapIntervals, OfAMeanArePracticallyThePercentileInterval) {
  std::vector<double> values(300);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 7 == 0 ? 1.0 : 0.0;
  std::vector<double> means;
  const Bootstrap bootstrap{.replicates = 2000, .seed = 4};
  for (std::size_t replicate = 0; replicate < bootstrap.replicates; ++replicate) {
    means.push_back(weighted_mean(values, bootstrap_weights(300, bootstrap.seed, replicate)));
  }
  const Interval interval = *intervals_of(resample(300, bootstrap, [&](auto weights) {
    return std::vector<double>{weighted_mean(values, weights)};
  }))[0];
  std::sort(means.begin(), means.end());
  const double length = means[1949] - means[49];
  EXPECT_NEAR(interval.low, means[49], 0.05 * length);
  EXPECT_NEAR(interval.high, means[1949], 0.05 * length);
}

TEST(BootstrapIntervals, OfAMeanHaveTheWidthOfItsStandardError) {
  const std::vector<double> values = ramp(400);
  const auto intervals =
      intervals_of(resample(values.size(), {.replicates = 2000, .seed = 5}, [&](auto weights) {
        return std::vector<double>{weighted_mean(values, weights)};
      }));
  const double standard_error = std::sqrt(400.0 * 400 / 12) / 20;
  ASSERT_TRUE(intervals.at(0));
  EXPECT_NEAR(intervals[0]->high - intervals[0]->low, 2 * 1.96 * standard_error,
              0.1 * standard_error * 2 * 1.96);
  EXPECT_LT(intervals[0]->low, 199.5);
  EXPECT_GT(intervals[0]->high, 199.5);
}

TEST(BootstrapIntervals, LeaveOutReplicatesWhereANumberIsUndefined) {
  const auto intervals = intervals_of(resample(3, {.replicates = 200}, [](auto weights) {
    const double undefined = std::nan("");
    return std::vector<double>{weights[0] == 0 ? undefined : 1.0, undefined,
                               weights[0] == 1 ? undefined : 1.0};
  }));
  EXPECT_EQ(intervals[0], (Interval{1, 1}));
  EXPECT_FALSE(intervals[1]);
  EXPECT_FALSE(intervals[2]) << "undefined on the images themselves";
}

TEST(BootstrapIntervals, DoNotDependOnTheNumberOfThreads) {
  const std::vector<double> values = ramp(50);
  const auto run = [&] {
    return intervals_of(resample(values.size(), {.replicates = 100, .seed = 2}, [&](auto weights) {
      return std::vector<double>{weighted_mean(values, weights)};
    }));
  };
  set_thread_count(1);
  const auto one = run();
  set_thread_count(4);
  EXPECT_THAT(run(), ElementsAreArray(one));
  set_thread_count(0);
}

TEST(BootstrapIntervals, NeedImages) {
  EXPECT_THROW(
      intervals_of(resample(0, {.replicates = 1}, [](auto) { return std::vector<double>(); })),
      Error);
}

}  // namespace
}  // namespace sightline
