// What the sequential gate promises, measured on simulated runs. Seeds are fixed.

#include <gtest/gtest.h>

#include "metrics/decision/sequential.h"
#include "tests/metrics/decision/simulation.h"

namespace sightline {
namespace {

using testing::at_most;

/// What many seeded gates said.
struct Outcomes {
  double regressions = 0, passes = 0, samples = 0;  // shares of the runs; mean
};

/// Gates over up to `images` images of `per_image` questions. `lost` and `won` are the shares that
/// flip; where `shared`, all questions of an image flip together.
struct Gated {
  const char* name;
  SequentialSettings settings;
  double lost, won;
  int images = 3000, per_image = 1;
  bool shared = false;
};

double drops_of_image(const Gated& gated, Rng& rng) {
  if (gated.shared) return -gated.per_image * testing::flip(rng, gated.lost, gated.won);
  double sum = 0;
  for (int i = 0; i < gated.per_image; ++i) sum -= testing::flip(rng, gated.lost, gated.won);
  return sum;
}

Outcomes simulate(const Gated& gated, std::uint64_t runs) {
  Outcomes outcomes;
  for (std::uint64_t run = 0; run < runs; ++run) {
    Rng rng(20260103, run);
    SequentialGate gate(gated.settings);
    for (int image = 0; image < gated.images; ++image) {
      gate.update(drops_of_image(gated, rng), static_cast<std::size_t>(gated.per_image));
      if (gate.verdict() != SequentialVerdict::kUndecided) break;
    }
    outcomes.regressions += gate.verdict() == SequentialVerdict::kRegression;
    outcomes.passes += gate.verdict() == SequentialVerdict::kPass;
    outcomes.samples += static_cast<double>(gate.samples());
  }
  const auto all = static_cast<double>(runs);
  return {outcomes.regressions / all, outcomes.passes / all, outcomes.samples / all};
}

constexpr std::uint64_t kRuns = 2000;

const SequentialSettings kNone{.margin = 0}, kPoint{.margin = 0.01};
const SequentialSettings kFive{.margin = 0, .largest_cluster = 5};
const SequentialSettings kPointOfFive{.margin = 0.01, .largest_cluster = 5};

using SimulatedGates = ::testing::TestWithParam<Gated>;

class WithinTheMargin : public SimulatedGates {};

TEST_P(WithinTheMargin, RaisesFalseAlarmNoMoreOftenThanAlpha) {
  EXPECT_LE(simulate(GetParam(), kRuns).regressions,
            at_most(GetParam().settings.alpha_regression, kRuns));
}

INSTANTIATE_TEST_SUITE_P(
    Simulated, WithinTheMargin,
    ::testing::Values(
        Gated{"equal_models", kNone, 0.02, 0.02}, Gated{"many_flips", kNone, 0.2, 0.2},
        Gated{"better_model", kNone, 0.016, 0.024},
        Gated{"equal_within_a_point", kPoint, 0.02, 0.02},
        Gated{"a_drop_of_the_margin", kPoint, 0.025, 0.015},
        Gated{"a_drop_of_the_margin_nothing_won", kPoint, 0.01, 0},
        Gated{"five_questions_an_image", kFive, 0.02, 0.02, 600, 5},
        Gated{"five_questions_that_flip_together", kFive, 0.02, 0.02, 600, 5, true},
        Gated{"level_of_20_percent", {.margin = 0, .alpha_regression = 0.2}, 0.1, 0.1},
        Gated{
            "level_of_20_percent_nothing_won", {.margin = 0.01, .alpha_regression = 0.2}, 0.01, 0}),
    [](const auto& tested) { return tested.param.name; });

class BeyondTheMargin : public SimulatedGates {};

TEST_P(BeyondTheMargin, PassesNoMoreOftenThanAlpha) {
  EXPECT_LE(simulate(GetParam(), kRuns).passes, at_most(GetParam().settings.alpha_pass, kRuns));
}

INSTANTIATE_TEST_SUITE_P(
    Simulated, BeyondTheMargin,
    ::testing::Values(Gated{"equal_models_without_a_margin", kNone, 0.02, 0.02},
                      Gated{"a_drop_of_the_margin", kPoint, 0.025, 0.015},
                      Gated{"a_drop_of_the_margin_nothing_won", kPoint, 0.01, 0},
                      Gated{"a_larger_drop", kPoint, 0.03, 0.015},
                      Gated{"five_questions_that_flip_together", kPointOfFive, 0.025, 0.015, 600, 5,
                            true},
                      Gated{"level_of_20_percent", {.margin = 0.01, .alpha_pass = 0.2}, 0.01, 0}),
    [](const auto& tested) { return tested.param.name; });

TEST(SimulatedSequentialGate, StopsADropOf1Point6AfterSome1200Samples) {
  const Outcomes outcomes = simulate({"", {.margin = 0}, 0.028, 0.012, 5000}, kRuns);
  EXPECT_GE(outcomes.regressions, 0.99);
  EXPECT_GE(outcomes.samples, 1100);
  EXPECT_LE(outcomes.samples, 1400);
}

TEST(SimulatedSequentialGate, StopsALargerDropSooner) {
  EXPECT_LT(simulate({"", {.margin = 0}, 0.035, 0.005, 5000}, 500).samples, 400);
  EXPECT_LT(simulate({"", {.margin = 0}, 0.055, 0.005, 5000}, 500).samples, 200);
}

TEST(SimulatedSequentialGate, PassesAHealthyModelWithinItsMargin) {
  const Outcomes outcomes = simulate({"", {.margin = 0.01}, 0.005, 0.005, 5000}, 500);
  EXPECT_GE(outcomes.passes, 0.99);
  EXPECT_LT(outcomes.samples, 1300);
}

TEST(SimulatedSequentialGate, NeedsMoreSamplesWhereThoseOfAnImageAreAlike) {
  const SequentialSettings five{.margin = 0, .largest_cluster = 5};
  const Outcomes apart = simulate({"", five, 0.028, 0.012, 2000, 5}, 500);
  const Outcomes alike = simulate({"", five, 0.028, 0.012, 2000, 5, true}, 500);
  EXPECT_GE(apart.regressions, 0.99);
  EXPECT_LT(apart.samples, 2000);
  EXPECT_GT(alike.samples, 2 * apart.samples);
}

TEST(SimulatedSequentialGate, HoldsTheTrueDropInItsConfidenceSequenceAtAllTimes) {
  // The running intersection at the end is inside that of all times before.
  constexpr std::uint64_t kSequences = 300;
  const double missed = testing::share_of(kSequences, [](Rng& rng) {
    SequentialGate gate({.margin = 0.5});
    for (int i = 0; i < 500; ++i) gate.update(-testing::flip(rng, 0.3, 0.2), 1);
    const Interval interval = gate.confidence_sequence();
    return interval.low > 0.1 || interval.high < 0.1;
  });
  EXPECT_LE(missed, at_most(0.1, kSequences));
}

}  // namespace
}  // namespace sightline
