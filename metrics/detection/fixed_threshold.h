#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/image_matcher.h"

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

struct FixedThresholdParameters {
  double iou_threshold = 0.5;
  /// Detections with a lower score are dropped.
  double score_threshold = 0;
  /// Of each image and category (pycocotools' limit), the best this many.
  std::size_t max_detections = 100;
  /// False: class-agnostic, all categories are one.
  bool use_categories = true;

  bool operator==(const FixedThresholdParameters&) const = default;
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

struct FixedThresholdResult : FixedThresholdMeans {
  std::optional<double> mean_iou;           ///< of true positives
  std::vector<DetectionCounts> categories;  ///< one if categories are not used
};

/// Recall and precision of boxes at one IoU and one score threshold, as reports on detecting
/// language models give them (ChatRex, Jiang et al. 2024): matched as pycocotools matches, per
/// class, then averaged over classes.
class FixedThresholdEvaluator {
 public:
  /// Category numbers are below `categories`.
  FixedThresholdEvaluator(FixedThresholdParameters parameters, std::size_t categories);

  /// Adds one image and returns its own counts over all categories. Order of the spans,
  /// `not_exhaustive` and errors as with `CocoEvaluator::update`; images come in any order.
  DetectionCounts update(std::span<const GroundTruthBox> truths,
                         std::span<const DetectedBox> detections,
                         std::span<const std::uint32_t> not_exhaustive = {});

  /// Adds the images that `next` has seen. Throws `Error` if parameters or categories differ.
  void merge(FixedThresholdEvaluator&& next);

  FixedThresholdResult compute() const;

 private:
  FixedThresholdParameters parameters_;
  ImageMatcher matcher_;
  std::vector<DetectionCounts> counts_;  // per category; one if categories are not used
  std::vector<double> ious_;             // of true positives, in order
};

}  // namespace sightline
