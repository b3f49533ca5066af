#pragma once

#include <span>

#include "harness/media/image.h"

/// LLaVA-OneVision's "AnyRes" (transformers, models/llava_onevision and image_processing_utils):
/// an image is shown whole and, scaled to the best of some resolutions, in tiles.
namespace sightline {

/// The resolution that keeps most of the image's pixels, of those the one that wastes least; the
/// first of equals. Throws `Error` without resolutions.
FrameSize choose_resolution(FrameSize image, std::span<const FrameSize> resolutions);

/// The largest size of the image's aspect within `resolution`, rounded up.
FrameSize fit_within(FrameSize image, FrameSize resolution);

/// What becomes of the features of an image's tiles, seen as one map of tile_grid.height * g rows
/// and tile_grid.width * g columns for g x g features a tile.
struct AnyresPlan {
  FrameSize resolution;       ///< in pixels
  FrameSize tile_grid;        ///< tiles beside and above each other
  int features_per_side = 0;  ///< g
  int first_column = 0;       ///< the map without the margins that padding left: from here ...
  int first_row = 0;
  FrameSize kept;      ///< ... so many columns and rows (0 for an image like a thread)
  FrameSize features;  ///< scaled to this, bilinear; `kept` where the map is small enough

  /// g^2 of the whole image, `features`, and a newline for each of their rows.
  int tokens() const {
    return features_per_side * features_per_side + features.height * (features.width + 1);
  }
  bool operator==(const AnyresPlan&) const = default;
};

/// Plans for an image of `image` pixels at `resolution`, in tiles of `tile_side` pixels with
/// `features_per_side`^2 features; maps much larger than `max_tiles` tiles are scaled down.
AnyresPlan plan_anyres(FrameSize image, FrameSize resolution, int tile_side, int features_per_side,
                       int max_tiles);

}  // namespace sightline
