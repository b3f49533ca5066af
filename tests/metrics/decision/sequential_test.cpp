#include "metrics/decision/sequential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

/// By logarithms, and straight from the definition.
double slow_wealth(const std::vector<double>& payoffs) {
  std::vector<double> logs;
  for (int i = 0; i < 32; ++i) {
    const double fraction = std::pow(std::sin((i + 0.5) / 32 * std::numbers::pi / 2), 2);
    double sum = 0;
    for (const double payoff : payoffs) sum += std::log1p(fraction * payoff);
    logs.push_back(sum);
  }
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - largest);
  return largest + std::log(sum / 32);
}

TEST(BettingWealth, IsTheMeanOverItsFractions) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    BettingWealth wealth;
    std::vector<double> payoffs;
    EXPECT_EQ(wealth.value(), 1);
    for (int i = 0; i < 500; ++i) {
      payoffs.push_back(rng.chance(0.3) ? 0 : rng.uniform(-1, 1));
      wealth.update(payoffs.back());
      EXPECT_NEAR(std::log(wealth.value()), slow_wealth(payoffs), 1e-11);
    }
  }
}

void repeat(BettingWealth& wealth, std::vector<double>& payoffs, double payoff, int times) {
  for (int i = 0; i < times; ++i) {
    wealth.update(payoff);
    payoffs.push_back(payoff);
  }
}

TEST(BettingWealth, SwingsOverHundredsOfPowersOfTenWithoutLosingDigits) {
  BettingWealth wealth;
  std::vector<double> payoffs;
  for (const auto& [payoff, times] : {std::pair(1.0, 700), {-0.9, 2000}, {0.9, 500}, {-1.0, 500}}) {
    repeat(wealth, payoffs, payoff, times);
    EXPECT_NEAR(std::log(wealth.value()), slow_wealth(payoffs), 1e-9) << payoff;
  }
}

TEST(BettingWealth, NeverHasMoreThanItsFractionsHoweverFarItSwings) {
  BettingWealth wealth;
  std::vector<double> payoffs;
  repeat(wealth, payoffs, 1, 3000);  // the largest fraction doubles: 2^3000 is no double
  EXPECT_TRUE(std::isinf(wealth.value()));
  repeat(wealth, payoffs, -0.9, 1500);
  EXPECT_LE(std::log(wealth.value()), slow_wealth(payoffs));
  EXPECT_GT(wealth.value(), 1);
}

TEST(BettingWealth, OfCertainLossesFallsToNothingAndNoLower) {
  BettingWealth wealth;
  double last = 1;
  for (int i = 0; i < 100000; ++i) {
    wealth.update(-1 - 1e-12);
    EXPECT_LE(wealth.value(), last);
    EXPECT_GE(wealth.value(), 0);
    last = wealth.value();
  }
  EXPECT_LT(last, 1e-10);
}

/// An image that a population holds with some probability.
struct Kind {
  double probability, sum_of_drops;
  std::size_t samples;
};

/// The mean over all sequences of `images` images of each bet's wealth.
std::pair<double, double> expected_wealth(const SequentialSettings& settings,
                                          const std::vector<Kind>& kinds, int images) {
  std::pair<double, double> sum = {0, 0};
  const auto walk = [&](const auto& self, SequentialGate gate, double probability, int left) {
    if (left == 0) {
      sum.first += probability * gate.wealth_against_pass();
      sum.second += probability * gate.wealth_against_regression();
      return;
    }
    for (const Kind& kind : kinds) {
      SequentialGate next = gate;
      next.update(kind.sum_of_drops, kind.samples);
      self(self, next, probability * kind.probability, left - 1);
    }
  };
  walk(walk, SequentialGate(settings), 1, images);
  return sum;
}

