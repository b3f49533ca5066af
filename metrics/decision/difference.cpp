#include "metrics/decision/difference.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/error.h"
#include "metrics/decision/distributions.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

enum class Side { kBelow, kAbove };

void require_level(double alpha, const char* name = "alpha") {
  require(alpha > 0 && alpha < 1, "{} must lie between 0 and 1, not {}", name, alpha);
}

std::size_t count(const std::vector<bool>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

bool is_bootstrap(const DifferenceEstimate& estimate) {
  return !estimate.replicates.empty();
}

/// The least share of experiments that `replicates` can speak of.
double least_share(const std::vector<double>& replicates) {
  return 1 / (static_cast<double>(replicates.size()) + 1);
}

/// The value that a share `fraction` of experiments lies below.
double bound(const DifferenceEstimate& estimate, double fraction) {
  if (is_bootstrap(estimate)) {
    return estimate.value + (sorted_quantile(estimate.replicates, fraction) -
                             sorted_quantile(estimate.replicates, 0.5));
  }
  return estimate.value +
         student_t_quantile(fraction, estimate.degrees_of_freedom) * *estimate.standard_error;
}

bool has_bound(const DifferenceEstimate& estimate, double alpha) {
  require_level(alpha);
  if (!estimate.standard_error) return false;
  return !is_bootstrap(estimate) || alpha >= least_share(estimate.replicates);
}

/// The least fraction whose `sorted_quantile` is at least `value`; 1 where none is.
double least_fraction(const std::vector<double>& sorted, double value) {
  const auto above = std::lower_bound(sorted.begin(), sorted.end(), value);
  if (above == sorted.begin()) return 0;
  if (above == sorted.end()) return 1;
  const double step = (value - above[-1]) / (above[0] - above[-1]);
  return (static_cast<double>(above - sorted.begin() - 1) + step) /
         static_cast<double>(sorted.size() - 1);
}

/// 1 minus the greatest fraction whose `sorted_quantile` is at most `value`; 1 where none is.
double least_fraction_from_top(const std::vector<double>& sorted, double value) {
  const auto above = std::upper_bound(sorted.begin(), sorted.end(), value);
  if (above == sorted.end()) return 0;
  if (above == sorted.begin()) return 1;
  const double step = (above[0] - value) / (above[0] - above[-1]);
  return (static_cast<double>(sorted.end() - above - 1) + step) /
         static_cast<double>(sorted.size() - 1);
}

double bootstrap_p(const DifferenceEstimate& estimate, double null, Side side) {
  const std::vector<double>& sorted = estimate.replicates;
  const double place = null - estimate.value + sorted_quantile(sorted, 0.5);
  const double share =
      side == Side::kAbove ? least_fraction(sorted, place) : least_fraction_from_top(sorted, place);
  if (share > least_share(sorted) || *estimate.standard_error == 0) {
    return std::max(share, least_share(sorted));
  }
  // Beyond all replicates their normal tail is the better word than "less than one of them".
  const double distance = side == Side::kAbove ? estimate.value - null : null - estimate.value;
  return std::min(least_share(sorted), normal_cdf(-distance / *estimate.standard_error));
}

/// Of a value at least as far to that side of `null`.
std::optional<double> p_one_sided(const DifferenceEstimate& estimate, double null, Side side) {
  require(std::isfinite(null), "a hypothesis must be a number, not {}", null);
  if (!estimate.standard_error) return std::nullopt;
  const double distance = side == Side::kAbove ? estimate.value - null : null - estimate.value;
  if (*estimate.standard_error == 0 && distance == 0) return 1;
  if (is_bootstrap(estimate)) return bootstrap_p(estimate, null, side);
  return student_t_cdf(-distance / *estimate.standard_error, estimate.degrees_of_freedom);
}

/// How many standard errors a difference needs so that a test at `alpha` finds it with `power`.
double detectable_errors(const DifferenceEstimate& estimate, double alpha, double power) {
  require_level(alpha);
  require_level(power, "power");
  return -student_t_quantile(alpha, estimate.degrees_of_freedom) +
         student_t_quantile(power, estimate.degrees_of_freedom);
}

}  // namespace

DifferenceEstimate mean_difference(std::span<const double> differences,
                                   std::span<const std::uint32_t> clusters) {
  require(!differences.empty(), "a mean difference needs at least one sample");
  require(differences.size() == clusters.size(), "{} differences with {} cluster labels",
          differences.size(), clusters.size());
  const std::size_t labels = *std::max_element(clusters.begin(), clusters.end()) + std::size_t{1};
  std::vector<bool> seen(labels), differing(labels);
  std::vector<double> sums(labels);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    require(std::isfinite(differences[i]), "the difference of sample {} is {}, not a number", i,
            differences[i]);
    seen[clusters[i]] = true;
    if (differences[i] != 0) differing[clusters[i]] = true;
    sums[clusters[i]] += differences[i];
  }
  DifferenceEstimate estimate;
  estimate.value = *mean(differences);
  estimate.standard_error = clustered_standard_error(differences, clusters);
  estimate.samples = differences.size();
  estimate.clusters = count(seen);
  estimate.differing_clusters = count(differing);
  for (const double sum : sums) {
    estimate.falling_clusters += sum < 0;
    estimate.rising_clusters += sum > 0;
  }
  estimate.degrees_of_freedom = static_cast<double>(estimate.clusters) - 1;
  return estimate;
}

