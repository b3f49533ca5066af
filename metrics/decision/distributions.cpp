#include "metrics/decision/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// From here on Hill's first two terms are exact to 1e-15.
constexpr double kManyDegrees = 1e5;

/// ln Gamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2), for x > 0: Stirling's series, after moving
/// small x up by Gamma(x + 1) = x Gamma(x). Unlike ln Gamma itself it is small, so that differences
/// of large terms keep their digits.
double stirling_error(double x) {
  double moved = 0;
  double y = x;
  for (; y < 10; y += 1) moved += 1 - (y + 0.5) * std::log1p(1 / y);
  const double s = 1 / (y * y);
  const double series =
      (1.0 / 12 - s * (1.0 / 360 -
                       s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * 691 / 360360))))) /
      y;
  return series - moved;
}

/// x ln(product / x), where `excess` is product - x, known to more digits where it is small.
double scaled_log_ratio(double x, double product, double excess) {
  return x * (std::abs(excess) < 0.5 * x ? std::log1p(excess / x) : std::log(product / x));
}

/// x^a y^b Gamma(a + b) / (Gamma(a) Gamma(b)), with y = 1 - x.
double beta_term(double a, double b, double x, double y) {
  if (x == 0 || y == 0) return 0;
  const double n = a + b;
  const double excess = x < y ? n * x - a : b - n * y;  // from the one known to more digits
  const double logarithm = scaled_log_ratio(a, n * x, excess) +
                           scaled_log_ratio(b, n * y, -excess) + stirling_error(n) -
                           stirling_error(a) - stirling_error(b);
  return std::exp(logarithm) * std::sqrt(a / n * b / (2 * std::numbers::pi));
}

/// The continued fraction by Lentz's method (Thompson and Barnett, J. Comput. Phys. 1986), for x
/// below the mean, where it converges fast.
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double d = 1 / away_from_zero(1 - (a + b) / (a + 1) * x), c = 1, value = d;
  for (double m = 1; m < 1e7; m += 1) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    value *= d * c;
    if (std::abs(d * c - 1) < 2 * std::numeric_limits<double>::epsilon()) return value;
  }
  fail("the incomplete beta function of {} and {} at {} does not converge", a, b, x);
}

/// I_x(a, b), with y = 1 - x given apart: near 1, x itself does not know it.
double incomplete_beta(double a, double b, double x, double y) {
  const double term = beta_term(a, b, x, y);
  const bool below_mean = x < (a + 1) / (a + b + 2);
  return below_mean ? term * beta_fraction(a, b, x) / a : 1 - term * beta_fraction(b, a, y) / b;
}

/// Probability of more than `t` >= 0.
double student_t_tail(double t, double degrees) {
  if (std::isinf(degrees)) return normal_cdf(-t);
  if (std::isinf(t)) return 0;
  if (degrees >= kManyDegrees) {
    const double a = degrees - 0.5;
    const double w = std::sqrt(a * std::log1p(t * t / degrees));
    return normal_cdf(-(w + (w * w * w + 3 * w) / (48 * a * a)));
  }
  // Both shares by division, so that neither loses digits nor overflows for a large t.
  const double ratio = t / std::sqrt(degrees);
  const double square = ratio * ratio;
  if (std::isinf(square)) return 0;
  return incomplete_beta(degrees / 2, 0.5, 1 / (1 + square), square / (1 + square)) / 2;
}

void require_degrees(double degrees) {
  require(degrees > 0, "Student's t needs more than 0 degrees of freedom, not {}", degrees);
}

void require_probability(double p) {
  require(p > 0 && p < 1, "a quantile needs a probability above 0 and below 1, not {}", p);
}

/// The t > 0 above which a share `tail` < 1/2 lies: from a bracket of a factor 2, by false position
/// with the Illinois rule (Dowell and Jarratt, BIT 1971) on the logarithm of the tail.
double student_t_upper(double tail, double degrees) {
  const auto excess = [&](double t) { return std::log(student_t_tail(t, degrees) / tail); };
  double low = 1;
  while (student_t_tail(low, degrees) < tail) low /= 2;
  while (student_t_tail(2 * low, degrees) > tail) low *= 2;
  double high = 2 * low, at_low = excess(low), at_high = excess(high);
  for (int step = 0, side = 0; step < 100; ++step) {
    double middle = (low * at_high - high * at_low) / (at_high - at_low);
    if (!(middle > low && middle < high)) middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    const double at_middle = excess(middle);
    if (std::abs(at_middle) < 1e-15) return middle;
    if (at_middle > 0) {
      low = middle;
      at_low = at_middle;
      if (side == 1) at_high /= 2;
      side = 1;
    } else {
      high = middle;
      at_high = at_middle;
      if (side == -1) at_low /= 2;
      side = -1;
    }
  }
  return low + (high - low) / 2;
}

/// More than these, and 2^-tosses is no normal number.
constexpr std::uint64_t kFewTosses = 1000;

/// Summed from the first term, exact while binomials have 53 bits.
double few_tosses_cdf(std::uint64_t successes, std::uint64_t tosses) {
  double term = std::ldexp(1.0, -static_cast<int>(tosses)), sum = 0;
  for (std::uint64_t k = 0; k <= successes; ++k) {
    sum += term;
    term = term * static_cast<double>(tosses - k) / static_cast<double>(k + 1);
  }
  return sum;
}

/// Summed from the last term, which is the largest where k < n / 2, until terms no longer count.
double many_tosses_cdf(double k, double n) {
  if (k >= n - k) return 1 - many_tosses_cdf(n - k - 1, n);
  double term = beta_term(k + 1, n - k + 1, 0.5, 0.5) * 4 / (n + 1);  // C(n, k) / 2^n
  double sum = 0;
  for (double left = k; term > sum * 1e-18; left -= 1) {
    sum += term;
    if (left == 0) break;
    term *= left / (n - left + 1);
  }
  return sum;
}

}  // namespace

double normal_cdf(double x) {
  return std::erfc(-x / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) {
  return student_t_quantile(p, std::numeric_limits<double>::infinity());
}

double incomplete_beta(double a, double b, double x) {
  require(a > 0 && b > 0 && std::isfinite(a) && std::isfinite(b) && x >= 0 && x <= 1,
          "the incomplete beta function is not defined for {} and {} at {}", a, b, x);
  return incomplete_beta(a, b, x, 1 - x);
}

double student_t_cdf(double t, double degrees_of_freedom) {
  require_degrees(degrees_of_freedom);
  require(!std::isnan(t), "a probability of Student's t needs a number, not NaN");
  const double tail = student_t_tail(std::abs(t), degrees_of_freedom);
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double p, double degrees_of_freedom) {
  require_degrees(degrees_of_freedom);
  require_probability(p);
  if (p == 0.5) return 0;
  return p < 0.5 ? -student_t_upper(p, degrees_of_freedom)
                 : student_t_upper(1 - p, degrees_of_freedom);
}

double fair_binomial_cdf(std::uint64_t successes, std::uint64_t tosses) {
  if (successes >= tosses) return 1;
  return tosses <= kFewTosses
             ? few_tosses_cdf(successes, tosses)
             : many_tosses_cdf(static_cast<double>(successes), static_cast<double>(tosses));
}

}  // namespace sightline
