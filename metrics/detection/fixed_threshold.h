#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/detection_counts.h"
#include "metrics/detection/image_matcher.h"

namespace sightline {

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

/// `FixedThresholdMeans`, and what they are made of.
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
