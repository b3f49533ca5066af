#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/bootstrap.h"
#include "metrics/masks/mask.h"
#include "metrics/metric_value.h"
#include "metrics/sample_means.h"

namespace sightline {

/// How a predicted mask agrees with the object it is to show.
struct MaskAgreement {
  std::int64_t shared = 0;  ///< pixels of both
  std::int64_t united = 0;  ///< pixels of either

  /// shared / united; 0 where both are empty.
  double iou() const;
};
/// Throws `Error` for masks of different sizes.
MaskAgreement mask_agreement(const Mask& prediction, const Mask& truth);

/// Scores of referring segmentation over expressions:
///
///   giou      mean of the IoUs
///   ciou      pixels shared over pixels united, both summed over all expressions
///   prec@X    share of IoUs above X, for X of 0.5, 0.6, 0.7, 0.8 and 0.9
///
/// The first and the last have standard errors clustered by image; `ciou` is a ratio of sums.
class ReferringMasks {
 public:
  ReferringMasks();

  /// Adds one expression: the number of its image, and its group in the breakdown `split`.
  void update(std::uint32_t image, const MaskAgreement& agreement, std::string_view split);
  /// Adds what `next` has seen, behind what is here; any split equals one pass to the last bit.
  void merge(const ReferringMasks& next);

  /// giou, ciou, prec@0.5 ... prec@0.9.
  std::vector<MetricValue> metrics() const;
  Breakdowns breakdowns() const { return means_.breakdowns(); }
  /// `ciou` in a bootstrap over the images seen; none without images.
  std::optional<ResampledNumber> resampled_ciou(const Bootstrap& bootstrap) const;

 private:
  SampleMeans means_;
  std::vector<MaskAgreement> agreements_;
  std::vector<std::uint32_t> images_;  // one an expression
};

}  // namespace sightline
