#include "metrics/detection/detection_number.h"

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {

using Kind = DetectionNumber::Kind;

std::optional<double> value_of(const DetectionNumber& number, const CocoResult& result) {
  return number.is_average_precision() ? result.average_precision(number.part)
                                       : result.average_recall(number.part);
}

std::optional<double> value_of(const DetectionNumber& number, const FixedThresholdMeans& means) {
  switch (number.kind) {
    case Kind::kRecallMacro:
      return means.recall_macro;
    case Kind::kPrecisionMacro:
      return means.precision_macro;
    case Kind::kRecallMicro:
      return means.recall_micro;
    default:
      return means.precision_micro;
  }
}

std::size_t index_of_threshold(const CocoParameters& parameters, double iou_threshold) {
  const std::vector<double>& all = parameters.iou_thresholds;
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), iou_threshold) - all.begin());
}

std::vector<DetectionNumber> coco_numbers(const CocoParameters& parameters) {
  const CocoParameters standard;
  require(
      parameters.areas == standard.areas && parameters.max_detections == standard.max_detections,
      "COCO's twelve numbers want COCO's area ranges and 1, 10 and 100 detections");
  const std::size_t half = index_of_threshold(parameters, 0.5);
  const std::size_t three_quarters = index_of_threshold(parameters, 0.75);
  constexpr Kind kPrecision = Kind::kAveragePrecision;
  constexpr Kind kRecall = Kind::kAverageRecall;
  return {{kPrecision, {.max_detections = 2}, "AP"},
          {kPrecision, {.iou_threshold = half, .max_detections = 2}, "AP50"},
          {kPrecision, {.iou_threshold = three_quarters, .max_detections = 2}, "AP75"},
          {kPrecision, {.area = 1, .max_detections = 2}, "APs"},
          {kPrecision, {.area = 2, .max_detections = 2}, "APm"},
          {kPrecision, {.area = 3, .max_detections = 2}, "APl"},
          {kRecall, {.max_detections = 0}, "AR@1"},
          {kRecall, {.max_detections = 1}, "AR@10"},
          {kRecall, {.max_detections = 2}, "AR@100"},
          {kRecall, {.area = 1, .max_detections = 2}, "ARs"},
          {kRecall, {.area = 2, .max_detections = 2}, "ARm"},
          {kRecall, {.area = 3, .max_detections = 2}, "ARl"}};
}

std::vector<DetectionNumber> fixed_threshold_numbers(const CocoParameters& parameters) {
  require(index_of_threshold(parameters, 0.5) == 0,
          "recall and precision at 0.5 want 0.5 as the first IoU threshold");
  const std::size_t last = parameters.max_detections.size() - 1;
  return {
      {Kind::kRecallMacro, {.iou_threshold = 0, .max_detections = last}, "recall@0.5"},
      {Kind::kPrecisionMacro, {.iou_threshold = 0, .max_detections = last}, "precision@0.5"},
      {Kind::kRecallMicro, {.iou_threshold = 0, .max_detections = last}, "recall_micro@0.5"},
      {Kind::kPrecisionMicro, {.iou_threshold = 0, .max_detections = last}, "precision_micro@0.5"}};
}

}  // namespace sightline
