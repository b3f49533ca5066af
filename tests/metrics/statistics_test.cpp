#include "metrics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "harness/base/error.h"

namespace sightline {
namespace {

TEST(Mean, IsTheSumInOrderByTheCount) {
  EXPECT_EQ(mean(std::vector<double>{}), std::nullopt);
  EXPECT_EQ(mean(std::vector{3.5}), 3.5);
  EXPECT_EQ(mean(std::vector{0.0, 1.0, 1.0, 0.0}), 0.5);
  EXPECT_EQ(mean(std::vector{0.1, 0.2, 0.3}), (0.1 + 0.2 + 0.3) / 3);
  EXPECT_EQ(mean(std::vector{1e16, 1.0, -1e16}), 0.0) << "in order: 1 is lost in 1e16";
  EXPECT_TRUE(std::isnan(*mean(std::vector{1.0, std::nan("")})));
  EXPECT_TRUE(std::isinf(*mean(std::vector{1.0, std::numeric_limits<double>::infinity()})));
}

// What numpy 1.24 gives for the mean of 1, 1/2, 1/3, ..., 1/n.
TEST(PairwiseMean, IsNumpysToTheLastBit) {
  const std::pair<std::size_t, double> cases[] = {{7, 0x1.7b4c470d956b9p-2},
                                                  {8, 0x1.5be2be2be2be2p-2},
                                                  {130, 0x1.5758571571fa8p-5},
                                                  {1000, 0x1.ea915c8a8db3dp-8},
                                                  {4099, 0x1.1c755a2cb35c9p-9}};
  for (const auto& [n, want] : cases) {
    std::vector<double> values;
    for (std::size_t i = 1; i <= n; ++i) values.push_back(1.0 / static_cast<double>(i));
    EXPECT_EQ(pairwise_mean(values), want) << n;
  }
  EXPECT_EQ(pairwise_mean({}), std::nullopt);
}

TEST(ClusteredStandardError, OfHandWorkedSamples) {
  struct Case {
    const char* name;
    std::vector<double> values;
    std::vector<std::uint32_t> clusters;
    double squared;  // of the standard error
  };
  const Case cases[] = {
      // Residuals -1, 1: s^2 = 2, so s^2 / n = 1.
      {"two_singletons", {1, 3}, {0, 1}, 1},
      // Residuals -1.5, -0.5, 0.5, 1.5; clusters sum to -2 and 2; 2/1 * 8 / 16.
      {"two_pairs", {1, 2, 3, 4}, {0, 0, 1, 1}, 1},
      // The same residuals in clusters that cancel: -1.5 + 1.5 and -0.5 + 0.5.
      {"pairs_that_cancel", {1, 2, 3, 4}, {0, 1, 1, 0}, 0},
      // Mean 1; residuals -1, -1, -1, 3; cluster sums -3 and 3; 2 * 18 / 16.
      {"unequal_sizes", {0, 0, 0, 4}, {0, 0, 0, 1}, 2.25},
      {"gaps_in_the_numbers", {1, 3}, {7, 2}, 1},
      {"all_equal", {5, 5, 5}, {0, 1, 2}, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_DOUBLE_EQ(clustered_standard_error(c.values, c.clusters).value(), std::sqrt(c.squared));
  }
}

TEST(ClusteredStandardError, IsTheUsualOneWhenEveryValueIsItsOwnCluster) {
  std::mt19937 random(7);
  for (const std::size_t n : {2U, 3U, 10U, 1000U}) {
    std::vector<double> values(n);
    std::vector<std::uint32_t> clusters(n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = std::uniform_real_distribution<>(0, 1)(random);
      clusters[i] = static_cast<std::uint32_t>(n - 1 - i);
      sum += values[i];
    }
    double squares = 0;
    for (const double value : values) squares += std::pow(value - sum / double(n), 2);
    const double usual = std::sqrt(squares / double(n - 1) / double(n));
    EXPECT_NEAR(clustered_standard_error(values, clusters).value(), usual, 1e-14 * usual);
  }
}

TEST(ClusteredStandardError, OfCopiesIsThatOfTheOriginals) {
  // Each value k times in its own cluster tells no more than once.
  const std::vector<double> values = {0.1, 0.9, 0.4, 0.4, 1.0};
  std::vector<double> copies;
  std::vector<std::uint32_t> once, clusters;
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    once.push_back(i);
    for (int k = 0; k < 4; ++k) {
      copies.push_back(values[i]);
      clusters.push_back(i);
    }
  }
  EXPECT_NEAR(clustered_standard_error(copies, clusters).value(),
              clustered_standard_error(values, once).value(), 1e-15);
}

TEST(ClusteredStandardError, DoesNotDependOnTheNamesOfTheClusters) {
  const std::vector<double> values = {1, 0, 0.5, 0.25, 1, 1};
  EXPECT_DOUBLE_EQ(*clustered_standard_error(values, std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2}),
                   *clustered_standard_error(values, std::vector<std::uint32_t>{9, 9, 0, 0, 4, 4}));
}

TEST(ClusteredStandardError, NeedsTwoClusters) {
  const std::vector<double> none, one = {1}, two = {1, 2};
  const std::vector<std::uint32_t> no_cluster, cluster = {0}, same = {3, 3};
  EXPECT_EQ(clustered_standard_error(none, no_cluster), std::nullopt);
  EXPECT_EQ(clustered_standard_error(one, cluster), std::nullopt);
  EXPECT_EQ(clustered_standard_error(two, same), std::nullopt);
  EXPECT_THROW(clustered_standard_error(two, cluster), Error);
}

}  // namespace
}  // namespace sightline
