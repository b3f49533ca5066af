#include "metrics/decision/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "metrics/bootstrap.h"
#include "metrics/decision/distributions.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::data_path;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::uint32_t> each_alone(std::size_t n) {
  std::vector<std::uint32_t> clusters(n);
  std::iota(clusters.begin(), clusters.end(), 0U);
  return clusters;
}

struct ForeignScores {
  std::vector<double> differences;
  std::vector<std::uint32_t> images;
};

ForeignScores read_foreign_scores() {
  const std::string text = read_file(data_path("decision/foreign_scores.tsv"));
  ForeignScores scores;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() != 4 || fields[0] == "doc_id") continue;
    scores.images.push_back(static_cast<std::uint32_t>(std::stoul(std::string(fields[1]))));
    scores.differences.push_back(std::stod(std::string(fields[3])) -
                                 std::stod(std::string(fields[2])));
  }
  return scores;
}

TEST(MeanDifference, IsThatOfTheForeignRuns) {
  const auto want = nlohmann::json::parse(read_file(data_path("decision/foreign_expected.json")));
  const ForeignScores scores = read_foreign_scores();
  const auto by_image = mean_difference(scores.differences, scores.images);
  EXPECT_NEAR(by_image.value, want["mean_difference_new_minus_base"], 1e-15);
  EXPECT_NEAR(*by_image.standard_error, want["paired_stderr_clustered"], 1e-16);
  EXPECT_EQ(by_image.samples, want["n"]);
  EXPECT_EQ(by_image.clusters, want["clusters_by_image_id"]);
  EXPECT_EQ(by_image.degrees_of_freedom, 59);
  const auto alone = mean_difference(scores.differences, each_alone(scores.differences.size()));
  EXPECT_NEAR(*alone.standard_error, want["paired_stderr"], 1e-16);
  EXPECT_EQ(alone.differing_clusters, 240 - want["tied"].get<std::size_t>());
  EXPECT_EQ(alone.degrees_of_freedom, 239);
}

TEST(MeanDifference, OfHandWorkedSamples) {
  // Images sum to 1, -2, 0; residuals to 1.25, -1.5, 0.25 around -1/4 (sizes 1, 2, 1).
  const std::vector<double> differences = {-1, 1, 0, -1};
  const std::vector<std::uint32_t> images = {7, 2, 5, 7};
  const auto estimate = mean_difference(differences, images);
  EXPECT_EQ(estimate.value, -0.25);
  const double sum_of_squares = 1.5 * 1.5 + 1.25 * 1.25 + 0.25 * 0.25;
  EXPECT_DOUBLE_EQ(*estimate.standard_error, std::sqrt(3.0 / 2 * sum_of_squares) / 4);
  EXPECT_EQ(estimate.samples, 4U);
  EXPECT_EQ(estimate.clusters, 3U);
  EXPECT_EQ(estimate.differing_clusters, 2U);
  EXPECT_EQ(estimate.degrees_of_freedom, 2);
  EXPECT_THAT(estimate.replicates, IsEmpty());
}

// n = 4, differences 0, 1, 1, 2: mean 1, standard error sqrt(2/3/4) = 1/sqrt(6), 3 degrees.
TEST(MeanDifference, HasTheBoundsAndProbabilitiesOfStudentsT) {
  const auto estimate = mean_difference(std::vector<double>{0, 1, 1, 2}, each_alone(4));
  const double error = 1 / std::sqrt(6.0);
  EXPECT_NEAR(*lower_bound(estimate, 0.05), 1 - 2.353363434801823 * error, 1e-12);
  EXPECT_NEAR(*upper_bound(estimate, 0.05), 1 + 2.353363434801823 * error, 1e-12);
  EXPECT_NEAR(interval_95(estimate)->low, 1 - 3.182446305284263 * error, 1e-12);
  EXPECT_NEAR(interval_95(estimate)->high, 1 + 3.182446305284263 * error, 1e-12);
  // Of three degrees: 1/2 - (atan(u) + u / (1 + u^2)) / pi, u = t / sqrt(3) = sqrt(2) at 0.
  const double tail = 0.5 - (std::atan(std::sqrt(2.0)) + std::sqrt(2.0) / 3) / std::acos(-1.0);
  EXPECT_NEAR(*p_above(estimate, 0), tail, 1e-14);
  EXPECT_NEAR(*p_below(estimate, 0), 1 - tail, 1e-14);
  EXPECT_NEAR(*p_two_sided(estimate), 2 * tail, 1e-14);
  EXPECT_EQ(*p_two_sided(estimate, 1), 1);
}

