#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sightline {

/// Mean of `values`, summed in order; no value for none.
std::optional<double> mean(std::span<const double> values);

/// Mean of `values`, summed as numpy does: pairwise, with eight running sums in blocks of up to
/// 128; no value for none.
std::optional<double> pairwise_mean(std::span<const double> values);

/// The value that a share `fraction` of `sorted`, which is not empty, lies below, interpolated
/// linearly as numpy's `quantile` does.
double sorted_quantile(std::span<const double> sorted, double fraction);

/// Standard error of the mean of `values` when values of one cluster are correlated:
/// sqrt(G/(G-1) * sum over clusters of (sum of residuals)^2) / n, G the number of clusters
/// (Cameron and Miller, A Practitioner's Guide to Cluster-Robust Inference, 2015, eq. 11 for a
/// constant regressor). With every value its own cluster it is the usual s / sqrt(n).
/// `clusters[i]` numbers the cluster of value i; memory grows with the largest number. No value for
/// fewer than two clusters.
std::optional<double> clustered_standard_error(std::span<const double> values,
                                               std::span<const std::uint32_t> clusters);

}  // namespace sightline
