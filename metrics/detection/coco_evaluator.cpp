#include "metrics/detection/coco_evaluator.h"

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {

namespace {

CocoParameters checked(CocoParameters parameters) {
  require(!parameters.recall_thresholds.empty() && !parameters.max_detections.empty(),
          "COCO evaluation: {} recall thresholds and {} limits of detections, want at least 1 each",
          parameters.recall_thresholds.size(), parameters.max_detections.size());
  require(std::is_sorted(parameters.recall_thresholds.begin(), parameters.recall_thresholds.end()),
          "COCO evaluation: the recall thresholds do not ascend");
  require(std::is_sorted(parameters.max_detections.begin(), parameters.max_detections.end()),
          "COCO evaluation: the limits of detections do not ascend");
  return parameters;
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from, std::uint32_t first_image) {
  to.reserve(to.size() + from.size());
  for (T item : from) {
    item.image += first_image;
    to.push_back(item);
  }
}

}  // namespace

CocoEvaluator::CocoEvaluator(CocoParameters parameters, std::size_t categories)
    : parameters_(checked(std::move(parameters))),
      categories_(categories),
      matcher_(Matcher(parameters_.iou_thresholds, parameters_.areas),
               {.categories = categories,
                .use_categories = parameters_.use_categories,
                .max_detections = parameters_.max_detections.back()}),
      matches_(parameters_.use_categories ? categories : 1) {}

DetectionCounts CocoEvaluator::update(std::span<const GroundTruthBox> truths,
                                      std::span<const DetectedBox> detections,
                                      std::span<const std::uint32_t> not_exhaustive) {
  const std::vector<TruthTraits> truth_traits = traits_of(truths);
  const std::vector<DetectionTraits> detection_traits = traits_of(detections);
  return update(truth_traits, detection_traits,
                find_box_overlaps(truths, detections, matcher_.matcher().least_iou()),
                not_exhaustive);
}

DetectionCounts CocoEvaluator::update(std::span<const TruthTraits> truths,
                                      std::span<const DetectionTraits> detections,
                                      const FindOverlaps& find_overlaps,
                                      std::span<const std::uint32_t> not_exhaustive) {
  DetectionCounts counts;
  matcher_.match(
      truths, detections, find_overlaps,
      [&](const MatchedGroup& group) { counts += add(group, detections); }, not_exhaustive);
  ++images_;
  return counts;
}

DetectionCounts CocoEvaluator::add(const MatchedGroup& group,
                                   std::span<const DetectionTraits> detections) {
  CategoryMatches& category = matches_[group.category];
  DetectionCounts counts;
  for (std::uint32_t rank = 0; rank < group.detections.size(); ++rank) {
    const double score = detections[group.detections[rank]].score;
    const MatchOutcome& outcome = group.matches.outcomes[rank];
    category.detections.push_back({score, outcome, images_, rank});
    if (!(score >= parameters_.score_threshold)) continue;
    counts.true_positives += static_cast<std::int64_t>(outcome.true_positive & 1);
    counts.false_positives += static_cast<std::int64_t>(outcome.false_positive & 1);
  }
  for (const Cells ignored : group.matches.ignored_truths) {
    category.truths.push_back({images_, ignored});
    counts.truths += (ignored & 1) == 0;
  }
  return counts;
}

void CocoEvaluator::merge(CocoEvaluator&& next) {
  require(parameters_ == next.parameters_ && categories_ == next.categories_,
          "COCO evaluation: merging results of different parameters or numbers of categories "
          "({} and {})",
          categories_, next.categories_);
  for (std::size_t k = 0; k < matches_.size(); ++k) {
    append(matches_[k].detections, next.matches_[k].detections, images_);
    append(matches_[k].truths, next.matches_[k].truths, images_);
  }
  images_ += next.images_;
}

CocoResult CocoEvaluator::compute(std::span<const std::uint32_t> image_weights) const {
  require(image_weights.empty() || image_weights.size() == images_,
          "COCO evaluation: {} weights for {} images", image_weights.size(), images_);
  const std::size_t categories = matches_.size();
  std::vector<std::vector<MatchedDetection>> best_first(categories);
  parallel_for(categories, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) best_first[k] = matches_[k].best_first();
  });

  CocoResult result(parameters_, categories);
  const std::size_t limits = parameters_.max_detections.size();
  const std::size_t places = parameters_.areas.size() * limits * categories;
  // Neighbours are different categories, which spreads the few large ones over the threads.
  parallel_for(places, 1, [&](std::size_t begin, std::size_t end) {
    CurveTracer tracer;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t k = i % categories;
      const CurveTracer::Place place{k, i / categories / limits, i / categories % limits};
      tracer.trace(matches_[k].truths, best_first[k], image_weights, place, result);
    }
  });
  return result;
}

}  // namespace sightline
