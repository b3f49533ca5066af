#include "metrics/detection/referring.h"

#include <algorithm>

namespace sightline {

bool center_inside(const BoxCorners& prediction, const BoxCorners& truth) {
  const double x = (prediction.x1 + prediction.x2) / 2;
  const double y = (prediction.y1 + prediction.y2) / 2;
  return truth.x1 <= x && x <= truth.x2 && truth.y1 <= y && y <= truth.y2;
}

double iou_xyxy_lmms(const BoxCorners& a, const BoxCorners& b) {
  const double width = std::max(0.0, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const double height = std::max(0.0, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const double shared = width * height;
  const double all = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared;
  return all == 0 ? 0 : shared / all;
}

}  // namespace sightline
