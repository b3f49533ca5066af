#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/metric_value.h"

namespace sightline {

/// How far two systems that answered the same samples are apart, and how well that is known.
/// Differences are new minus base, in the metric's unit.
struct DifferenceEstimate {
  double value = 0;
  /// None where it is unknown: fewer than two clusters, a metric of the whole set that was not
  /// resampled.
  std::optional<double> standard_error;
  /// Of Student's t: clusters - 1. Infinite for a bootstrap.
  double degrees_of_freedom = std::numeric_limits<double>::infinity();
  /// Of a paired bootstrap: the differences of all replicates, ascending; empty for a mean.
  std::vector<double> replicates;
  std::size_t samples = 0, clusters = 0;
  std::size_t differing_clusters = 0;                     ///< with a sample whose two scores differ
  std::size_t falling_clusters = 0, rising_clusters = 0;  ///< by the sum of their differences
};

/// The mean of `differences` with a standard error clustered by image (`clustered_standard_error`).
/// `clusters[i]` numbers the image of sample i. Throws `Error` for lists of different length or an
/// empty one, and for values that are not finite. Linear time; memory grows with the largest number
/// of a cluster.
DifferenceEstimate mean_difference(std::span<const double> differences,
                                   std::span<const std::uint32_t> clusters);

/// The difference of a metric of the whole set, `value`, from its differences in the replicates of
/// a paired bootstrap; those that are NaN are left out. The standard error is the replicates'
/// standard deviation; none for fewer than two. `differing_clusters` stays 0: the caller may set
/// it. Throws `Error` for values that are infinite and for a `value` of NaN.
DifferenceEstimate bootstrap_difference(double value, std::vector<double> replicates,
                                        std::size_t samples, std::size_t clusters);

/// One-sided bounds at confidence 1 - `alpha`: the true difference is above `lower_bound`, below
/// `upper_bound`, each in 1 - alpha of all experiments. Of a mean: value -+ t * standard error; of
/// a bootstrap: the replicates' quantiles, moved so that their median lies on the value
/// (`centred_interval`). No value without a standard error, nor of a bootstrap of R replicates for
/// an alpha below 1 / (R + 1), which they cannot show. `alpha` lies between 0 and 1, both excluded.
std::optional<double> lower_bound(const DifferenceEstimate& estimate, double alpha);
std::optional<double> upper_bound(const DifferenceEstimate& estimate, double alpha);
/// Both at alpha = 2.5%.
std::optional<Interval> interval_95(const DifferenceEstimate& estimate);

/// Probability, were the true difference `null`, of a value at least as far from it (to either
/// side; below; above). 1 where neither value nor standard error differs from what `null` says; no
/// value without a standard error. Of a bootstrap: the least alpha whose bound excludes `null`, at
/// least 1 / (R + 1), so that with both kinds `p_above(null)` is at most alpha just where
/// `lower_bound(alpha)` is at least `null`, and `p_below` and `upper_bound` likewise.
std::optional<double> p_two_sided(const DifferenceEstimate& estimate, double null = 0);
std::optional<double> p_below(const DifferenceEstimate& estimate, double null);
std::optional<double> p_above(const DifferenceEstimate& estimate, double null);

/// The smallest true difference that a one-sided test at `alpha` finds with probability `power`:
/// (t(1 - alpha) + t(power)) * standard error (Bloom, Minimum Detectable Effects, Evaluation Review
/// 1995). Where no cluster differs there is nothing to estimate the error from: then the share of
/// differing clusters that `clusters` draws without one leave possible at `alpha`,
/// 1 - alpha^(1 / clusters) times `range`, the greatest difference that a sample can have. No value
/// for a bootstrap without spread, or without a standard error where clusters differ.
std::optional<double> smallest_detectable(const DifferenceEstimate& estimate, double alpha,
                                          double power, double range = 1);

/// How many samples would decide, one-sided at `alpha` with probability `power`, whether the true
/// difference is beyond `limit`, were it equal to the one seen: samples * ((t(1 - alpha) +
/// t(power))
/// * standard error / |value - limit|)^2, rounded up, at least 1. No value where value and limit
/// agree, without a standard error, or for more than 10^18.
std::optional<std::size_t> samples_to_decide(const DifferenceEstimate& estimate, double limit,
                                             double alpha, double power);

/// Exact McNemar test (McNemar 1947; Clopper's exact binomial form) of samples won and lost:
/// the two-sided probability of a split at least as uneven as this under fair coins; 1 without any.
double mcnemar_exact(std::uint64_t won, std::uint64_t lost);

/// Holm's step-down adjustment (Scandinavian Journal of Statistics 1979) of p-values: an adjusted
/// value at most alpha is a rejection at family-wise level alpha. In the order given. Throws
/// `Error` for values outside [0, 1].
std::vector<double> holm(std::span<const double> p_values);

}  // namespace sightline