TEST(MeanDifference, OfAllZerosIsCertainOfNothingButZero) {
  const auto estimate = mean_difference(std::vector<double>(10, 0.0), each_alone(10));
  EXPECT_EQ(estimate.standard_error, 0);
  EXPECT_EQ(estimate.differing_clusters, 0U);
  EXPECT_EQ(interval_95(estimate), (Interval{0, 0}));
  EXPECT_EQ(p_two_sided(estimate), 1);
  EXPECT_EQ(p_below(estimate, 0), 1);
  EXPECT_EQ(p_above(estimate, 0), 1);
  EXPECT_EQ(p_above(estimate, -0.01), 0);
  EXPECT_EQ(p_above(estimate, 0.01), 1);
  EXPECT_EQ(p_below(estimate, 0.01), 0);
  EXPECT_NEAR(*smallest_detectable(estimate, 0.05, 0.8), 1 - std::pow(0.05, 0.1), 1e-15);
  EXPECT_NEAR(*smallest_detectable(estimate, 0.05, 0.8, 10), 10 - 10 * std::pow(0.05, 0.1), 1e-14);
}

TEST(MeanDifference, OfOneClusterKnowsNoError) {
  for (const auto& estimate :
       {mean_difference(std::vector<double>{1}, each_alone(1)),
        mean_difference(std::vector<double>{1, 0, -0.5}, std::vector<std::uint32_t>{4, 4, 4})}) {
    EXPECT_EQ(estimate.clusters, 1U);
    EXPECT_EQ(estimate.standard_error, std::nullopt);
    EXPECT_EQ(lower_bound(estimate, 0.05), std::nullopt);
    EXPECT_EQ(interval_95(estimate), std::nullopt);
    EXPECT_EQ(p_two_sided(estimate), std::nullopt);
    EXPECT_EQ(smallest_detectable(estimate, 0.05, 0.8), std::nullopt);
    EXPECT_EQ(samples_to_decide(estimate, 0, 0.05, 0.8), std::nullopt);
  }
}

TEST(MeanDifference, RefusesWhatHasNoMean) {
  const auto clusters = each_alone(3);
  const auto call = [&](const std::vector<double>& differences) {
    return error_of([&] { mean_difference(differences, clusters); });
  };
  EXPECT_THAT(call({}), HasSubstr("at least one sample"));
  EXPECT_THAT(call({1, 2}), HasSubstr("2 differences with 3 cluster labels"));
  EXPECT_THAT(call({0, std::nan(""), 0}), HasSubstr("difference of sample 1 is nan"));
  EXPECT_THAT(call({0, 0, -INFINITY}), HasSubstr("difference of sample 2 is -inf"));
}

TEST(MeanDifference, TakesAMillionSamples) {
  constexpr std::size_t kSamples = 1000000;
  Rng rng(1);
  std::vector<double> differences(kSamples);
  std::vector<std::uint32_t> images(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    differences[i] = rng.chance(0.03) ? -1 : (rng.chance(0.01) ? 1 : 0);
    images[i] = static_cast<std::uint32_t>(i / 5);
  }
  const auto estimate = mean_difference(differences, images);
  EXPECT_EQ(estimate.clusters, kSamples / 5);
  EXPECT_NEAR(estimate.value, -0.03 + 0.97 * 0.01, 0.001);
  EXPECT_NEAR(*estimate.standard_error, std::sqrt(0.0397) / 1000, 0.000002);
}

