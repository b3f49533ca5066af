#include "metrics/detection/detection_counts.h"

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

}  // namespace sightline
