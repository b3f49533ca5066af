#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/detection_number.h"

// LVIS' evaluation (Gupta, Dollar and Girshick, CVPR 2019, and lvis-api as it is). Of each image
// only some categories were looked for: those of its objects, and those known to be absent. Of some
// of them not every object is annotated.
//
//   CocoEvaluator evaluator(lvis_parameters(), categories);
//   for (image in ascending order of image id)
//     evaluator.update(truths, lvis_detections(truths, detections, negative), not_exhaustive);
//   const CocoResult result = evaluator.compute();
//   for (const DetectionNumber& number : lvis_numbers(frequencies)) value_of(number, result) ...
//
// No ground truth is a crowd.

namespace sightline {

/// In how many training images a category occurs: at most 10, at most 100, more.
enum class LvisFrequency : std::uint8_t { kRare, kCommon, kFrequent };

/// COCO's thresholds and areas, and one limit: 300 detections.
CocoParameters lvis_parameters();

/// The detections of an image that are evaluated: the 300 best over all categories, of equal ones
/// the first, less those of a category that is neither among `truths` nor in `negative`
/// (ascending). In the order of the file, or, if there were more than 300, of the scores.
std::vector<DetectedBox> lvis_detections(std::span<const GroundTruthBox> truths,
                                         std::span<const DetectedBox> detections,
                                         std::span<const std::uint32_t> negative);

/// The numbers that lvis-api prints, in its order: "AP", "AP50", "AP75", "APs", "APm", "APl",
/// "APr", "APc", "APf", "AR@300", "ARs@300", "ARm@300", "ARl@300". `frequencies` has one for each
/// category.
std::vector<DetectionNumber> lvis_numbers(std::span<const LvisFrequency> frequencies);

/// The categories of one frequency, ascending.
std::vector<std::size_t> categories_of(LvisFrequency frequency,
                                       std::span<const LvisFrequency> frequencies);

}  // namespace sightline
