#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "metrics/fidelity/features.h"

namespace sightline {

/// Rules of `kernel_distance`: torch-fidelity's subsets, computed in float64 instead of float32.
inline constexpr std::string_view kKidRules = "kid/torch-fidelity";

struct KernelDistanceOptions {
  std::size_t subsets = 100;
  std::size_t subset_size = 1000;  ///< at least 2, and no more than rows of each set
  std::uint32_t seed = 2020;
};

struct KernelDistance {
  double mean = 0;                ///< over subsets
  double standard_deviation = 0;  ///< over subsets, of the population
  std::vector<double> subsets;    ///< each subset's estimate, in the order of the draws
};

/// Kernel Inception Distance (Bińkowski et al. 2018): the squared maximum mean discrepancy of two
/// sets of features with the kernel (x.y / D + 1)^3, estimated without bias (eq. 4, so a little
/// below 0 for equal distributions), over random subsets. Lower is better.
///
/// Subset by subset numpy's RandomState(seed) chooses rows of `a`, then of `b`, without putting any
/// back. torch-fidelity takes the generated features first. Swapping the sets draws other subsets.
///
/// Throws `Error` for rows of different width, values that are not finite, no subsets, or a subset
/// larger than a set. Cost: 2 `subset_size`^2 D multiply-adds a subset in float64; memory:
/// 16 `subset_size` D bytes and 8 `subset_size`^2.
KernelDistance kernel_distance(const FeatureRows& a, const FeatureRows& b,
                               const KernelDistanceOptions& options = {});

/// The same estimate over all rows, once, for sets of any two sizes of at least 2. Symmetric up to
/// rounding. Cost: (N^2 / 2 + M^2 / 2 + N M) D multiply-adds; memory: 40 MiB for D = 2048, however
/// many rows.
double kernel_distance_of_all(const FeatureRows& a, const FeatureRows& b);

}  // namespace sightline
