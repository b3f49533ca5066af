#include "metrics/decision/few_changes.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "metrics/decision/distributions.h"

namespace sightline {

namespace {

constexpr std::size_t kFew = 15;  // images that differ

/// The share of `images` that can be hit where `hits` of them were, at confidence 1 - `alpha`: the
/// root of the binomial tail P(X <= hits) = I_{1-p}(images - hits, hits + 1) = alpha.
double greatest_share(double hits, double images, double alpha) {
  require(alpha > 0 && alpha < 1, "alpha must lie between 0 and 1, not {}", alpha);
  if (hits >= images) return 1;
  double low = hits / images, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    const double tail = incomplete_beta(images - hits, hits + 1, 1 - middle);
    (tail > alpha ? low : high) = middle;
  }
  return high;
}

}  // namespace

bool has_few_changes(const DifferenceEstimate& estimate) {
  return estimate.replicates.empty() && estimate.differing_clusters < kFew;
}

double p_sign_below(const DifferenceEstimate& estimate) {
  return fair_binomial_cdf(estimate.rising_clusters,
                           estimate.rising_clusters + estimate.falling_clusters);
}

double p_sign_above(const DifferenceEstimate& estimate) {
  return fair_binomial_cdf(estimate.falling_clusters,
                           estimate.rising_clusters + estimate.falling_clusters);
}

double p_sign_two_sided(const DifferenceEstimate& estimate) {
  return mcnemar_exact(estimate.rising_clusters, estimate.falling_clusters);
}

double largest_possible_fall(const DifferenceEstimate& estimate, double alpha, double range) {
  return range * greatest_share(static_cast<double>(estimate.falling_clusters),
                                static_cast<double>(estimate.clusters), alpha);
}

double largest_possible_rise(const DifferenceEstimate& estimate, double alpha, double range) {
  return range * greatest_share(static_cast<double>(estimate.rising_clusters),
                                static_cast<double>(estimate.clusters), alpha);
}

std::optional<std::uint64_t> images_to_exclude(const DifferenceEstimate& estimate, bool falling,
                                               double limit, double alpha, double range) {
  const auto images = static_cast<double>(estimate.clusters);
  const auto hits =
      static_cast<double>(falling ? estimate.falling_clusters : estimate.rising_clusters);
  const auto excludes = [&](double count) {
    return range * greatest_share(hits / images * count, count, alpha) < limit;
  };
  constexpr double kMost = 1e12;
  double enough = 1;
  while (!excludes(enough)) {
    enough *= 2;
    if (enough > kMost) return std::nullopt;
  }
  double low = enough / 2;
  while (enough - low > 1) {
    const double middle = std::floor((low + enough) / 2);
    (excludes(middle) ? enough : low) = middle;
  }
  return static_cast<std::uint64_t>(enough);
}

}  // namespace sightline
