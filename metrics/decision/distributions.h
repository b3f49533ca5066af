#pragma once

#include <cstdint>

namespace sightline {

// Distribution functions. Their error is below 1e-12, in the tails below 1e-9 of the value itself.

/// Probability that a standard normal variable is at most `x`.
double normal_cdf(double x);

/// The x with `normal_cdf(x)` = `p`. Throws `Error` unless 0 < `p` < 1.
double normal_quantile(double p);

/// The regularised incomplete beta function I_x(a, b), a and b above 0, x in [0, 1]: the continued
/// fraction of the Digital Library of Mathematical Functions, 8.17.22. Its cost grows with the
/// square root of a and b, and so does its error, 1e-12 for 10^6. Throws `Error` for other
/// arguments.
double incomplete_beta(double a, double b, double x);

/// Probability that Student's t with `degrees_of_freedom` (above 0, not only integers; infinite:
/// the normal distribution) is at most `t`. From 100,000 degrees on, by Hill's expansion (Algorithm
/// 395, Communications of the ACM 1970). Throws `Error` for other degrees and for NaN.
double student_t_cdf(double t, double degrees_of_freedom);

/// The t with `student_t_cdf(t, degrees_of_freedom)` = `p`. Throws `Error` unless 0 < `p` < 1.
double student_t_quantile(double p, double degrees_of_freedom);

/// Probability of at most `successes` heads of `tosses` fair coins.
double fair_binomial_cdf(std::uint64_t successes, std::uint64_t tosses);

}  // namespace sightline
