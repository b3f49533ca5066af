#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric_value.h"

namespace sightline {

/// A bootstrap over images (Efron 1979): each replicate draws as many images as there are, with
/// replacement. The draws depend on seed, replicate and number of images alone, so that two systems
/// evaluated on the same images are resampled alike.
struct Bootstrap {
  std::size_t replicates = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> metrics = {};  ///< keys of the numbers wanted; empty: all

  bool wants(std::string_view metric) const {
    return metrics.empty() || std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
  }
};

/// Where the ends of intervals may lie.
inline constexpr Interval kUnlimited = {-std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::infinity()};
inline constexpr Interval kFractions = {0, 1};

/// How often each of `images` images is drawn in one replicate; the sum is `images`.
std::vector<std::uint32_t> bootstrap_weights(std::size_t images, std::uint64_t seed,
                                             std::size_t replicate);

/// The percentile interval at 95% of `replicates`, moved so that their median lies on `value`, and
/// cut at `limits`: value + (quantile - median) for the 2.5% and the 97.5% quantiles, interpolated
/// linearly as numpy's `quantile` does. So it holds the value whatever the resampling's bias, and
/// where that is none, as for means, it is the percentile interval (Efron 1979). No value for fewer
/// than two replicates.
///
/// Basic and bias-corrected percentile intervals (Davison and Hinkley 1997, section 5.2; Efron
/// 1981) leave the value out wherever the percentile interval does, on the other side: they
/// estimate what the number would be on infinitely many images. Ours is of the number on sets of
/// this size, which is what is published and compared.
std::optional<Interval> centred_interval(double value, std::vector<double> replicates,
                                         const Interval& limits = kUnlimited);

/// Numbers of one replicate, from the weight of every image; always as many, NaN where undefined.
using ReplicateStatistics =
    std::function<std::vector<double>(std::span<const std::uint32_t> image_weights)>;

/// A number of a set of images, and what it is on the resampled ones.
struct ResampledNumber {
  double value = 0;                ///< NaN where it is undefined
  std::vector<double> replicates;  ///< one a replicate, NaN where it is undefined
  Interval limits = kUnlimited;

  /// `centred_interval`, without the replicates where the number is undefined. No value where it is
  /// undefined itself, or in all replicates but one.
  std::optional<Interval> interval() const;
};

/// Resamples all numbers that `statistics` gives, over `bootstrap.replicates` replicates in
/// parallel: `statistics` is called from several threads, and once with all weights 1 for the
/// numbers themselves. `limits` are those of all numbers. Throws `Error` without images.
std::vector<ResampledNumber> resample(std::size_t images, const Bootstrap& bootstrap,
                                      const ReplicateStatistics& statistics,
                                      const Interval& limits = kUnlimited);

}  // namespace sightline
