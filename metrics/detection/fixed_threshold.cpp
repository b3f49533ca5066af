#include "metrics/detection/fixed_threshold.h"

#include <algorithm>

#include "harness/base/error.h"
#include "metrics/statistics.h"

namespace sightline {

namespace {

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::optional<double> DetectionCounts::recall() const {
  return ratio(true_positives, truths);
}

std::optional<double> DetectionCounts::precision() const {
  return ratio(true_positives, true_positives + false_positives);
}

DetectionCounts& DetectionCounts::operator+=(const DetectionCounts& other) {
  true_positives += other.true_positives;
  false_positives += other.false_positives;
  truths += other.truths;
  return *this;
}

FixedThresholdEvaluator::FixedThresholdEvaluator(FixedThresholdParameters parameters,
                                                 std::size_t categories)
    : parameters_(parameters),
      matcher_(Matcher({&parameters.iou_threshold, 1}, std::vector<AreaRange>(1)),
               {.categories = categories,
                .use_categories = parameters.use_categories,
                .max_detections = parameters.max_detections}),
      counts_(parameters.use_categories ? categories : 1) {}

DetectionCounts FixedThresholdEvaluator::update(std::span<const GroundTruthBox> truths,
                                                std::span<const DetectedBox> detections) {
  std::vector<DetectedBox> kept;
  std::copy_if(detections.begin(), detections.end(), std::back_inserter(kept),
               [&](const DetectedBox& box) { return box.score >= parameters_.score_threshold; });
  DetectionCounts image;
  matcher_.match(traits_of(truths), traits_of(kept),
                 find_box_overlaps(truths, kept, matcher_.matcher().least_iou()),
                 [&](const MatchedGroup& group) {
                   DetectionCounts counts;
                   for (const MatchOutcome& outcome : group.matches.outcomes) {
                     counts.true_positives += outcome.true_positive != 0;
                     counts.false_positives += outcome.false_positive != 0;
                   }
                   for (const Cells ignored : group.matches.ignored_truths) {
                     counts.truths += ignored == 0;
                   }
                   for (const Match& match : group.matches.matches) {
                     const MatchOutcome& outcome = group.matches.outcomes[match.detection];
                     if (outcome.true_positive != 0) ious_.push_back(match.iou);
                   }
                   counts_[group.category] += counts;
                   image += counts;
                 });
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
  FixedThresholdResult result;
  result.categories = counts_;
  std::vector<double> recalls, precisions, detected;
  for (const DetectionCounts& counts : counts_) {
    result.total += counts;
    if (counts.truths == 0) continue;
    recalls.push_back(*counts.recall());
    const std::optional<double> precision = counts.precision();
    precisions.push_back(precision.value_or(0));
    if (precision) detected.push_back(*precision);
  }
  result.recall_macro = mean(recalls);
  result.precision_macro = mean(precisions);
  result.precision_macro_detected = mean(detected);
  result.recall_micro = result.total.recall();
  result.precision_micro = result.total.precision();
  if (!result.precision_micro && result.total.truths > 0) result.precision_micro = 0;
  result.mean_iou = mean(ious_);
  return result;
}

}  // namespace sightline
