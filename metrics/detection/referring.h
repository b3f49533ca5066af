#pragma once

#include "metrics/detection/box.h"

namespace sightline {

// Scores of one referring expression: a predicted box against the object it describes. Accuracy
// at a threshold t counts expressions with `iou_xyxy` of at least t (RefCOCO, Yu et al. 2016).

/// Whether the prediction's center lies in the ground truth, edges included (lmms-eval's
/// Center_ACC).
bool center_inside(const BoxCorners& prediction, const BoxCorners& truth);

/// IoU as lmms-eval's `bbox_rec` has it: areas are not clamped, so that a box with swapped corners
/// can give values that no clamped IoU has. 0 where lmms-eval would divide by zero.
double iou_xyxy_lmms(const BoxCorners& a, const BoxCorners& b);

}  // namespace sightline
