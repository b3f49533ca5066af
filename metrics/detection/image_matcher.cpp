#include "metrics/detection/image_matcher.h"

#include <algorithm>

#include "harness/base/error.h"
#include "metrics/detection/score_order.h"

namespace sightline {

ImageMatcher::Key ImageMatcher::key(std::uint32_t category, std::uint64_t order,
                                    std::size_t index) const {
  require(category < options_.categories,
          "matching detections: a box has category number {}, but there are only {} categories",
          category, options_.categories);
  const std::uint32_t group = options_.use_categories ? category : 0;
  return {group, order, category, static_cast<std::uint32_t>(index)};
}

void ImageMatcher::sort_image(std::span<const TruthTraits> truths,
                              std::span<const DetectionTraits> detections) {
  truth_keys_.clear();
  detection_keys_.clear();
  for (std::size_t i = 0; i < truths.size(); ++i) {
    truth_keys_.push_back(key(truths[i].category, 0, i));
  }
  for (std::size_t i = 0; i < detections.size(); ++i) {
    detection_keys_.push_back(key(detections[i].category, best_first_key(detections[i].score), i));
  }
  std::sort(truth_keys_.begin(), truth_keys_.end());
  std::sort(detection_keys_.begin(), detection_keys_.end());
}

void ImageMatcher::match(std::span<const TruthTraits> truths,
                         std::span<const DetectionTraits> detections,
                         const FindOverlaps& find_overlaps,
                         const std::function<void(const MatchedGroup&)>& visit,
                         std::span<const std::uint32_t> not_exhaustive) {
  sort_image(truths, detections);
  auto truth = truth_keys_.begin();
  auto detection = detection_keys_.begin();
  while (truth != truth_keys_.end() || detection != detection_keys_.end()) {
    const std::uint32_t group = detection == detection_keys_.end() ? truth->group
                                : truth == truth_keys_.end()
                                    ? detection->group
                                    : std::min(truth->group, detection->group);
    truth_indices_.clear();
    group_truths_.clear();
    for (; truth != truth_keys_.end() && truth->group == group; ++truth) {
      truth_indices_.push_back(truth->index);
      group_truths_.push_back(truths[truth->index]);
    }
    detection_indices_.clear();
    group_detections_.clear();
    for (; detection != detection_keys_.end() && detection->group == group; ++detection) {
      if (detection_indices_.size() == options_.max_detections) continue;
      detection_indices_.push_back(detection->index);
      group_detections_.push_back(detections[detection->index]);
    }
    overlaps_.clear();
    if (!group_truths_.empty()) find_overlaps(detection_indices_, truth_indices_, overlaps_);
    const bool ignore_unmatched =
        std::binary_search(not_exhaustive.begin(), not_exhaustive.end(), group);
    visit({group, truth_indices_, detection_indices_,
           matcher_.match({group_truths_, group_detections_, overlaps_, ignore_unmatched})});
  }
}

std::vector<TruthTraits> traits_of(std::span<const GroundTruthBox> truths) {
  std::vector<TruthTraits> traits;
  traits.reserve(truths.size());
  for (const GroundTruthBox& truth : truths) {
    traits.push_back({truth.category, truth.area, truth.crowd, truth.id == 0});
  }
  return traits;
}

std::vector<DetectionTraits> traits_of(std::span<const DetectedBox> detections) {
  std::vector<DetectionTraits> traits;
  traits.reserve(detections.size());
  for (const DetectedBox& detection : detections) {
    traits.push_back({detection.category, detection.score, detection.box.w * detection.box.h});
  }
  return traits;
}

FindOverlaps find_box_overlaps(std::span<const GroundTruthBox> truths,
                               std::span<const DetectedBox> detections, double least_iou) {
  return [truths, detections, least_iou](std::span<const std::uint32_t> detection_indices,
                                         std::span<const std::uint32_t> truth_indices,
                                         std::vector<Overlap>& overlaps) {
    for (std::uint32_t d = 0; d < detection_indices.size(); ++d) {
      const Box& box = detections[detection_indices[d]].box;
      for (std::uint32_t t = 0; t < truth_indices.size(); ++t) {
        const GroundTruthBox& truth = truths[truth_indices[t]];
        const double iou = coco_box_iou(box, truth.box, truth.crowd);
        if (iou >= least_iou) overlaps.push_back({d, t, iou});
      }
    }
  };
}

}  // namespace sightline