TEST(BootstrapDifference, HasTheCentredIntervalOfItsReplicates) {
  std::vector<double> replicates;
  Rng rng(3);
  for (int i = 0; i < 200; ++i) replicates.push_back(0.3 + rng.normal());
  const auto estimate = bootstrap_difference(0.1, replicates, 50, 40);
  const Interval want = *centred_interval(0.1, replicates);
  EXPECT_EQ(interval_95(estimate), want);
  EXPECT_EQ(lower_bound(estimate, 0.025), want.low);
  EXPECT_EQ(upper_bound(estimate, 0.025), want.high);
  EXPECT_EQ(estimate.samples, 50U);
  EXPECT_EQ(estimate.clusters, 40U);
  EXPECT_TRUE(std::isinf(estimate.degrees_of_freedom));
}

TEST(BootstrapDifference, LeavesOutReplicatesWithoutAValue) {
  const double nan = std::nan("");
  const auto estimate = bootstrap_difference(2, {3, nan, 1, nan}, 9, 9);
  EXPECT_THAT(estimate.replicates, ElementsAre(1, 3));
  EXPECT_DOUBLE_EQ(*estimate.standard_error, std::sqrt(2.0));
  EXPECT_EQ(bootstrap_difference(2, {nan, 1}, 9, 9).standard_error, std::nullopt);
  EXPECT_EQ(p_two_sided(bootstrap_difference(2, {}, 9, 9)), std::nullopt);
  EXPECT_EQ(interval_95(bootstrap_difference(2, {1}, 9, 9)), std::nullopt);
  EXPECT_THROW(bootstrap_difference(nan, {1, 2}, 9, 9), Error);
  EXPECT_THROW(bootstrap_difference(1, {1, INFINITY}, 9, 9), Error);
}

// Replicates -50, ..., 50 around a value of 10: the quantile at q is 10 + 100 q - 50.
TEST(BootstrapDifference, HasTheSharesOfItsReplicatesAsProbabilities) {
  std::vector<double> replicates(101);
  std::iota(replicates.begin(), replicates.end(), -50.0);
  const auto estimate = bootstrap_difference(10, replicates, 9, 9);
  EXPECT_NEAR(*p_above(estimate, 0), 0.4, 1e-15);
  EXPECT_NEAR(*p_below(estimate, 0), 0.6, 1e-15);
  EXPECT_NEAR(*p_above(estimate, 0.5), 0.405, 1e-15);
  EXPECT_NEAR(*p_two_sided(estimate), 0.8, 1e-15);
  // Beyond all replicates: the normal tail with their standard deviation.
  const double deviation = *estimate.standard_error;
  EXPECT_DOUBLE_EQ(*p_above(estimate, -90), normal_cdf(-100 / deviation));
  EXPECT_DOUBLE_EQ(*p_below(estimate, 90), normal_cdf(-80 / deviation));
  EXPECT_EQ(p_above(estimate, -40), 1.0 / 102) << "where the tail is no smaller";
  EXPECT_EQ(p_above(estimate, 90), 1);
  EXPECT_EQ(lower_bound(estimate, 0.0098), std::nullopt);
  EXPECT_NEAR(*lower_bound(estimate, 0.01), -39, 1e-12);
}

TEST(BootstrapDifference, WithoutSpreadIsCertainOfNothingButItsValue) {
  const auto same = bootstrap_difference(0, std::vector<double>(100, 0.0), 9, 9);
  EXPECT_EQ(same.standard_error, 0);
  EXPECT_EQ(p_two_sided(same), 1);
  EXPECT_EQ(interval_95(same), (Interval{0, 0}));
  EXPECT_EQ(p_above(same, -0.1), 1.0 / 101);
  EXPECT_EQ(p_above(same, 0.1), 1);
  EXPECT_EQ(smallest_detectable(same, 0.05, 0.8), std::nullopt);
}