DifferenceEstimate bootstrap_difference(double value, std::vector<double> replicates,
                                        std::size_t samples, std::size_t clusters) {
  std::erase_if(replicates, [](double replicate) { return std::isnan(replicate); });
  require(std::isfinite(value) && std::all_of(replicates.begin(), replicates.end(),
                                              [](double x) { return std::isfinite(x); }),
          "a bootstrap of the difference {} holds a difference that is not finite", value);
  std::sort(replicates.begin(), replicates.end());
  DifferenceEstimate estimate;
  estimate.value = value;
  estimate.samples = samples;
  estimate.clusters = clusters;
  if (replicates.size() >= 2) {
    std::vector<std::uint32_t> alone(replicates.size());
    std::iota(alone.begin(), alone.end(), 0U);
    estimate.standard_error = *clustered_standard_error(replicates, alone) *
                              std::sqrt(static_cast<double>(replicates.size()));
  }
  estimate.replicates = std::move(replicates);
  return estimate;
}

std::optional<double> lower_bound(const DifferenceEstimate& estimate, double alpha) {
  if (!has_bound(estimate, alpha)) return std::nullopt;
  return bound(estimate, alpha);
}

std::optional<double> upper_bound(const DifferenceEstimate& estimate, double alpha) {
  if (!has_bound(estimate, alpha)) return std::nullopt;
  return bound(estimate, 1 - alpha);
}

std::optional<Interval> interval_95(const DifferenceEstimate& estimate) {
  constexpr double kAlpha = 0.025;
  if (!has_bound(estimate, kAlpha)) return std::nullopt;
  return Interval{bound(estimate, kAlpha), bound(estimate, 1 - kAlpha)};
}

std::optional<double> p_above(const DifferenceEstimate& estimate, double null) {
  return p_one_sided(estimate, null, Side::kAbove);
}

std::optional<double> p_below(const DifferenceEstimate& estimate, double null) {
  return p_one_sided(estimate, null, Side::kBelow);
}

std::optional<double> p_two_sided(const DifferenceEstimate& estimate, double null) {
  const std::optional<double> above = p_above(estimate, null), below = p_below(estimate, null);
  if (!above || !below) return std::nullopt;
  return std::min(1.0, 2 * std::min(*above, *below));
}

std::optional<double> smallest_detectable(const DifferenceEstimate& estimate, double alpha,
                                          double power, double range) {
  require_level(alpha);
  require_level(power, "power");
  if (!is_bootstrap(estimate) && estimate.clusters > 0 && estimate.differing_clusters == 0) {
    // 1 - alpha^(1 / clusters), without the loss of digits for many clusters.
    return -std::expm1(std::log(alpha) / static_cast<double>(estimate.clusters)) * range;
  }
  if (!estimate.standard_error || *estimate.standard_error == 0) return std::nullopt;
  return detectable_errors(estimate, alpha, power) * *estimate.standard_error;
}

std::optional<std::size_t> samples_to_decide(const DifferenceEstimate& estimate, double limit,
                                             double alpha, double power) {
  const double distance = std::abs(estimate.value - limit);
  require_level(alpha);
  require_level(power, "power");
  if (!estimate.standard_error || !(distance > 0)) return std::nullopt;
  const double errors =
      detectable_errors(estimate, alpha, power) * *estimate.standard_error / distance;
  const double samples = std::ceil(static_cast<double>(estimate.samples) * errors * errors);
  constexpr double kMost = 1e18;  // more is no number of samples that anyone could have
  if (!(samples < kMost)) return std::nullopt;
  return std::max<std::size_t>(1, static_cast<std::size_t>(samples));
}

double mcnemar_exact(std::uint64_t won, std::uint64_t lost) {
  if (won == lost) return 1;
  return std::min(1.0, 2 * fair_binomial_cdf(std::min(won, lost), won + lost));
}

std::vector<double> holm(std::span<const double> p_values) {
  for (const double p : p_values) {
    require(p >= 0 && p <= 1, "a p-value must lie between 0 and 1, not {}", p);
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double least = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto left = static_cast<double>(order.size() - place);
    least = std::max(least, std::min(1.0, left * p_values[order[place]]));
    adjusted[order[place]] = least;
  }
  return adjusted;
}

}  // namespace sightline
