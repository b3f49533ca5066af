// What intervals and tests of differences promise, measured on simulated comparisons whose true
// difference is known. Seeds are fixed: every run draws the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "metrics/bootstrap.h"
#include "metrics/decision/difference.h"
#include "tests/metrics/decision/simulation.h"

namespace sightline {
namespace {

using testing::at_most;
using testing::Population;
using testing::share_of;

constexpr std::uint64_t kRuns = 10000;

DifferenceEstimate estimate_of(const testing::SimulatedSamples& samples) {
  return mean_difference(samples.differences, samples.clusters);
}

const std::vector<Population>& populations() {
  static const std::vector<Population> all = {
      testing::flips("many ties", 2500, 0.028, 0.012),
      testing::flips("few ties", 400, 0.2, 0.2),
      testing::clustered_flips("clustered flips", 300, 0.7),
      testing::continuous("continuous", 600),
      testing::clustered_continuous("clustered continuous", 100),
  };
  return all;
}

class EveryPopulation : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Population& population() const { return populations()[GetParam()]; }
};

TEST_P(EveryPopulation, HasItsTrueDifferenceIn95PercentOfIntervals) {
  const double covered = share_of(kRuns, [&](Rng& rng) {
    const Interval interval = *interval_95(estimate_of(population().draw(rng)));
    return interval.low <= population().mean && population().mean <= interval.high;
  });
  RecordProperty("coverage", std::to_string(covered));
  EXPECT_GE(covered, 0.94) << population().name;
  EXPECT_LE(covered, 0.96) << population().name;
}

TEST_P(EveryPopulation, IsRejectedByATestOfTheTruthNoMoreOftenThanAlpha) {
  std::uint64_t above = 0, below = 0;
  const double two_sided = share_of(kRuns, [&](Rng& rng) {
    const DifferenceEstimate estimate = estimate_of(population().draw(rng));
    above += *p_above(estimate, population().mean) <= 0.05;
    below += *p_below(estimate, population().mean) <= 0.05;
    return *p_two_sided(estimate, population().mean) <= 0.05;
  });
  RecordProperty("two_sided", std::to_string(two_sided));
  RecordProperty("above", std::to_string(static_cast<double>(above) / kRuns));
  RecordProperty("below", std::to_string(static_cast<double>(below) / kRuns));
  EXPECT_LE(two_sided, at_most(0.05, kRuns)) << population().name;
  EXPECT_LE(static_cast<double>(above) / kRuns, at_most(0.05, kRuns));
  EXPECT_LE(static_cast<double>(below) / kRuns, at_most(0.05, kRuns));
}

INSTANTIATE_TEST_SUITE_P(Simulated, EveryPopulation, ::testing::Range<std::size_t>(0, 5));

TEST(SimulatedClusters, TakenForSingleSamplesWouldCoverTooLittle) {
  const Population population = testing::clustered_flips("clustered flips", 200, 0.7);
  const double covered = share_of(1000, [&](Rng& rng) {
    testing::SimulatedSamples samples = population.draw(rng);
    for (std::uint32_t i = 0; i < samples.clusters.size(); ++i) samples.clusters[i] = i;
    const Interval interval = *interval_95(estimate_of(samples));
    return interval.low <= population.mean && population.mean <= interval.high;
  });
  EXPECT_LT(covered, 0.9);
}

TEST(SimulatedGate, OneSidedTestsOfNoDropRaiseAlarmNoMoreOftenThanAlpha) {
  const Population equal = testing::flips("equal", 1000, 0.02, 0.02);
  std::uint64_t better = 0;
  const double worse = share_of(kRuns, [&](Rng& rng) {
    const DifferenceEstimate estimate = estimate_of(equal.draw(rng));
    better += *p_above(estimate, 0) <= 0.05;
    return *p_below(estimate, 0) <= 0.05;
  });
  EXPECT_LE(worse, at_most(0.05, kRuns));
  EXPECT_LE(static_cast<double>(better) / kRuns, at_most(0.05, kRuns));
}

TEST(SimulatedMcNemar, RejectsEqualModelsNoMoreOftenThanAlpha) {
  const Population equal = testing::flips("equal", 1000, 0.02, 0.02);
  const double rejected = share_of(kRuns, [&](Rng& rng) {
    const std::vector<double> differences = equal.draw(rng).differences;
    const auto won = std::count(differences.begin(), differences.end(), 1.0);
    const auto lost = std::count(differences.begin(), differences.end(), -1.0);
    return mcnemar_exact(static_cast<std::uint64_t>(won), static_cast<std::uint64_t>(lost)) <= 0.05;
  });
  EXPECT_LE(rejected, at_most(0.05, kRuns));
  EXPECT_GE(rejected, 0.02) << "it is exact, not powerless";
}

TEST(SimulatedHolm, RejectsAnyTrueHypothesisNoMoreOftenThanAlpha) {
  // Five metrics of the same 300 samples, so correlated; two of them really differ.
  const double shifts[] = {0, 0.05, 0, -0.08, 0};
  std::uint64_t found = 0, unadjusted = 0;
  constexpr std::uint64_t kFamilies = 4000;
  const double wrong = share_of(kFamilies, [&](Rng& rng) {
    std::vector<std::vector<double>> metrics(5, std::vector<double>(300));
    std::vector<std::uint32_t> clusters(300);
    for (std::uint32_t i = 0; i < 300; ++i) {
      clusters[i] = i;
      const double shared = rng.uniform(-0.3, 0.3);
      for (std::size_t m = 0; m < 5; ++m) {
        metrics[m][i] = shifts[m] + shared + rng.uniform(-0.4, 0.4);
      }
    }
    std::vector<double> p_values;
    for (const auto& metric : metrics)
      p_values.push_back(*p_two_sided(mean_difference(metric, clusters)));
    const auto adjusted = holm(p_values);
    found += adjusted[1] <= 0.05 && adjusted[3] <= 0.05;
    unadjusted += std::min({p_values[0], p_values[2], p_values[4]}) <= 0.05;
    return std::min({adjusted[0], adjusted[2], adjusted[4]}) <= 0.05;
  });
  EXPECT_LE(wrong, at_most(0.05, kFamilies));
  EXPECT_GT(static_cast<double>(unadjusted) / kFamilies, 0.08) << "what Holm is for";
  EXPECT_GT(static_cast<double>(found) / kFamilies, 0.5) << "it still finds what differs";
}

/// The replicates of the mean difference, resampled by image with the harness's own weights.
DifferenceEstimate resampled(const testing::SimulatedSamples& samples, std::uint64_t seed) {
  const std::size_t images =
      *std::max_element(samples.clusters.begin(), samples.clusters.end()) + std::size_t{1};
  constexpr std::size_t kReplicates = 399;
  std::vector<double> replicates;
  for (std::size_t replicate = 0; replicate < kReplicates; ++replicate) {
    const auto weights = bootstrap_weights(images, seed, replicate);
    double sum = 0, drawn = 0;
    for (std::size_t i = 0; i < samples.differences.size(); ++i) {
      sum += weights[samples.clusters[i]] * samples.differences[i];
      drawn += weights[samples.clusters[i]];
    }
    replicates.push_back(sum / drawn);
  }
  const double value = estimate_of(samples).value;
  return bootstrap_difference(value, replicates, samples.differences.size(), images);
}

TEST(SimulatedBootstrap, CoversTheTruthAndRejectsItAsPromised) {
  // 2,000 runs have a standard error of 0.5 points, and 399 replicates of 150 images cover some
  // 0.7 points less than 95% (over 8,000 runs: 94.3%), so within 2 points.
  constexpr std::uint64_t kBootstraps = 2000;
  const Population population = testing::clustered_continuous("clustered", 150);
  std::uint64_t above = 0, below = 0, seed = 0;
  const double covered = share_of(kBootstraps, [&](Rng& rng) {
    const DifferenceEstimate estimate = resampled(population.draw(rng), ++seed);
    above += *p_above(estimate, population.mean) <= 0.05;
    below += *p_below(estimate, population.mean) <= 0.05;
    const Interval interval = *interval_95(estimate);
    return interval.low <= population.mean && population.mean <= interval.high;
  });
  RecordProperty("coverage", std::to_string(covered));
  EXPECT_NEAR(covered, 0.95, 0.02);
  EXPECT_LE(static_cast<double>(above) / kBootstraps, at_most(0.05, kBootstraps));
  EXPECT_LE(static_cast<double>(below) / kBootstraps, at_most(0.05, kBootstraps));
}

TEST(SimulatedSamplesToDecide, AreEnoughInTheShareOfRunsAsked) {
  // A drop of 3 points of which 10% flip: what a first look of 1,000 samples asks for.
  DifferenceEstimate first;
  first.value = -0.03;
  first.samples = first.clusters = 1000;
  first.standard_error = std::sqrt((0.1 - 0.03 * 0.03) / 1000);
  const std::size_t needed = *samples_to_decide(first, 0, 0.05, 0.8);
  const Population worse = testing::flips("worse", needed, 0.065, 0.035);
  const double decided =
      share_of(2000, [&](Rng& rng) { return *p_below(estimate_of(worse.draw(rng)), 0) <= 0.05; });
  EXPECT_NEAR(decided, 0.8, 0.03);
}

}  // namespace
}  // namespace sightline
