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

/// A mean whose values come one by one.
struct RunningMean {
  double sum = 0;
  std::int64_t count = 0;

  void add(double value) {
    sum += value;
    ++count;
  }
  std::optional<double> value() const {
    if (count == 0) return std::nullopt;
    return sum / static_cast<double>(count);
  }
};

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

FixedThresholdMeans fixed_threshold_means(std::span<const DetectionCounts> categories) {
  FixedThresholdMeans means;
  RunningMean recalls, precisions, detected;
  for (const DetectionCounts& counts : categories) {
    means.total += counts;
    if (counts.truths == 0) continue;
    recalls.add(*counts.recall());
    const std::optional<double> precision = counts.precision();
    precisions.add(precision.value_or(0));
    if (precision) detected.add(*precision);
  }
  means.recall_macro = recalls.value();
  means.precision_macro = precisions.value();
  means.precision_macro_detected = detected.value();
  means.recall_micro = means.total.recall();
  means.precision_micro = means.total.precision();
  if (!means.precision_micro && means.total.truths > 0) means.precision_micro = 0;
  return means;
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
