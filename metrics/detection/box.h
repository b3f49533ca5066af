#pragma once

#include <cstdint>

#include "harness/base/box.h"

namespace sightline {

/// A box by two opposite corners, in pixels.
struct BoxCorners {
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

BoxCorners to_corners(const Box& box);

/// An annotated object.
struct GroundTruthBox {
  std::int64_t id = 0;         ///< of the annotation
  std::uint32_t category = 0;  ///< dense: position among the ascending category ids
  Box box;
  double area = 0;  ///< the annotation's own `area`, usually of its mask
  bool crowd = false;
};

/// A predicted box.
struct DetectedBox {
  std::uint32_t category = 0;  ///< as in `GroundTruthBox`
  Box box;
  double score = 0;
};

/// Intersection over union as referring-expression benchmarks take it: a pixel is a point (no 1 is
/// added to a side), sides are clamped at 0, and the result is 0 where the union is not positive.
/// In [0, 1] up to rounding.
double iou_xyxy(const BoxCorners& a, const BoxCorners& b);

/// `iou_xyxy` of the corners of both.
double box_iou(const Box& a, const Box& b);

/// Overlap as COCO's evaluation takes it (pycocotools, `bbIou`): areas are w * h. For a crowd
/// region the denominator is the detection's area alone, so a box inside the region has 1. 0 where
/// the boxes do not overlap.
double coco_box_iou(const Box& detection, const Box& truth, bool crowd);

}  // namespace sightline
