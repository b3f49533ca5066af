#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/detection/image_matcher.h"
#include "metrics/masks/mask.h"

namespace sightline {

/// Pixels that both masks cover, counted along their edges. Throws `Error` for masks of different
/// sizes.
std::uint32_t shared_pixels(const Mask& a, const Mask& b);

/// Overlap as COCO's evaluation takes it (pycocotools, `rleIou`): shared pixels over those of both,
/// for a crowd region over the detection's alone. 0 where nothing is shared. Throws `Error` for
/// masks of different sizes, for which pycocotools gives -1.
double mask_iou(const Mask& detection, const Mask& truth, bool crowd = false);

/// `mask_iou` of every detection with every ground truth: [detections, truths]. `crowd` is empty or
/// has one entry a truth; not 0 means crowd.
std::vector<double> mask_ious(std::span<const Mask> detections, std::span<const Mask> truths,
                              std::span<const std::uint8_t> crowd = {});

/// A ground truth's mask, for `find_mask_overlaps`.
struct GroundTruthMask {
  const Mask* mask = nullptr;
  bool crowd = false;
};

/// Overlaps of masks by `mask_iou` for `CocoEvaluator::update`, those below `least_iou` left out,
/// most of them by area and bounding box alone. Looks at the spans when called, so they must live
/// as long.
FindOverlaps find_mask_overlaps(std::span<const GroundTruthMask> truths,
                                std::span<const Mask> detections, double least_iou);

}  // namespace sightline
