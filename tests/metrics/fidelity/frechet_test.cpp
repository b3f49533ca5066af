#include "metrics/fidelity/frechet.h"

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

double fid(const Features& x, const Features& y, FrechetRules rules = FrechetRules::kPytorchFid) {
  return frechet_distance(statistics_of(x.rows()), statistics_of(y.rows()), rules).value();
}

/// Covariance `variances` (all others 0) and mean 0.
FeatureStatistics diagonal(const std::vector<double>& variances) {
  const std::size_t d = variances.size();
  FeatureStatistics set{.count = 100,
                        .mean = std::vector<double>(d, 0.0),
                        .covariance = std::vector<double>(d * d, 0.0),
                        .float32_mean = std::vector<float>(d, 0.0F)};
  for (std::size_t i = 0; i < d; ++i) set.covariance[i * d + i] = variances[i];
  return set;
}

TEST(FrechetGolden, EqualsTheExactResultAndItsParts) {
  const auto pairs = testing::golden_pairs();
  EXPECT_GE(pairs.size(), 5U);
  for (const auto& pair : pairs) {
    SCOPED_TRACE(pair.name);
    const auto distance =
        frechet_distance(statistics_of(pair.x.rows()), statistics_of(pair.y.rows()));
    const auto& parts = pair.want.at("parts");
    const double scale = parts.at("trace1").get<double>() + parts.at("trace2").get<double>();
    EXPECT_NEAR(distance.mean_term, parts.at("mean_diff_sq").get<double>(), 1e-14 * scale);
    EXPECT_NEAR(distance.trace_a, parts.at("trace1").get<double>(), 1e-14 * scale);
    EXPECT_NEAR(distance.trace_b, parts.at("trace2").get<double>(), 1e-14 * scale);
    EXPECT_NEAR(distance.trace_sqrt, parts.at("trace_sqrt").get<double>(), 1e-13 * scale);
    EXPECT_NEAR(distance.value(), pair.want.at("exact_float64_svd").get<double>(), 1e-13 * scale);
  }
}

TEST(FrechetGolden, AgreesWithPytorchFidUpToTheErrorOfItsSquareRoot) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    const double want = pair.want.at("pytorch_fid").get<double>();
    // 1e-7 relative: the error of scipy's root of a singular matrix.
    EXPECT_NEAR(fid(pair.x, pair.y), want, std::max(1e-7 * std::abs(want), 1e-13));
    EXPECT_FALSE(pair.want.at("pytorch_fid_used_eps_offset").get<bool>());
  }
}

TEST(FrechetGolden, RulesTfAgreeWithTorchFidelityAndAdm) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    const double got = fid(pair.x, pair.y, FrechetRules::kTf);
    for (const char* evaluator : {"torch_fidelity", "adm_evaluator"}) {
      const double want = pair.want.at(evaluator).get<double>();
      // One rounding of float32 in the mean's term, besides the error of scipy's root.
      EXPECT_NEAR(got, want, std::max(1.2e-7 * std::abs(want), 1e-13)) << evaluator;
    }
  }
}

// In these sets the rules differ by more than the last digit of a sum in float32.
TEST(FrechetGolden, RulesTfAreToldApartFromPytorchFid) {
  int told_apart = 0;
  for (const auto& pair : testing::golden_pairs()) {
    if (pair.name != "a600x64" && pair.name != "b500v700x48") continue;
    ++told_apart;
    const double want = pair.want.at("torch_fidelity").get<double>();
    const double last_digit = 0x1p-23 * pair.want.at("parts").at("mean_diff_sq").get<double>();
    EXPECT_NEAR(fid(pair.x, pair.y, FrechetRules::kTf), want, last_digit);
    EXPECT_GT(std::abs(fid(pair.x, pair.y) - want), 4 * last_digit);
  }
  EXPECT_EQ(told_apart, 2);
}