TEST(SequentialGate, NeitherBetGainsOnAverageWhereTheDropIsTheMargin) {
  // No level stops the walk: both wealths are martingales with mean 1.
  SequentialSettings settings{.margin = 0, .alpha_regression = 1e-9, .alpha_pass = 1e-9};
  const auto even = expected_wealth(settings, {{0.02, 1, 1}, {0.02, -1, 1}, {0.96, 0, 1}}, 7);
  EXPECT_NEAR(even.first, 1, 1e-13);
  EXPECT_NEAR(even.second, 1, 1e-13);
  // Images of one, two and three samples: the mean drop of 0.1 an image over 1.3 samples an image.
  settings.margin = 0.1 / 1.3;
  settings.largest_cluster = 3;
  const auto clustered =
      expected_wealth(settings, {{0.1, 3, 3}, {0.1, -1, 2}, {0.1, -1, 1}, {0.7, 0, 1}}, 6);
  EXPECT_NEAR(clustered.first, 1, 1e-13);
  EXPECT_NEAR(clustered.second, 1, 1e-13);
}

TEST(SequentialGate, OneBetGainsAndTheOtherLosesWhereTheDropIsNotTheMargin) {
  const SequentialSettings settings{.margin = 0.02, .alpha_regression = 1e-9, .alpha_pass = 1e-9};
  const auto worse = expected_wealth(settings, {{0.05, 1, 1}, {0.01, -1, 1}, {0.94, 0, 1}}, 6);
  EXPECT_GT(worse.first, 1);
  EXPECT_LT(worse.second, 1);
  const auto fine = expected_wealth(settings, {{0.03, 1, 1}, {0.02, -1, 1}, {0.95, 0, 1}}, 6);
  EXPECT_LT(fine.first, 1);
  EXPECT_GT(fine.second, 1);
}

void feed(SequentialGate& gate, double sum_of_drops, std::size_t samples, int times) {
  for (int i = 0; i < times; ++i) gate.update(sum_of_drops, samples);
}

TEST(SequentialGate, CountsWhatItWasGiven) {
  SequentialGate gate({.margin = 0.01, .largest_cluster = 4});
  EXPECT_EQ(gate.mean_drop(), 0);
  EXPECT_EQ(gate.samples(), 0U);
  EXPECT_EQ(gate.confidence_sequence(), (Interval{-1, 1}));
  gate.update(1, 4);
  gate.update(-0.5, 1);
  EXPECT_EQ(gate.samples(), 5U);
  EXPECT_EQ(gate.clusters(), 2U);
  EXPECT_DOUBLE_EQ(gate.mean_drop(), 0.1);
  EXPECT_EQ(gate.verdict(), SequentialVerdict::kUndecided);
}

TEST(SequentialGate, StopsAtItsVerdictAndStaysThere) {
  SequentialGate gate({.margin = 0});
  int images = 0;
  while (gate.verdict() == SequentialVerdict::kUndecided && images < 100) {
    gate.update(1, 1);
    ++images;
  }
  // 20 is 2^4.3: no bet on doubling could be there in four images.
  EXPECT_EQ(gate.verdict(), SequentialVerdict::kRegression);
  EXPECT_GE(images, 5);
  EXPECT_LE(images, 8);
  EXPECT_GE(gate.wealth_against_pass(), 20);
  const double wealth = gate.wealth_against_pass();
  feed(gate, -1, 1, 1000);
  EXPECT_EQ(gate.verdict(), SequentialVerdict::kRegression);
  EXPECT_EQ(gate.wealth_against_pass(), wealth);
  EXPECT_EQ(gate.clusters(), static_cast<std::size_t>(images));
}

TEST(SequentialGate, PassesAModelThatAnswersTheSameOnceTheMarginIsCertain) {
  SequentialGate gate({.margin = 0.01});
  int images = 0;
  for (; gate.verdict() == SequentialVerdict::kUndecided && images < 5000; ++images) {
    gate.update(0, 1);
  }
  EXPECT_EQ(gate.verdict(), SequentialVerdict::kPass);
  // The best bet, all of it each time, needs ln 20 / 0.01 = 300 samples.
  EXPECT_GE(images, 300);
  EXPECT_LE(images, 450);
}

TEST(SequentialGate, WithoutAMarginNeverEndsForAModelThatAnswersTheSame) {
  SequentialGate gate({.margin = 0});
  feed(gate, 0, 1, 20000);
  EXPECT_EQ(gate.verdict(), SequentialVerdict::kUndecided);
  EXPECT_EQ(gate.wealth_against_pass(), 1);
  EXPECT_EQ(gate.wealth_against_regression(), 1);
}

