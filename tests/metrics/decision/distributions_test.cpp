#include "metrics/decision/distributions.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "harness/base/error.h"

namespace sightline {
namespace {

using std::numbers::pi;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Normal, IsThatOfPublishedTables) {
  // Abramowitz and Stegun, table 26.1 (cdf, 15 decimals) and 26.5 (quantiles).
  EXPECT_NEAR(normal_cdf(0), 0.5, 1e-16);
  EXPECT_NEAR(normal_cdf(1), 0.841344746068543, 1e-15);
  EXPECT_NEAR(normal_cdf(-2), 1 - 0.977249868051821, 1e-15);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.95), 1.644853626951472, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-13);
  EXPECT_EQ(normal_quantile(0.5), 0);
}

/// Of Student's t at `t`, for integer degrees: Abramowitz and Stegun, 26.7.3 and 26.7.4.
double closed_form(double t, int degrees) {
  const double theta = std::atan(t / std::sqrt(degrees));
  const double cosine = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = 0;
  for (int k = odd ? 1 : 0; k <= degrees - 2; k += 2) {
    sum += term;
    term *= cosine * cosine * (k + 1) / (k + 2);
  }
  const double within = odd ? 2 / pi * (theta + std::sin(theta) * sum) : std::sin(theta) * sum;
  return 0.5 + within / 2;
}

TEST(StudentT, IsItsClosedFormForIntegerDegrees) {
  for (const int degrees : {1, 2, 3, 4, 5, 10, 29, 59, 100, 999, 1000}) {
    for (const double t : {0.0, 1e-8, 0.1, 0.9, 1.0, 1.1, 1.96, 3.0, 8.0, 50.0}) {
      EXPECT_NEAR(student_t_cdf(t, degrees), closed_form(t, degrees), 2e-14)
          << degrees << " at " << t;
      EXPECT_NEAR(student_t_cdf(-t, degrees), closed_form(-t, degrees), 2e-14)
          << degrees << " at " << -t;
    }
  }
}

/// By Simpson's rule after t = sqrt(degrees) tan(angle), which turns the density into a power of
/// the cosine.
double by_integration(double t, double degrees) {
  const auto integral = [&](double from, double to) {
    constexpr int kSteps = 20000;
    const double step = (to - from) / kSteps;
    double sum = 0;
    for (int i = 0; i <= kSteps; ++i) {
      const double weight = i == 0 || i == kSteps ? 1 : (i % 2 == 1 ? 4 : 2);
      sum += weight * std::pow(std::abs(std::cos(from + i * step)), degrees - 1);
    }
    return sum * step / 3;
  };
  return 0.5 + integral(0, std::atan(t / std::sqrt(degrees))) / integral(0, pi / 2) / 2;
}

TEST(StudentT, IsItsIntegralForDegreesThatAreNoIntegers) {
  for (const double degrees : {5.5, 7.25, 12.75, 45.3, 333.3}) {
    for (const double t : {-4.0, -1.0, 0.3, 2.1, 6.0}) {
      EXPECT_NEAR(student_t_cdf(t, degrees), by_integration(t, degrees), 1e-11)
          << degrees << " at " << t;
    }
  }
}

TEST(StudentT, OfManyDegreesIsNearlyNormalAndHasNoStep) {
  for (const double t : {-5.0, -1.5, 0.7, 2.0}) {
    EXPECT_EQ(student_t_cdf(t, kInfinity), normal_cdf(t));
    // The first term by which they differ (Abramowitz and Stegun, 26.7.8).
    const double density = std::exp(-t * t / 2) / std::sqrt(2 * pi);
    const double first = -density * (t * t * t + t) / 4e6;
    EXPECT_NEAR(student_t_cdf(t, 1e6), normal_cdf(t) + first, 1e-12);
    EXPECT_NEAR(student_t_cdf(t, 1e5 * (1 - 1e-12)), student_t_cdf(t, 1e5), 1e-13);
  }
}

TEST(StudentT, QuantilesAreThoseOfPublishedTables) {
  struct Row {
    double degrees, at_95, at_975, at_995;
  };
  // Fisher and Yates, Statistical Tables, table III.
  const Row rows[] = {{1, 6.314, 12.706, 63.657}, {2, 2.920, 4.303, 9.925},
                      {5, 2.015, 2.571, 4.032},   {10, 1.812, 2.228, 3.169},
                      {30, 1.697, 2.042, 2.750},  {60, 1.671, 2.000, 2.660},
                      {120, 1.658, 1.980, 2.617}, {kInfinity, 1.645, 1.960, 2.576}};
  for (const Row& row : rows) {
    EXPECT_NEAR(student_t_quantile(0.95, row.degrees), row.at_95, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.975, row.degrees), row.at_975, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.995, row.degrees), row.at_995, 5.01e-4) << row.degrees;
  }
  EXPECT_NEAR(student_t_quantile(0.975, 1), std::tan(0.475 * pi), 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 2), 0.95 / std::sqrt(2 * 0.975 * 0.025), 1e-13);
}

