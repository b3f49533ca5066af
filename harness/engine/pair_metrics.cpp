#include "harness/engine/pair_metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/image/flowmo.h"
#include "metrics/image/ms_ssim.h"
#include "metrics/image/psnr.h"
#include "metrics/image/ssim.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

constexpr std::string_view kFlowmoPsnr = "psnr_flowmo";
constexpr std::size_t kBlockBytes = 32 << 20;

constexpr PairMetric kMetrics[] = {
    {"psnr", "psnr/per-image", "dB", true, psnr},
    {"psnr_luma", "psnr/luma-601", "dB", true, psnr_luma},
    {kFlowmoPsnr, "psnr/flowmo-batch5", "dB", true, squared_error_float32},
    {"ssim", "ssim/skimage-uniform7", "SSIM", true, ssim},
    {"ssim_luma", "ssim/skimage-uniform7-luma", "SSIM", true, ssim_luma},
    {"ssim_flowmo", "ssim/flowmo-float32", "SSIM", true, ssim_float32},
    {"ssim_gaussian11", "ssim/gaussian11-wang", "SSIM", true, ssim_gaussian11},
    {"ssim_gaussian11_sample", "ssim/gaussian11-sample", "SSIM", true, ssim_gaussian11_sample},
    {"ms_ssim", "ms_ssim/pytorch-msssim", "SSIM", true, ms_ssim},
    {"lpips", "lpips/v0.1-alex", "LPIPS", false, nullptr, "alex"},
    {"lpips_vgg", "lpips/v0.1-vgg", "LPIPS", false, nullptr, "vgg"},
};

/// For each reconstruction, the number of the original of its name.
std::vector<std::size_t> match_names(const ImageSet& reconstructions, const ImageSet& originals) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < originals.size(); ++i) places[originals.name(i)] = i;
  std::vector<std::size_t> matches(reconstructions.size());
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const auto found = places.find(reconstructions.name(i));
    require(found != places.end(),
            "'{}' is in the first set of images only; pairs are of the same name, but for folder "
            "and extension",
            reconstructions.name(i));
    matches[i] = found->second;
    places.erase(found);
  }
  require(places.empty(),
          "'{}' is in the second set of images only ({} such images); pairs are of the same name, "
          "but for folder and extension",
          places.empty() ? "" : places.begin()->first, places.size());
  return matches;
}

/// Measures pairs a block at a time: what is of one pair in parallel, LPIPS for the block.
class PairRun {
 public:
  PairRun(const ImageSet& reconstructions, const ImageSet& originals, PairValues& result,
          PerceptualNetworks& networks)
      : reconstructions_(reconstructions),
        originals_(originals),
        matches_(match_names(reconstructions, originals)),
        result_(result),
        networks_(networks) {}

  void measure_all() {
    const std::size_t count = matches_.size();
    std::size_t size = 2 * thread_count();
    for (std::size_t begin = 0; begin < count; begin += made_.size()) {
      made_.resize(std::min(size, count - begin));
      wanted_.resize(made_.size());
      measure_block(begin);
      const std::size_t bytes = 2 * std::max<std::size_t>(made_.front().pixels.size(), 1);
      size = std::clamp<std::size_t>(kBlockBytes / bytes, 2 * thread_count(), 1024);
    }
  }

 private:
  void measure_block(std::size_t begin) {
    parallel_for(made_.size(), 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        with_context([&] { return "comparing the images named " + result_.names[begin + i]; },
                     [&] { measure_pair(begin, i); });
      }
    });
    for (std::size_t m = 0; m < result_.metrics.size(); ++m) {
      if (result_.metrics[m]->measure != nullptr) continue;
      const auto distances =
          networks_.at(std::string(result_.metrics[m]->trunk))->distances(made_, wanted_);
      std::copy(distances.begin(), distances.end(),
                result_.values[m].begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  void measure_pair(std::size_t begin, std::size_t i) {
    made_[i] = reconstructions_.image(begin + i);
    wanted_[i] = originals_.image(matches_[begin + i]);
    require_same_size(made_[i], wanted_[i]);
    result_.samples[begin + i] = made_[i].pixels.size();
    for (std::size_t m = 0; m < result_.metrics.size(); ++m) {
      const auto measure = result_.metrics[m]->measure;
      if (measure != nullptr) result_.values[m][begin + i] = measure(made_[i], wanted_[i]);
    }
  }

  const ImageSet& reconstructions_;
  const ImageSet& originals_;
  std::vector<std::size_t> matches_;
  PairValues& result_;
  PerceptualNetworks& networks_;
  std::vector<Image> made_, wanted_;  // of the block
};

MetricValue pooled_psnr(const PairValues& pairs, std::span<const double> errors) {
  FlowmoPsnr pooled;
  for (std::size_t i = 0; i < errors.size(); ++i) pooled.update(errors[i], pairs.samples[i]);
  MetricValue value{.value = pooled.compute(), .standard_error = {}};
  if (!value.value) {
    value.note = fmt::format("not defined: FlowMo pools batches of 5, and there are {} pairs",
                             errors.size());
  }
  return value;
}

MetricValue mean_of_pairs(std::span<const double> values) {
  std::vector<std::uint32_t> clusters(values.size());
  std::iota(clusters.begin(), clusters.end(), 0U);
  MetricValue metric{.value = mean(values),
                     .standard_error = clustered_standard_error(values, clusters)};
  const auto infinite = std::ranges::count_if(values, [](double v) { return std::isinf(v); });
  if (infinite > 0) {
    metric.standard_error.reset();
    metric.note =
        fmt::format("{} of {} pairs are identical, of infinite PSNR", infinite, values.size());
  }
  return metric;
}

}  // namespace

std::span<const PairMetric> pair_metrics() {
  return kMetrics;
}

const PairMetric* find_pair_metric(std::string_view key) {
  const auto found = std::ranges::find(kMetrics, key, &PairMetric::key);
  return found == std::end(kMetrics) ? nullptr : &*found;
}

bool is_per_pair(const PairMetric& metric) {
  return metric.key != kFlowmoPsnr;
}

PairValues measure_pairs(const ImageSet& reconstructions, const ImageSet& originals,
                         std::vector<const PairMetric*> metrics, PerceptualNetworks& networks) {
  PairValues result{.metrics = std::move(metrics)};
  const std::size_t count = reconstructions.size();
  for (std::size_t i = 0; i < count; ++i) result.names.push_back(reconstructions.name(i));
  result.values.assign(result.metrics.size(), std::vector<double>(count));
  result.samples.resize(count);
  PairRun(reconstructions, originals, result, networks).measure_all();
  return result;
}

MetricValue summarise_pairs(const PairValues& pairs, std::size_t index) {
  const PairMetric& metric = *pairs.metrics[index];
  const std::vector<double>& values = pairs.values[index];
  MetricValue summary = is_per_pair(metric) ? mean_of_pairs(values) : pooled_psnr(pairs, values);
  summary.key = metric.key;
  summary.n = static_cast<std::int64_t>(values.size());
  summary.unit = metric.unit;
  summary.higher_is_better = metric.higher_is_better;
  return summary;
}

}  // namespace sightline
