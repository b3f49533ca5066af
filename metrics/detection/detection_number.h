#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "metrics/detection/coco_result.h"
#include "metrics/detection/detection_counts.h"

namespace sightline {

/// One number of a detection evaluation: what it is a mean of.
struct DetectionNumber {
  enum class Kind {
    kAveragePrecision,  ///< `CocoResult::average_precision`
    kAverageRecall,     ///< `CocoResult::average_recall`
    // Those of `FixedThresholdMeans`, from the detections of at least
    // `CocoParameters::score_threshold`:
    kRecallMacro,
    kPrecisionMacro,
    kRecallMicro,
    kPrecisionMicro,
  };
  Kind kind = Kind::kAveragePrecision;
  /// What is averaged over. Numbers of `FixedThresholdMeans` are of one IoU threshold.
  CocoSelection part = {};
  std::string_view name = {};  ///< a literal: "AP50"

  bool is_average_precision() const { return kind == Kind::kAveragePrecision; }
  /// Whether it comes from `FixedThresholdMeans`, not from `CocoResult`.
  bool is_fixed() const { return kind != Kind::kAveragePrecision && kind != Kind::kAverageRecall; }
};

/// The number's value. The first wants an average, the second one that `is_fixed()`.
std::optional<double> value_of(const DetectionNumber& number, const CocoResult& result);
std::optional<double> value_of(const DetectionNumber& number, const FixedThresholdMeans& means);

/// The numbers that COCO's evaluation prints, in its order (pycocotools, `summarize`). Throws
/// `Error` unless areas and limits of detections are the default ones.
std::vector<DetectionNumber> coco_numbers(const CocoParameters& parameters = {});

/// "recall@0.5", "precision@0.5", "recall_micro@0.5", "precision_micro@0.5": all areas, at the
/// greatest limit of detections. Throws `Error` unless the first IoU threshold is 0.5.
std::vector<DetectionNumber> fixed_threshold_numbers(const CocoParameters& parameters = {});

/// The index of 0.5, 0.75, ...; the number of thresholds when it is not among them, so that
/// nothing is averaged.
std::size_t index_of_threshold(const CocoParameters& parameters, double iou_threshold);

}  // namespace sightline
