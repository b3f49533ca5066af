#pragma once

#include <span>

#include "harness/base/segmentation.h"
#include "metrics/masks/mask.h"

namespace sightline {

/// The pixels of a polygon (x0, y0, x1, y1, ..., closed by itself), as COCO's mask API has them
/// (Lin et al. 2014, and pycocotools' `rleFrPoly`): corners are rounded to a grid five times finer,
/// an edge is a line of grid points, and a pixel is inside when its centre's grid column is crossed
/// above it an odd number of times.
///
/// Cost grows with the columns of the image that the edges cross, whatever their coordinates.
/// Throws `Error` as `check_polygon` does.
Mask polygon_mask(std::span<const double> polygon, int height, int width);

/// Throws `Error` unless the run lengths are those of an image of that size; polygons fit any.
void check_size(const Segmentation& segmentation, int height, int width);

/// The parts of a segmentation in an image of that size: a mask a polygon, or the one of its run
/// lengths. Throws `Error` as `check_size`, `polygon_mask` and `mask_from_counts` do.
std::vector<Mask> part_masks(const Segmentation& segmentation, int height, int width);

/// All parts as one (pycocotools' `annToRLE`).
Mask segmentation_mask(const Segmentation& segmentation, int height, int width);

}  // namespace sightline
