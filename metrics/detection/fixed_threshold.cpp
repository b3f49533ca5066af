#include "metrics/detection/fixed_threshold.h"

#include <algorithm>

#include "harness/base/error.h"
#include "metrics/statistics.h"

namespace sightline {

FixedThresholdEvaluator::FixedThresholdEvaluator(FixedThresholdParameters parameters,
                                                 std::size_t categories)
    : parameters_(parameters),
      matcher_(Matcher({&parameters.iou_threshold, 1}, std::vector<AreaRange>(1)),
               {.categories = categories,
                .use_categories = parameters.use_categories,
                .max_detections = parameters.max_detections}),
      counts_(parameters.use_categories ? categories : 1) {}

DetectionCounts FixedThresholdEvaluator::update(std::span<const GroundTruthBox> truths,
                                                std::span<const DetectedBox> detections,
                                                std::span<const std::uint32_t> not_exhaustive) {
  std::vector<DetectedBox> kept;
  std::copy_if(detections.begin(), detections.end(), std::back_inserter(kept),
               [&](const DetectedBox& box) { return box.score >= parameters_.score_threshold; });
  DetectionCounts image;
  const auto count = [&](const MatchedGroup& group) {
    DetectionCounts counts;
    for (const MatchOutcome& outcome : group.matches.outcomes) {
      counts.true_positives += outcome.true_positive != 0;
      counts.false_positives += outcome.false_positive != 0;
    }
    for (const Cells ignored : group.matches.ignored_truths) counts.truths += ignored == 0;
    for (const Match& match : group.matches.matches) {
      const MatchOutcome& outcome = group.matches.outcomes[match.detection];
      if (outcome.true_positive != 0) ious_.push_back(match.iou);
    }
    counts_[group.category] += counts;
    image += counts;
  };
  matcher_.match(traits_of(truths), traits_of(kept),
                 find_box_overlaps(truths, kept, matcher_.matcher().least_iou()), count,
                 not_exhaustive);
  return image;
}

void FixedThresholdEvaluator::merge(FixedThresholdEvaluator&& next) {
  require(parameters_ == next.parameters_ && counts_.size() == next.counts_.size(),
          "recall and precision of boxes: merging results of different parameters or numbers of "
          "categories ({} and {})",
          counts_.size(), next.counts_.size());
  for (std::size_t k = 0; k < counts_.size(); ++k) counts_[k] += next.counts_[k];
  ious_.insert(ious_.end(), next.ious_.begin(), next.ious_.end());
}

FixedThresholdResult FixedThresholdEvaluator::compute() const {
  return {fixed_threshold_means(counts_), mean(ious_), counts_};
}

}  // namespace sightline
