#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/base/segmentation.h"
#include "metrics/masks/mask.h"
#include "tasks/groundings.h"

namespace sightline {

/// The mask of a referred object, in the two ways in which the field makes it of several polygons.
struct ReferredMask {
  Mask all;   ///< pixels in any polygon
  Mask once;  ///< pixels in exactly one
};

/// Everything a task of referring segmentation has read.
struct ReferredMaskSet {
  std::shared_ptr<const GroundingSet> groundings;
  std::vector<std::shared_ptr<const ReferredMask>> truths;  ///< one an expression
};

/// Makes masks of the shapes of the expressions' objects (`Expression::object` is the key). Throws
/// `Error` naming the object: its image has no size, or its mask has another.
std::shared_ptr<const ReferredMaskSet> make_referred_masks(
    std::shared_ptr<const GroundingSet> groundings,
    const std::unordered_map<std::int64_t, Segmentation>& shapes);

/// A task of referring segmentation but for its protocol.
Task referring_mask_task(std::shared_ptr<const ReferredMaskSet> set);
/// Keys of its metrics.
std::vector<std::string> referring_mask_metrics();

}  // namespace sightline
