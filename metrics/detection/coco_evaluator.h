#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/coco_result.h"
#include "metrics/detection/detection_counts.h"
#include "metrics/detection/image_matcher.h"
#include "metrics/detection/precision_recall.h"

namespace sightline {

/// COCO's detection evaluation (Lin et al. 2014, and pycocotools as it is): average precision and
/// recall over IoU thresholds, sizes and limits of detections.
///
///   CocoEvaluator evaluator({}, 80);
///   for (image in ascending order of image id) evaluator.update(truths, detections);
///   for (const CocoStatistic& number : coco_statistics(evaluator.compute())) ...
///
/// Detections are matched as images come in; `compute` only sorts and counts. Memory: 32 bytes a
/// detection.
class CocoEvaluator {
 public:
  /// Category numbers are below `categories`. Throws `Error` for parameters without thresholds,
  /// areas or limits, with too many of them (`Matcher::kMaxCells`) or in descending order.
  CocoEvaluator(CocoParameters parameters, std::size_t categories);

  /// Adds one image. Images come in ascending order of their id, ground truths and detections in
  /// the order of their files: that order decides between equal scores and equal overlaps.
  ///
  /// As in pycocotools, a ground truth with id 0 is never found: what is matched to it is a false
  /// positive.
  ///
  /// Unmatched detections of a category in `not_exhaustive` (ascending) are ignored.
  ///
  /// Returns the image's own counts at the first IoU threshold, area and the greatest limit, of
  /// detections of at least `CocoParameters::score_threshold`. Throws `Error` for a category number
  /// that is too large; nothing is added then. Boxes with NaN or negative sides do no harm, but
  /// their overlaps mean nothing.
  DetectionCounts update(std::span<const GroundTruthBox> truths,
                         std::span<const DetectedBox> detections,
                         std::span<const std::uint32_t> not_exhaustive = {});

  /// The same for any shape.
  DetectionCounts update(std::span<const TruthTraits> truths,
                         std::span<const DetectionTraits> detections,
                         const FindOverlaps& find_overlaps,
                         std::span<const std::uint32_t> not_exhaustive = {});

  /// Adds the images that `next` has seen, which come after this one's. However the images are
  /// split, the result is the same to the last bit. Throws `Error` if parameters or categories
  /// differ.
  void merge(CocoEvaluator&& next);

  std::size_t images() const { return images_; }
  const CocoParameters& parameters() const { return parameters_; }
  /// What was matched, of each category (one if categories are not used).
  std::span<const CategoryMatches> matches() const { return matches_; }

  /// The curves of all images so far.
  CocoResult compute() const { return compute({}); }

  /// The same with image i (in the order in which they came) counted `image_weights[i]` times, as
  /// a bootstrap over images does. Throws `Error` unless there is a weight for every image.
  CocoResult compute(std::span<const std::uint32_t> image_weights) const;

 private:
  DetectionCounts add(const MatchedGroup& group, std::span<const DetectionTraits> detections);

  CocoParameters parameters_;
  std::size_t categories_;
  ImageMatcher matcher_;
  std::vector<CategoryMatches> matches_;  // per category; one if categories are not used
  std::uint32_t images_ = 0;
};

}  // namespace sightline
