#include "metrics/detection/box.h"

#include <algorithm>

namespace sightline {

namespace {

double area(const BoxCorners& box) {
  return std::max(0.0, box.x2 - box.x1) * std::max(0.0, box.y2 - box.y1);
}

}  // namespace

BoxCorners to_corners(const Box& box) {
  return {box.x, box.y, box.x + box.w, box.y + box.h};
}

double iou_xyxy(const BoxCorners& a, const BoxCorners& b) {
  const double width = std::max(0.0, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const double height = std::max(0.0, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const double shared = width * height;
  // The order of these operations decides on which side of a threshold a box of exactly half the
  // other's area falls.
  const double all = area(a) + area(b) - shared;
  return all > 0 ? shared / all : 0;
}

double box_iou(const Box& a, const Box& b) {
  return iou_xyxy(to_corners(a), to_corners(b));
}

double coco_box_iou(const Box& detection, const Box& truth, bool crowd) {
  const double width =
      std::min(detection.x + detection.w, truth.x + truth.w) - std::max(detection.x, truth.x);
  if (!(width > 0)) return 0;
  const double height =
      std::min(detection.y + detection.h, truth.y + truth.h) - std::max(detection.y, truth.y);
  if (!(height > 0)) return 0;
  const double shared = width * height;
  const double own = detection.w * detection.h;
  return shared / (crowd ? own : own + truth.w * truth.h - shared);
}

}  // namespace sightline
