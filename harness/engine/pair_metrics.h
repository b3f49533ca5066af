#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/image_set.h"
#include "metrics/metric_value.h"
#include "models/api/image_networks.h"

namespace sightline {

/// A metric of a reconstruction against its original. Each published variant has its own key.
struct PairMetric {
  std::string_view key;    ///< "psnr", "ssim_gaussian11", ...
  std::string_view rules;  ///< "psnr/per-image", "ssim/gaussian11-wang", ...
  std::string_view unit;
  bool higher_is_better;
  /// Of one pair; null for LPIPS, which a network measures.
  double (*measure)(const Image& reconstruction, const Image& original);
  std::string_view trunk = "";  ///< of LPIPS: "alex" or "vgg"
};

std::span<const PairMetric> pair_metrics();
/// Null when there is none of that key.
const PairMetric* find_pair_metric(std::string_view key);

/// Networks of the LPIPS metrics that were asked for, by trunk.
using PerceptualNetworks = std::map<std::string, std::unique_ptr<PerceptualDistance>, std::less<>>;

/// Values of all pairs, in the order of the reconstructions.
struct PairValues {
  std::vector<const PairMetric*> metrics;
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  ///< [metric][pair]
  std::vector<std::size_t> samples;         ///< [pair] width * height * 3
};

/// Compares the images of the same name in both sets, or of the same number in two arrays. Pixels
/// are held for some pairs at a time only. Throws `Error` naming the pair for images of different
/// size, and when a name is in one set only.
PairValues measure_pairs(const ImageSet& reconstructions, const ImageSet& originals,
                         std::vector<const PairMetric*> metrics, PerceptualNetworks& networks);

/// The number of metric `index` for the whole set: a mean over pairs with its standard error, or
/// for FlowMo's PSNR the mean over batches of five in order.
MetricValue summarise_pairs(const PairValues& pairs, std::size_t index);

/// Whether each pair has a value of its own under that metric (not with FlowMo's pooled PSNR).
bool is_per_pair(const PairMetric& metric);

}  // namespace sightline
