#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace sightline {

/// Detections and ground truths that count (crowd regions and what is matched to them do not).
struct DetectionCounts {
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
  std::int64_t truths = 0;

  /// Found / there; no value without ground truth.
  std::optional<double> recall() const;
  /// Right / detected; no value without detections.
  std::optional<double> precision() const;

  DetectionCounts& operator+=(const DetectionCounts& other);
  bool operator==(const DetectionCounts&) const = default;
};

/// "Macro" is a mean over the categories with ground truth, "micro" pools all of them. Precisions
/// count a category, or a whole, with ground truth but without detections as 0. No value: no ground
/// truth.
struct FixedThresholdMeans {
  std::optional<double> recall_macro, precision_macro;
  std::optional<double> precision_macro_detected;  ///< over categories that have detections, too
  std::optional<double> recall_micro, precision_micro;
  DetectionCounts total;
};
FixedThresholdMeans fixed_threshold_means(std::span<const DetectionCounts> categories);

}  // namespace sightline
