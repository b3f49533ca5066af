#include "metrics/fidelity/kid.h"

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

constexpr KernelDistanceOptions kSmall = {.subsets = 10, .subset_size = 100};

double slow_distance(const FeatureRows& a, const FeatureRows& b) {
  const auto kernel = [&](std::span<const float> x, std::span<const float> y) {
    long double product = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      product += static_cast<long double>(x[i]) * static_cast<long double>(y[i]);
    }
    return std::pow(product / static_cast<long double>(x.size()) + 1, 3.0L);
  };
  const auto within = [&](const FeatureRows& set) {
    long double sum = 0;
    for (std::size_t i = 0; i < set.count(); ++i) {
      for (std::size_t j = 0; j < set.count(); ++j) {
        if (i != j) sum += kernel(set.row(i), set.row(j));
      }
    }
    return sum / static_cast<long double>(set.count() * (set.count() - 1));
  };
  long double between = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    for (std::size_t j = 0; j < b.count(); ++j) between += kernel(a.row(i), b.row(j));
  }
  between /= static_cast<long double>(a.count() * b.count());
  return static_cast<double>(within(a) + within(b) - 2 * between);
}

TEST(KernelDistanceGolden, OfTheFirstSubsets) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    const auto got = kernel_distance(pair.x.rows(), pair.y.rows(), kSmall);
    const auto& want = pair.want.at("kid_explicit_subsets").at("mmd2_float64");
    ASSERT_EQ(want.size(), 3U);
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_NEAR(got.subsets.at(i), want.at(i).get<double>(), 1e-13);
    }
  }
}

// torch-fidelity computes in float32: 1e-6 is some 5 roundings of its kernels, which are about 2.
TEST(KernelDistanceGolden, AgreesWithTorchFidelityToFloat32) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    const auto got = kernel_distance(pair.x.rows(), pair.y.rows(), kSmall);
    const auto& want = pair.want.at("kid_subsets10_size100_seed2020");
    EXPECT_NEAR(got.mean, want.at("kernel_inception_distance_mean").get<double>(), 1e-6);
    EXPECT_NEAR(got.standard_deviation, want.at("kernel_inception_distance_std").get<double>(),
                1e-6);
  }
}

// The golden numbers are of as many rows of each set as the smaller one has.
TEST(KernelDistanceGolden, OfWholeSets) {
  for (const auto& pair : testing::golden_pairs()) {
    const FeatureRows x = pair.x.rows(), y = pair.y.rows();
    const std::size_t rows = std::min(x.count(), y.count());
    EXPECT_NEAR(kernel_distance_of_all(x.rows(0, rows), y.rows(0, rows)),
                pair.want.at("kid_full_set_unbiased_poly3").get<double>(), 1e-13)
        << pair.name;
  }
}

TEST(KernelDistance, OfWholeSetsEqualsASlowDefinitionAcrossBlocks) {
  const Features a = random_features(1100, 5, 1), b = random_features(1300, 5, 2, 0.6);
  EXPECT_NEAR(kernel_distance_of_all(a.rows(), b.rows()), slow_distance(a.rows(), b.rows()), 1e-13);
}

TEST(KernelDistance, IsSymmetricAndBelowZeroForASetAndItself) {
  const Features a = random_features(120, 8, 3), b = random_features(90, 8, 4, 0.7);
  EXPECT_NEAR(kernel_distance_of_all(a.rows(), b.rows()),
              kernel_distance_of_all(b.rows(), a.rows()), 1e-14);
  EXPECT_GT(kernel_distance_of_all(a.rows(), b.rows()), 0);
  EXPECT_LT(kernel_distance_of_all(a.rows(), a.rows()), 0);
}

TEST(KernelDistance, OfSubsetsAsLargeAsTheSetsIsThatOfTheSets) {
  const Features a = random_features(150, 8, 5), b = random_features(150, 8, 6, 0.6);
  const auto got = kernel_distance(a.rows(), b.rows(), {.subsets = 3, .subset_size = 150});
  EXPECT_NEAR(got.mean, kernel_distance_of_all(a.rows(), b.rows()), 1e-14);
  EXPECT_NEAR(got.standard_deviation, 0, 1e-14);
}

TEST(KernelDistance, OfConstantFeaturesIsZero) {
  const Features constant{std::vector<float>(3000, 0.7F), 3};
  EXPECT_NEAR(kernel_distance(constant.rows(), constant.rows(), kSmall).mean, 0, 1e-14);
}

TEST(KernelDistance, DoesNotDependOnTheNumberOfThreads) {
  const Features a = random_features(500, 64, 7), b = random_features(500, 64, 8, 0.6);
  set_thread_count(1);
  const double one = kernel_distance(a.rows(), b.rows(), kSmall).mean;
  set_thread_count(3);
  const double three = kernel_distance(a.rows(), b.rows(), kSmall).mean;
  set_thread_count(0);
  EXPECT_NEAR(one, three, 1e-14);
}

TEST(KernelDistance, RefusesBadInput) {
  const Features a = random_features(20, 3, 1), wide = random_features(20, 4, 2);
  const Features one = random_features(1, 3, 3);
  EXPECT_THAT(error_of([&] { kernel_distance(a.rows(), a.rows()); }),
              HasSubstr("a subset of 1000 rows cannot be drawn from 20 and 20"));
  EXPECT_THAT(error_of([&] { kernel_distance(a.rows(), a.rows(), {.subset_size = 1}); }),
              HasSubstr("subsets of 1 rows"));
  EXPECT_THAT(error_of([&] { kernel_distance(a.rows(), a.rows(), {.subsets = 0}); }),
              HasSubstr("0 subsets"));
  EXPECT_THAT(error_of([&] { kernel_distance(a.rows(), wide.rows(), kSmall); }),
              HasSubstr("3 values a row"));
  EXPECT_THAT(error_of([&] { kernel_distance_of_all(a.rows(), one.rows()); }),
              HasSubstr("20 and 1 rows"));
  Features bad = a;
  bad.values[4] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of([&] { kernel_distance_of_all(a.rows(), bad.rows()); }),
              HasSubstr("second features: row 1, column 1 (both from 0) is -inf"));
}

}  // namespace
}  // namespace sightline