TEST(Frechet, OfNormalDistributionsWithDiagonalCovariances) {
  // Sum of (sqrt(a) - sqrt(b))^2: (2-1)^2 + (3-3)^2 + (0-5)^2, plus a mean that is 2 apart.
  FeatureStatistics a = diagonal({4, 9, 0});
  const FeatureStatistics b = diagonal({1, 9, 25});
  a.mean[1] = 2;
  a.float32_mean->at(1) = 2;
  for (const FrechetRules rules : kAllFrechetRules) {
    EXPECT_NEAR(frechet_distance(a, b, rules).value(), 30, 1e-13);
    EXPECT_NEAR(frechet_distance(b, a, rules).value(), 30, 1e-13);
  }
}

TEST(Frechet, IsZeroForEqualSetsAndSymmetric) {
  for (const std::size_t rows : {5U, 30U, 31U, 400U}) {
    SCOPED_TRACE(rows);
    const Features x = random_features(rows, 30, 1), y = random_features(rows + 7, 30, 2, 0.6);
    const FeatureStatistics a = statistics_of(x.rows()), b = statistics_of(y.rows());
    const auto self = frechet_distance(a, a);
    EXPECT_NEAR(self.value(), 0, 2e-14 * self.trace_a);
    const auto there = frechet_distance(a, b), back = frechet_distance(b, a);
    EXPECT_NEAR(there.value(), back.value(), 1e-13 * (there.trace_a + there.trace_b));
    EXPECT_GT(there.value(), 0);
  }
}

TEST(Frechet, SeesATinyMove) {
  const Features x = random_features(500, 10, 3);
  FeatureStatistics a = statistics_of(x.rows()), b = a;
  for (double& mean : b.mean) mean += 1e-5;
  EXPECT_NEAR(frechet_distance(a, b).value(), 1e-9, 1e-14);
}

TEST(Frechet, ConstantFeaturesHaveTheDistanceOfTheirMeans) {
  const Features zero{std::vector<float>(30, 0.0F), 3}, one{std::vector<float>(30, 1.0F), 3};
  EXPECT_EQ(fid(zero, one), 3);
  EXPECT_EQ(fid(zero, zero), 0);
  const Features random = random_features(50, 3, 4);
  const auto distance = frechet_distance(statistics_of(zero.rows()), statistics_of(random.rows()));
  EXPECT_EQ(distance.trace_sqrt, 0);
  EXPECT_DOUBLE_EQ(distance.value(), distance.mean_term + distance.trace_b);
}

TEST(Frechet, DoesNotDependOnTheScaleOfFeatures) {
  const Features x = random_features(300, 12, 5), y = random_features(300, 12, 6, 0.7);
  const double want = fid(x, y);
  for (const float scale : {0x1p-40F, 0x1p40F}) {
    Features a = x, b = y;
    for (float& value : a.values) value *= scale;
    for (float& value : b.values) value *= scale;
    EXPECT_NEAR(fid(a, b) / (static_cast<double>(scale) * static_cast<double>(scale)), want, 1e-12);
  }
}

/// Covariances R diag(v) R^T and R diag(w) R^T with one rotation R, so that the root is known.
TEST(TraceOfSqrtProduct, IsExactHoweverIllConditionedTheMatricesAre) {
  constexpr std::size_t kWidth = 60;
  std::vector<double> mirror(kWidth);
  Rng rng(9);
  for (double& value : mirror) value = rng.normal();
  double square = 0;
  for (const double value : mirror) square += value * value;
  const auto rotate = [&](const std::vector<double>& values) {
    std::vector<double> matrix(kWidth * kWidth, 0.0);
    const auto entry = [&](std::size_t i, std::size_t k) {  // of I - 2 m m^T / |m|^2
      return (i == k ? 1.0 : 0.0) - 2 * mirror[i] * mirror[k] / square;
    };
    for (std::size_t i = 0; i < kWidth; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        for (std::size_t k = 0; k < kWidth; ++k) {
          matrix[i * kWidth + j] += entry(i, k) * values[k] * entry(j, k);
        }
        matrix[j * kWidth + i] = matrix[i * kWidth + j];
      }
    }
    return matrix;
  };
  for (const double condition : {1.0, 1e3, 1e6, 1e9, 1e12, 1e16, 1e30}) {
    SCOPED_TRACE(condition);
    std::vector<double> v(kWidth), w(kWidth);
    double want = 0, traces = 0;
    for (std::size_t k = 0; k < kWidth; ++k) {
      const double place = static_cast<double>(k) / (kWidth - 1);
      v[k] = std::pow(condition, -place);
      w[k] = std::pow(condition, place - 1) + (k % 3 == 0 ? 0.5 : 0.0);
      want += std::sqrt(v[k] * w[k]);
      traces += v[k] + w[k];
    }
    // The matrices themselves are rounded: eigenvalues below 1e-16 of the largest are not in them,
    // and their roots are at most 1e-8 of it.
    EXPECT_NEAR(trace_of_sqrt_product(rotate(v), rotate(w), kWidth), want,
                (condition < 1e10 ? 1e-12 : 2e-8) * traces);
  }
}

