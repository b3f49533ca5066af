#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
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

/// How often each of `images` images is drawn in one replicate; the sum is `images`.
std::vector<std::uint32_t> bootstrap_weights(std::size_t images, std::uint64_t seed,
                                             std::size_t replicate);

/// The percentile interval at 95% of `values`, which it reorders: their 2.5% and 97.5% quantiles,
/// interpolated linearly as numpy's `quantile` does. No value for fewer than two values.
std::optional<Interval> percentile_interval(std::vector<double> values);

/// Numbers of one replicate, from the weight of every image; always as many, NaN where undefined.
using ReplicateStatistics =
    std::function<std::vector<double>(std::span<const std::uint32_t> image_weights)>;

/// Intervals of all numbers that `statistics` gives, over `bootstrap.replicates` replicates in
/// parallel: `statistics` is called from several threads. Undefined ones are left out; a number
/// defined in fewer than two replicates has no interval. Throws `Error` without images.
std::vector<std::optional<Interval>> bootstrap_intervals(std::size_t images,
                                                         const Bootstrap& bootstrap,
                                                         const ReplicateStatistics& statistics);

}  // namespace sightline
