#include "metrics/masks/referring_masks.h"

#include <array>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "metrics/masks/mask_overlap.h"

namespace sightline {

namespace {

struct Threshold {
  const char* key;
  double iou;
};
constexpr std::array<Threshold, 5> kThresholds = {{{"prec@0.5", 0.5},
                                                   {"prec@0.6", 0.6},
                                                   {"prec@0.7", 0.7},
                                                   {"prec@0.8", 0.8},
                                                   {"prec@0.9", 0.9}}};

std::vector<std::string> mean_keys() {
  std::vector<std::string> keys = {"giou"};
  for (const Threshold& threshold : kThresholds) keys.emplace_back(threshold.key);
  return keys;
}

std::optional<double> ratio(const MaskAgreement& sums) {
  if (sums.united == 0) return std::nullopt;
  return static_cast<double>(sums.shared) / static_cast<double>(sums.united);
}

void add(const MaskAgreement& agreement, std::int64_t times, MaskAgreement& sums) {
  sums.shared += agreement.shared * times;
  sums.united += agreement.united * times;
}

/// The sums of each image, in order of first appearance.
std::vector<MaskAgreement> sum_by_image(std::span<const MaskAgreement> agreements,
                                        std::span<const std::uint32_t> images) {
  std::unordered_map<std::uint32_t, std::size_t> places;
  std::vector<MaskAgreement> sums;
  for (std::size_t i = 0; i < agreements.size(); ++i) {
    const auto [place, is_new] = places.try_emplace(images[i], sums.size());
    if (is_new) sums.emplace_back();
    add(agreements[i], 1, sums[place->second]);
  }
  return sums;
}

}  // namespace

double MaskAgreement::iou() const {
  return ratio(*this).value_or(0);
}

MaskAgreement mask_agreement(const Mask& prediction, const Mask& truth) {
  const std::int64_t shared = shared_pixels(prediction, truth);
  return {shared, std::int64_t{prediction.area()} + truth.area() - shared};
}

ReferringMasks::ReferringMasks() : means_(mean_keys(), {"split"}) {}

void ReferringMasks::update(std::uint32_t image, const MaskAgreement& agreement,
                            std::string_view split) {
  const double iou = agreement.iou();
  std::array<double, 1 + kThresholds.size()> values = {iou};
  for (std::size_t i = 0; i < kThresholds.size(); ++i) {
    values[i + 1] = iou > kThresholds[i].iou ? 1 : 0;
  }
  means_.update(image, values, std::span(&split, 1));
  agreements_.push_back(agreement);
  images_.push_back(image);
}

void ReferringMasks::merge(const ReferringMasks& next) {
  means_.merge(next.means_);
  agreements_.insert(agreements_.end(), next.agreements_.begin(), next.agreements_.end());
  images_.insert(images_.end(), next.images_.begin(), next.images_.end());
}

std::vector<MetricValue> ReferringMasks::metrics() const {
  MaskAgreement sums;
  for (const MaskAgreement& agreement : agreements_) add(agreement, 1, sums);
  MetricValue ciou{.key = "ciou", .value = ratio(sums), .standard_error = {}};
  ciou.n = static_cast<std::int64_t>(agreements_.size());
  if (!ciou.value) ciou.note = "no mask holds a pixel";
  std::vector<MetricValue> metrics = {means_.metric(0), std::move(ciou)};
  for (std::size_t i = 0; i < kThresholds.size(); ++i) metrics.push_back(means_.metric(i + 1));
  return metrics;
}

std::optional<ResampledNumber> ReferringMasks::resampled_ciou(const Bootstrap& bootstrap) const {
  const std::vector<MaskAgreement> by_image = sum_by_image(agreements_, images_);
  if (by_image.empty() || bootstrap.replicates == 0) return std::nullopt;
  const auto statistics = [&](std::span<const std::uint32_t> weights) -> std::vector<double> {
    MaskAgreement sums;
    for (std::size_t i = 0; i < by_image.size(); ++i) add(by_image[i], weights[i], sums);
    return {ratio(sums).value_or(std::numeric_limits<double>::quiet_NaN())};
  };
  return resample(by_image.size(), bootstrap, statistics, kFractions).front();
}

}  // namespace sightline
