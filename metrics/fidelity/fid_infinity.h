#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/fidelity/features.h"
#include "metrics/fidelity/frechet.h"

namespace sightline {

struct FidInfinityOptions {
  std::size_t points = 15;      ///< subset sizes; at least 3
  std::size_t smallest = 5000;  ///< the least of them; a tenth of the rows if that is less
  std::uint64_t seed = 0;
  FrechetRules rules = FrechetRules::kPytorchFid;
};

/// The FID of a subset.
struct FidPoint {
  std::size_t rows = 0;
  double fid = 0;
};

/// A line through FIDs over 1 / rows.
struct FidInfinity {
  double value = 0;           ///< the line at 1 / rows = 0
  double standard_error = 0;  ///< of `value`, by the scatter of the points around the line
  double slope = 0;           ///< expected bias of the FID of n rows, times n
  std::vector<FidPoint> points;

  /// How much the FID of `rows` rows is expected to lie above `value`.
  double bias(std::size_t rows) const { return slope / static_cast<double>(rows); }
};

/// FID for infinitely many generated images (Chong and Forsyth, CVPR 2020, "Effectively Unbiased
/// FID and Inception Score and Where to Find Them", section 3). FID is biased by a term that
/// depends on the model and, for large N, is proportional to 1 / N. FIDs of random subsets, of
/// `points` sizes evenly spaced from `smallest` to all rows, are regressed on 1 / N (least
/// squares).
///
/// Subsets are drawn without putting rows back, from one stream of `seed` each. `reference` is
/// taken as it is: its own bias stays. The standard error tells how well a line fits; the subsets
/// share rows, so it is no interval for another sample of images. With fewer rows than D in a
/// subset the bias is not linear in 1 / N, so `smallest` should be above D.
///
/// Throws `Error` for other widths, values that are not finite, fewer than 3 points, or too few
/// rows for as many different sizes. Cost: for each point a pass over its rows and a
/// `frechet_distance`.
FidInfinity fid_infinity(const FeatureRows& generated, const FeatureStatistics& reference,
                         const FidInfinityOptions& options = {});

/// The least-squares line through (1 / rows, fid), at least 3 points of at least 2 different sizes.
FidInfinity extrapolate(std::vector<FidPoint> points);

}  // namespace sightline