TEST(TraceOfSqrtProduct, DoesNotDependOnTheNumberOfThreads) {
  const FeatureStatistics a = statistics_of(random_features(900, 250, 1).rows());
  const FeatureStatistics b = statistics_of(random_features(200, 250, 2).rows());
  for (const auto* other : {&a, &b}) {
    set_thread_count(1);
    const double one = trace_of_sqrt_product(a.covariance, other->covariance, 250);
    set_thread_count(3);
    const double three = trace_of_sqrt_product(a.covariance, other->covariance, 250);
    set_thread_count(0);
    EXPECT_NEAR(one, three, 1e-13 * one);
  }
}

TEST(Frechet, MayBeCalledWithinParallelWork) {
  const FeatureStatistics a = statistics_of(random_features(300, 40, 1).rows());
  const FeatureStatistics b = statistics_of(random_features(300, 40, 2, 0.7).rows());
  const double want = frechet_distance(a, b).value();
  std::vector<double> got(12);
  parallel_for(got.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) got[i] = frechet_distance(a, b).value();
  });
  for (const double value : got) EXPECT_NEAR(value, want, 1e-13);
}

TEST(Frechet, RefusesStatisticsThatAreNone) {
  const FeatureStatistics good = diagonal({1, 2, 3});
  const auto refusal = [&](const auto& damage) {
    FeatureStatistics bad = good;
    damage(bad);
    return error_of([&] { frechet_distance(good, bad); });
  };
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal([](auto& s) { s.mean[0] = kNaN; }), HasSubstr("not a finite number"));
  EXPECT_THAT(refusal([](auto& s) { s.covariance[1] = -1 / 0.0; }),
              HasSubstr("not a finite number"));
  EXPECT_THAT(
      refusal([](auto& s) { s.covariance[1] = 0.5; }),
      HasSubstr("second features: the covariance is not symmetric: (1, 0) is 0, (0, 1) is"));
  EXPECT_THAT(refusal([](auto& s) { s.covariance[4] = -2; }),
              HasSubstr("the variance of feature 1 is -2"));
  EXPECT_THAT(refusal([](auto& s) { s.covariance.pop_back(); }), HasSubstr("want D and D x D"));
  EXPECT_THAT(refusal([](auto& s) { s.count = 1; }), HasSubstr("want at least 2"));
  EXPECT_THAT(refusal([](auto& s) { s = diagonal({1, 2}); }), HasSubstr("have 3 values each"));
  EXPECT_THAT(refusal([](auto& s) { s = FeatureStatistics{.count = 5}; }), HasSubstr("0 means"));
}

TEST(Frechet, RulesTfWantMeansInFloat32) {
  const FeatureStatistics good = diagonal({1, 2});
  FeatureStatistics parts = good;
  parts.float32_mean.reset();
  EXPECT_THAT(error_of([&] { frechet_distance(good, parts, FrechetRules::kTf); }),
              HasSubstr("rules \"fid/tf\" want means added up in float32"));
  EXPECT_EQ(frechet_distance(good, parts).mean_term, 0);
}

}  // namespace
}  // namespace sightline