TEST(StudentT, QuantilesUndoTheDistribution) {
  for (const double degrees : {0.7, 1.0, 2.5, 19.0, 1234.5, 1e5, 3e7, kInfinity}) {
    for (const double p : {1e-9, 0.001, 0.025, 0.3, 0.49999, 0.5, 0.8, 0.975}) {
      const double t = student_t_quantile(p, degrees);
      EXPECT_NEAR(student_t_cdf(t, degrees) / p, 1, 1e-11) << degrees << " at " << p;
      EXPECT_EQ(std::signbit(t), p < 0.5);
    }
  }
  // Exactly symmetric where 1 - p is exact.
  EXPECT_EQ(student_t_quantile(0.25, 7), -student_t_quantile(0.75, 7));
}

TEST(IncompleteBeta, IsItsClosedForms) {
  for (const double x : {0.0, 1e-9, 0.1, 0.5, 0.83, 1.0}) {
    EXPECT_NEAR(incomplete_beta(3.5, 1, x), std::pow(x, 3.5), 1e-14) << x;
    EXPECT_NEAR(incomplete_beta(1, 40, x), 1 - std::pow(1 - x, 40), 1e-13) << x;
    EXPECT_NEAR(incomplete_beta(0.5, 0.5, x), 2 / pi * std::asin(std::sqrt(x)), 1e-14) << x;
    // At least 3 of 6 tosses.
    const double y = 1 - x;
    const double fewer = std::pow(y, 6) + 6 * x * std::pow(y, 5) + 15 * x * x * std::pow(y, 4);
    EXPECT_NEAR(incomplete_beta(3, 4, x), 1 - fewer, 1e-14) << x;
    EXPECT_NEAR(incomplete_beta(17, 0.3, x) + incomplete_beta(0.3, 17, y), 1, 1e-13) << x;
  }
  for (const double a : {0.01, 2.0, 5000.0, 1e6}) {
    EXPECT_NEAR(incomplete_beta(a, a, 0.5), 0.5, 1e-12) << a;
  }
}

TEST(FairBinomial, IsExactForFewTosses) {
  std::vector<double> row = {1};  // of Pascal's triangle
  for (std::uint64_t tosses = 0; tosses <= 50; ++tosses) {
    double below = 0;
    for (std::uint64_t k = 0; k <= tosses; ++k) {
      below += row[k];
      EXPECT_EQ(fair_binomial_cdf(k, tosses), below / std::ldexp(1.0, static_cast<int>(tosses)));
    }
    std::vector<double> next = {1};
    for (std::size_t k = 1; k < row.size(); ++k) next.push_back(row[k - 1] + row[k]);
    next.push_back(1);
    row = next;
  }
  EXPECT_EQ(fair_binomial_cdf(9, 3), 1);
}

TEST(FairBinomial, OfManyTossesFollowsItsRecurrence) {
  // P(X_n <= k) = (P(X_{n-1} <= k) + P(X_{n-1} <= k - 1)) / 2, across the change of method too.
  for (const std::uint64_t tosses : {1001ULL, 1002ULL, 5000ULL, 1000000ULL}) {
    for (const double deviations : {-8.0, -2.0, 0.0, 1.0, 5.0}) {
      const auto k = static_cast<std::uint64_t>(static_cast<double>(tosses) / 2 +
                                                deviations * std::sqrt(tosses) / 2);
      const double want =
          (fair_binomial_cdf(k, tosses - 1) + fair_binomial_cdf(k - 1, tosses - 1)) / 2;
      EXPECT_NEAR(fair_binomial_cdf(k, tosses) / want, 1, 1e-12) << k << " of " << tosses;
    }
  }
  // An odd number of coins: a half on either side.
  EXPECT_NEAR(fair_binomial_cdf(500000, 1000001), 0.5, 1e-13);
  EXPECT_NEAR(fair_binomial_cdf(2000, 4001), 0.5, 1e-13);
  EXPECT_EQ(fair_binomial_cdf(0, 100000), 0);
}

TEST(Distributions, RefuseWhatTheyAreNotDefinedFor) {
  const double nan = std::nan("");
  EXPECT_THROW(incomplete_beta(0, 1, 0.5), Error);
  EXPECT_THROW(incomplete_beta(1, -1, 0.5), Error);
  EXPECT_THROW(incomplete_beta(1, 1, 1.5), Error);
  EXPECT_THROW(incomplete_beta(1, nan, 0.5), Error);
  EXPECT_THROW(student_t_cdf(nan, 3), Error);
  EXPECT_THROW(student_t_cdf(1, 0), Error);
  EXPECT_THROW(student_t_cdf(1, nan), Error);
  for (const double p : {0.0, 1.0, -0.1, 1.1, nan}) {
    EXPECT_THROW(student_t_quantile(p, 3), Error) << p;
    EXPECT_THROW(normal_quantile(p), Error) << p;
  }
  EXPECT_EQ(student_t_cdf(kInfinity, 3), 1);
  EXPECT_EQ(student_t_cdf(-kInfinity, 3), 0);
}

}  // namespace
}  // namespace sightline