TEST(SequentialGate, DoesNotDependOnTheUnitOfTheScores) {
  SequentialGate fractions({.margin = 0.01}), points({.margin = 1, .range = 100});
  Rng rng(5);
  for (int i = 0; i < 400; ++i) {
    const double drop = rng.uniform(-0.5, 0.6);
    fractions.update(drop, 1);
    points.update(100 * drop, 1);
    EXPECT_NEAR(std::log(points.wealth_against_pass() / fractions.wealth_against_pass()), 0, 1e-10);
    EXPECT_EQ(points.verdict(), fractions.verdict());
  }
}

TEST(SequentialGate, HasAConfidenceSequenceThatAgreesWithItsVerdict) {
  int verdicts = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const double margin = rng.chance(0.5) ? 0 : 0.05, drop = rng.uniform(-0.2, 0.3);
    SequentialGate gate({.margin = margin, .largest_cluster = 3});
    for (int image = 0; image < 300; ++image) {
      const auto samples = 1 + static_cast<std::size_t>(rng.below(3));
      gate.update(std::clamp(drop + rng.uniform(-0.7, 0.7), -1.0, 1.0) * double(samples), samples);
    }
    const Interval interval = gate.confidence_sequence();
    EXPECT_EQ(interval.low >= margin, gate.verdict() == SequentialVerdict::kRegression) << seed;
    EXPECT_EQ(interval.high <= margin, gate.verdict() == SequentialVerdict::kPass) << seed;
    EXPECT_LT(interval.low, interval.high);
    EXPECT_LE(interval.low, gate.mean_drop());
    EXPECT_GE(interval.high, gate.mean_drop());
    verdicts += gate.verdict() != SequentialVerdict::kUndecided;
  }
  EXPECT_GT(verdicts, 15);
  EXPECT_LT(verdicts, 60);
}

TEST(SequentialGate, NarrowsItsConfidenceSequenceOnly) {
  SequentialGate gate({.margin = 0.6});
  Rng rng(8);
  Interval last = gate.confidence_sequence();
  for (int i = 0; i < 200; ++i) {
    gate.update(rng.uniform(0.3, 0.9), 1);
    const Interval now = gate.confidence_sequence();
    EXPECT_GE(now.low, last.low);
    EXPECT_LE(now.high, last.high);
    last = now;
  }
  EXPECT_GT(last.low, 0.4);
  EXPECT_LT(last.high, 0.8);
}

TEST(SequentialGate, RefusesSettingsThatTestNothing) {
  const auto call = [](const SequentialSettings& settings) {
    return error_of([&] { SequentialGate{settings}; });
  };
  EXPECT_THAT(call({.margin = -0.01}), HasSubstr("at least 0 and below 1"));
  EXPECT_THAT(call({.margin = 1}), HasSubstr("it is 1"));
  EXPECT_THAT(call({.margin = std::nan("")}), HasSubstr("it is nan"));
  EXPECT_THAT(call({.alpha_regression = 0}), HasSubstr("alpha_regression"));
  EXPECT_THAT(call({.alpha_pass = 1}), HasSubstr("alpha_pass"));
  EXPECT_THAT(call({.range = 0}), HasSubstr("range above 0"));
  EXPECT_THAT(call({.range = INFINITY}), HasSubstr("range above 0"));
  EXPECT_THAT(call({.largest_cluster = 0}), HasSubstr("at least one sample"));
}

TEST(SequentialGate, RefusesImagesOutsideItsSettings) {
  SequentialGate gate({.largest_cluster = 3});
  const auto call = [&](double sum, std::size_t samples) {
    return error_of([&] { gate.update(sum, samples); });
  };
  EXPECT_THAT(call(0, 0), HasSubstr("an image with 0 samples"));
  EXPECT_THAT(call(0, 4), HasSubstr("told of 1 to 3"));
  EXPECT_THAT(call(2.1, 2), HasSubstr("cannot exceed 2"));
  EXPECT_THAT(call(-3.1, 3), HasSubstr("cannot exceed 3"));
  EXPECT_THAT(call(std::nan(""), 1), HasSubstr("sum to nan"));
  EXPECT_EQ(gate.clusters(), 0U);
  EXPECT_EQ(call(3 * (1 + 1e-15), 3), "no error") << "rounding is no fault";
}

}  // namespace
}  // namespace sightline