/// Estimates of both kinds, some with ties.
std::vector<DifferenceEstimate> random_estimates() {
  std::vector<DifferenceEstimate> estimates;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const std::size_t n = 2 + static_cast<std::size_t>(rng.below(80));
    std::vector<double> values(n);
    const bool ties = rng.chance(0.5);
    for (double& value : values) value = ties ? rng.between(-1, 1) : rng.normal();
    estimates.push_back(mean_difference(values, each_alone(n)));
    estimates.push_back(bootstrap_difference(rng.normal() * 0.3, values, n, n));
  }
  return estimates;
}

TEST(OneSided, ProbabilitiesAndBoundsRejectTheSameHypotheses) {
  int rejected = 0;
  for (const DifferenceEstimate& estimate : random_estimates()) {
    for (std::uint64_t draw = 0; draw < 200; ++draw) {
      Rng rng(17, draw);
      const double alpha = rng.uniform(), null = rng.uniform(-1.5, 1.5);
      const auto low = lower_bound(estimate, alpha), high = upper_bound(estimate, alpha);
      if (estimate.replicates.empty() || low) {  // below 1/(R + 1) a bootstrap has no bounds
        EXPECT_EQ(*p_above(estimate, null) <= alpha, low && *low >= null);
        EXPECT_EQ(*p_below(estimate, null) <= alpha, high && *high <= null);
      }
      const double smaller = std::min(*p_above(estimate, null), *p_below(estimate, null));
      EXPECT_EQ(*p_two_sided(estimate, null), std::min(1.0, 2 * smaller));
      rejected += low && *low >= null;
    }
  }
  EXPECT_GT(rejected, 1000);
}

TEST(OneSided, BoundsWidenAsAlphaFalls) {
  for (const DifferenceEstimate& estimate : random_estimates()) {
    for (double alpha = 0.9; alpha > 0.05; alpha -= 0.05) {
      const auto low = lower_bound(estimate, alpha), lower = lower_bound(estimate, alpha - 0.05);
      EXPECT_EQ(low.has_value(), upper_bound(estimate, alpha).has_value());
      if (!lower) continue;
      EXPECT_LE(*lower, low.value());
    }
  }
}

TEST(OneSided, RefusesLevelsThatAreNone) {
  const auto estimate = mean_difference(std::vector<double>{0, 1}, each_alone(2));
  for (const double alpha : {0.0, 1.0, -0.05, std::nan("")}) {
    EXPECT_THROW(lower_bound(estimate, alpha), Error) << alpha;
    EXPECT_THROW(upper_bound(estimate, alpha), Error) << alpha;
    EXPECT_THROW(smallest_detectable(estimate, alpha, 0.8), Error) << alpha;
    EXPECT_THROW(smallest_detectable(estimate, 0.05, alpha), Error) << alpha;
    EXPECT_THROW(samples_to_decide(estimate, 0, alpha, 0.8), Error) << alpha;
  }
  EXPECT_THROW(p_above(estimate, std::nan("")), Error);
}

TEST(SmallestDetectable, IsBloomsMultipleOfTheStandardError) {
  // Bloom's table 1: 2.49 standard errors at one-sided 5% and 80%, for many degrees.
  DifferenceEstimate estimate;
  estimate.standard_error = 0.01;
  estimate.clusters = estimate.differing_clusters = estimate.samples = 100;
  EXPECT_NEAR(*smallest_detectable(estimate, 0.05, 0.8), 0.0249, 0.00005);
  EXPECT_NEAR(*smallest_detectable(estimate, 0.025, 0.8), 0.0280, 0.00005);
  estimate.degrees_of_freedom = 1;
  EXPECT_NEAR(*smallest_detectable(estimate, 0.05, 0.75), 0.01 * (6.313751514675043 + 1), 1e-12);
}

