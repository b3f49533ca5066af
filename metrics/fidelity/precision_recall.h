#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/fidelity/features.h"

namespace sightline {

/// What is compared with the radius of a ball; differs only where both are within a rounding.
enum class ManifoldRules {
  kTorchFidelity,  ///< Euclidean distances
  kAdm             ///< squared distances
};
inline constexpr std::array kAllManifoldRules = {ManifoldRules::kTorchFidelity,
                                                 ManifoldRules::kAdm};

/// "prc/torch-fidelity", "prc/adm".
std::string_view name_of(ManifoldRules rules);

/// Squared distance of each row to its k-th nearest other row; a row equal to it is another row.
/// Exact: k-th smallest of all `squared_distance`s. Throws `Error` unless 1 <= k < rows, and for
/// values that are not finite. Memory: about 1 KiB a row and 4 MiB.
std::vector<double> squared_radii(const FeatureRows& features, std::size_t k);

struct PrecisionRecall {
  std::int64_t generated_inside = 0, generated = 0;
  std::int64_t real_inside = 0, real = 0;

  double precision() const {
    return static_cast<double>(generated_inside) / static_cast<double>(generated);
  }
  double recall() const { return static_cast<double>(real_inside) / static_cast<double>(real); }
};

/// Improved precision and recall (Kynkäänniemi et al. 2019). Every row has a ball that reaches to
/// its k-th nearest other row of its own set. Precision is the share of generated rows that lie in
/// the ball of some real row (its surface belongs to it), recall the share of real rows in the
/// ball of some generated one. Both in [0, 1], higher is better.
///
/// The evaluators compute distances in float32 (ADM on a GPU: float16) by |a|^2 + |b|^2 - 2 a.b, so
/// that ties are decided by rounding. Here all that is near a tie is computed directly in float64:
/// equal rows have distance 0, and a set has precision and recall 1 of itself.
///
/// Throws `Error` for rows of different width, values that are not finite, and unless
/// 1 <= k < rows of each set. Cost: (N^2 + M^2) D / 2 + N M D multiply-adds in float32.
PrecisionRecall precision_recall(const FeatureRows& generated, const FeatureRows& real,
                                 ManifoldRules rules = ManifoldRules::kTorchFidelity,
                                 std::size_t k = 3);

}  // namespace sightline
