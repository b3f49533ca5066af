#include "metrics/detection/lvis.h"

#include <algorithm>

#include "metrics/detection/score_order.h"

namespace sightline {

namespace {

constexpr std::size_t kMostDetections = 300;

/// The best detections of an image, in the file's order if that is all of them.
std::vector<DetectedBox> limit_detections(std::span<const DetectedBox> detections) {
  std::vector<DetectedBox> kept(detections.begin(), detections.end());
  if (kept.size() <= kMostDetections) return kept;
  std::stable_sort(kept.begin(), kept.end(), [](const DetectedBox& a, const DetectedBox& b) {
    return best_first_key(a.score) < best_first_key(b.score);
  });
  kept.resize(kMostDetections);
  return kept;
}

}  // namespace

CocoParameters lvis_parameters() {
  CocoParameters parameters;
  parameters.max_detections = {kMostDetections};
  return parameters;
}

std::vector<DetectedBox> lvis_detections(std::span<const GroundTruthBox> truths,
                                         std::span<const DetectedBox> detections,
                                         std::span<const std::uint32_t> negative) {
  std::vector<std::uint32_t> judged(negative.begin(), negative.end());
  for (const GroundTruthBox& truth : truths) judged.push_back(truth.category);
  std::sort(judged.begin(), judged.end());
  std::vector<DetectedBox> kept = limit_detections(detections);
  std::erase_if(kept, [&](const DetectedBox& box) {
    return !std::binary_search(judged.begin(), judged.end(), box.category);
  });
  return kept;
}

std::vector<std::size_t> categories_of(LvisFrequency frequency,
                                       std::span<const LvisFrequency> frequencies) {
  std::vector<std::size_t> categories;
  for (std::size_t k = 0; k < frequencies.size(); ++k) {
    if (frequencies[k] == frequency) categories.push_back(k);
  }
  return categories;
}

std::vector<DetectionNumber> lvis_numbers(std::span<const LvisFrequency> frequencies) {
  using Kind = DetectionNumber::Kind;
  constexpr Kind kPrecision = Kind::kAveragePrecision;
  constexpr Kind kRecall = Kind::kAverageRecall;
  const CocoParameters parameters = lvis_parameters();
  const auto of = [&](LvisFrequency frequency) {
    return CocoSelection{.categories = choose_categories(categories_of(frequency, frequencies))};
  };
  return {{kPrecision, {}, "AP"},
          {kPrecision, {.iou_threshold = index_of_threshold(parameters, 0.5)}, "AP50"},
          {kPrecision, {.iou_threshold = index_of_threshold(parameters, 0.75)}, "AP75"},
          {kPrecision, {.area = 1}, "APs"},
          {kPrecision, {.area = 2}, "APm"},
          {kPrecision, {.area = 3}, "APl"},
          {kPrecision, of(LvisFrequency::kRare), "APr"},
          {kPrecision, of(LvisFrequency::kCommon), "APc"},
          {kPrecision, of(LvisFrequency::kFrequent), "APf"},
          {kRecall, {}, "AR@300"},
          {kRecall, {.area = 1}, "ARs@300"},
          {kRecall, {.area = 2}, "ARm@300"},
          {kRecall, {.area = 3}, "ARl@300"}};
}

}  // namespace sightline
