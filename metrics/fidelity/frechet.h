#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "metrics/fidelity/feature_moments.h"

namespace sightline {

/// How published evaluators differ in the Fréchet distance: by the mean alone.
enum class FrechetRules {
  kPytorchFid,  ///< pytorch-fid, FlowMo: means in float64
  kTf  ///< torch-fidelity, ADM: means, their difference and its square in float32; the order
       ///< of the latter's additions is BLAS's, so its last digit (1e-7) is the machine's
};
inline constexpr std::array kAllFrechetRules = {FrechetRules::kPytorchFid, FrechetRules::kTf};

/// "fid/pytorch-fid", "fid/tf".
std::string_view name_of(FrechetRules rules);

/// The terms of |mean_a - mean_b|^2 + tr A + tr B - 2 tr sqrt(A B).
struct FrechetDistance {
  double mean_term = 0;
  double trace_a = 0, trace_b = 0;
  double trace_sqrt = 0;

  /// The distance. Not clipped: of equal sets some 1e-14 of the traces, of either sign.
  double value() const { return mean_term + trace_a + trace_b - 2 * trace_sqrt; }
};

/// Squared Fréchet distance of two normal distributions (Dowson and Landau 1982; Heusel et al.
/// 2017, eq. 6), which is FID for Inception's pooled features and sFID for spatial ones (Nash et
/// al. 2021). Lower is better; it is 0 for equal statistics, and symmetric.
///
/// The evaluators take the square root of A B by Schur's form; for singular covariances (constant
/// features, N <= D) theirs carries an error of some 1e-7 of the distance, and pytorch-fid adds
/// 1e-6 to both diagonals if it is not finite. The root's trace here is that of a symmetric matrix:
/// it is always finite, nothing is ever added, and its error is below 1e-8 of the traces (in
/// practice 1e-14).
///
/// Throws `Error` for different widths, fewer than two rows, values that are not finite,
/// covariances that are not symmetric or have a negative variance, and, for `kTf`, without the
/// means in float32. Cost: some 2 D^3 multiply-adds, or 10 D^3 for nearly singular covariances;
/// memory: 2 or 3 matrices of D x D.
FrechetDistance frechet_distance(const FeatureStatistics& a, const FeatureStatistics& b,
                                 FrechetRules rules = FrechetRules::kPytorchFid);

/// tr sqrt(A B) for symmetric positive semi-definite A and B, [D, D].
///
/// With Cholesky's A = L L^T, A B has the eigenvalues of L^T B L, which is symmetric. Roots of
/// small eigenvalues magnify rounding, so these are used only if the errors they may have move
/// their sum by less than 1e-8 of tr A + tr B. Else both are factored with pivoting, A = L L^T and
/// B = M M^T, and the sum is that of the singular values of L^T M, which needs no root.
double trace_of_sqrt_product(std::span<const double> a, std::span<const double> b,
                             std::size_t width);

}  // namespace sightline