TEST(SamplesToDecide, GrowWithTheSquareOfTheError) {
  DifferenceEstimate estimate;
  estimate.value = -0.01;
  estimate.standard_error = 0.02;
  estimate.samples = 100;
  // 100 * (2.48648 * 0.02 / 0.01)^2 = 2473.03.
  EXPECT_EQ(samples_to_decide(estimate, 0, 0.05, 0.8), 2474U);
  // Against -0.03 it is as far: as many; twice as far: a quarter, 618.3.
  EXPECT_EQ(samples_to_decide(estimate, -0.02, 0.05, 0.8), 2474U);
  EXPECT_EQ(samples_to_decide(estimate, -0.03, 0.05, 0.8), 619U);
  EXPECT_EQ(samples_to_decide(estimate, -0.01, 0.05, 0.8), std::nullopt);
  EXPECT_EQ(samples_to_decide(estimate, -0.01 + 1e-17, 0.05, 0.8), std::nullopt);
  estimate.standard_error = 0;
  EXPECT_EQ(samples_to_decide(estimate, 0, 0.05, 0.8), 1U);
  estimate.standard_error = 1e9;
  EXPECT_EQ(samples_to_decide(estimate, 0, 0.05, 0.8), std::nullopt);
}

TEST(McNemar, IsTwiceTheSmallerTailOfFairCoins) {
  EXPECT_EQ(mcnemar_exact(0, 0), 1);
  EXPECT_EQ(mcnemar_exact(7, 7), 1);
  EXPECT_EQ(mcnemar_exact(1, 0), 1);
  EXPECT_EQ(mcnemar_exact(0, 5), 2 / 32.0);
  EXPECT_EQ(mcnemar_exact(1, 6), 2 * 8 / 128.0);
  // R: binom.test(5, 33) gives 6.619e-05.
  EXPECT_NEAR(mcnemar_exact(5, 28), 6.6187698394e-05, 1e-15);
  EXPECT_EQ(mcnemar_exact(28, 5), mcnemar_exact(5, 28));
  // The normal approximation with continuity correction, z = 1999 / sqrt(1e6).
  EXPECT_NEAR(mcnemar_exact(499000, 501000), 2 * normal_cdf(-1.999), 1e-6);
}

TEST(McNemar, RejectsTooOftenForNoNumberOfFlips) {
  for (const double alpha : {0.01, 0.05, 0.3}) {
    for (std::uint64_t flips = 1; flips <= 120; ++flips) {
      double rejected = 0;
      for (std::uint64_t won = 0; won <= flips; ++won) {
        const double before = won == 0 ? 0 : fair_binomial_cdf(won - 1, flips);
        if (mcnemar_exact(won, flips - won) <= alpha) {
          rejected += fair_binomial_cdf(won, flips) - before;
        }
      }
      EXPECT_LE(rejected, alpha + 1e-12) << flips;
    }
  }
}

TEST(Holm, IsThatOfAHandWorkedTable) {
  EXPECT_THAT(holm({}), IsEmpty());
  EXPECT_THAT(holm(std::vector{0.03}), ElementsAre(0.03));
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
  EXPECT_THAT(holm(std::vector{0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.06), DoubleEq(0.06), DoubleEq(0.02)));
  EXPECT_THAT(holm(std::vector{0.5, 0.5, 0.9}), ElementsAre(1, 1, 1));
  EXPECT_THROW(holm(std::vector{0.5, std::nan("")}), Error);
  EXPECT_THROW(holm(std::vector{0.5, 1.5}), Error);
}

TEST(Holm, RejectsWhatTheStepsReject) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    std::vector<double> values(1 + static_cast<std::size_t>(rng.below(8)));
    for (double& value : values) value = std::pow(rng.uniform(), 3);
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    std::size_t steps = 0;
    while (steps < sorted.size() &&
           sorted[steps] <= 0.05 / static_cast<double>(sorted.size() - steps)) {
      ++steps;
    }
    const auto adjusted = holm(values);
    const auto rejected =
        std::count_if(adjusted.begin(), adjusted.end(), [](double p) { return p <= 0.05; });
    EXPECT_EQ(static_cast<std::size_t>(rejected), steps);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_GE(adjusted[i], values[i]);
  }
}

}  // namespace
}  // namespace sightline
