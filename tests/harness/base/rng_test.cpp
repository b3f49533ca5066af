#include "harness/base/rng.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "harness/base/error.h"

namespace sightline {
namespace {

TEST(Rng, MixesAsSplitMix64IsPublished) {
  // First outputs of the reference generator from state 1234567 (Vigna, splitmix64.c).
  const std::uint64_t step = 0x9E3779B97F4A7C15ULL;
  EXPECT_EQ(mix_bits(1234567 + step), 6457827717110365317ULL);
  EXPECT_EQ(mix_bits(1234567 + 2 * step), 3203168211198807973ULL);
  EXPECT_EQ(mix_bits(1234567 + 3 * step), 9817491932198370423ULL);
}

TEST(Rng, RepeatsFromSeedAndStream) {
  Rng one(7, 3), same(7, 3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.next(), same.next());
}

TEST(Rng, SeedsAndStreamsDiffer) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t stream = 0; stream < 50; ++stream) first.insert(Rng(seed, stream).next());
  }
  EXPECT_EQ(first.size(), 2500U);
}

TEST(Rng, UniformStaysInItsInterval) {
  Rng rng(1);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double value = rng.uniform(-2, 4);
    ASSERT_GE(value, -2);
    ASSERT_LT(value, 4);
    sum += value;
  }
  // Standard error of the mean: 6 / sqrt(12) / sqrt(100000) = 0.0055.
  EXPECT_NEAR(sum / 100000, 1.0, 5 * 0.0055);
}

TEST(Rng, BelowIsEvenForAnyBound) {
  for (const std::uint64_t n : {1U, 2U, 3U, 7U, 10U, 64U}) {
    SCOPED_TRACE(n);
    Rng rng(11, n);
    std::map<std::uint64_t, int> counts;
    constexpr int kDraws = 64000;
    for (int i = 0; i < kDraws; ++i) ++counts[rng.below(n)];
    EXPECT_EQ(counts.size(), n);
    EXPECT_LT(counts.rbegin()->first, n);
    const double mean = double{kDraws} / static_cast<double>(n);
    for (const auto& [value, count] : counts)
      EXPECT_NEAR(count, mean, 5 * std::sqrt(mean)) << value;
  }
}

TEST(Rng, BelowIsUnbiasedWhereAModuloWouldNotBe) {
  // Of 3 * 2^62, a third lies below 2^62; `next() % n` would put half there.
  const std::uint64_t n = 3ULL << 62;
  Rng rng(5);
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += rng.below(n) < (1ULL << 62) ? 1 : 0;
  EXPECT_NEAR(low, 10000, 5 * std::sqrt(30000 * 2.0 / 9.0));
}

TEST(Rng, BetweenReachesBothEndsOfTheIntegers) {
  Rng rng(2);
  std::set<int> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(-1, 2));
  EXPECT_THAT(seen, testing::ElementsAre(-1, 0, 1, 2));
  EXPECT_NO_THROW(rng.between(INT32_MIN, INT32_MAX));
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
  Rng rng(3);
  double sum = 0, squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
}

TEST(Rng, ShuffleKeepsTheItemsAndReachesEveryOrder) {
  std::map<std::vector<int>, int> orders;
  for (std::uint64_t stream = 0; stream < 6000; ++stream) {
    std::vector<int> items = {1, 2, 3};
    Rng(4, stream).shuffle(items);
    ++orders[items];
  }
  EXPECT_EQ(orders.size(), 6U);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000));
}

TEST(SeededSubset, HoldsDistinctAscendingIndices) {
  for (const std::size_t k : {0U, 1U, 17U, 99U, 100U}) {
    const auto subset = seeded_subset(100, k, 42);
    SCOPED_TRACE(k);
    EXPECT_EQ(subset.size(), k);
    EXPECT_TRUE(std::ranges::is_sorted(subset));
    EXPECT_EQ(std::set(subset.begin(), subset.end()).size(), k);
    for (const std::size_t index : subset) EXPECT_LT(index, 100U);
  }
}

TEST(SeededSubset, IsPinned) {
  // Checked with an independent Python version. A run's identity names the seed alone, so the same
  // seed must choose the same samples for ever.
  EXPECT_EQ(seeded_subset(20, 5, 1234), seeded_subset(20, 5, 1234));
  EXPECT_THAT(seeded_subset(20, 5, 1234), testing::ElementsAre(0, 3, 4, 11, 13));
}

TEST(SeededSubset, TakesEveryIndexEquallyOften) {
  std::vector<int> counts(12);
  for (std::uint64_t seed = 0; seed < 8000; ++seed) {
    for (const std::size_t index : seeded_subset(12, 3, seed)) ++counts[index];
  }
  for (const int count : counts) EXPECT_NEAR(count, 2000, 5 * std::sqrt(8000 * 0.25 * 0.75));
}

TEST(SeededSubset, RefusesMoreThanThereAre) {
  EXPECT_THROW(seeded_subset(3, 4, 0), Error);
}

}  // namespace
}  // namespace sightline
