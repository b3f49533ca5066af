#pragma once

#include <array>
#include <span>

#include "models/processors/pixel_tensor.h"
#include "models/processors/sample_table.h"

namespace sightline {

/// Sizes of Qwen2-VL's patches in pixels, frames and patches.
struct PatchSizes {
  int patch = 14;
  int temporal = 2;
  int merge = 2;
};

struct QwenPatches {
  PixelTensor rows;               ///< [t * h * w, 3 * temporal * patch * patch]
  std::array<int, 3> grid_thw{};  ///< patches along time, height and width
};

/// Cuts frames of one size, whose sides are multiples of patch * merge, into patches. Rows are
/// ordered by time, then by squares of merge x merge patches, so that those that become one token
/// follow each other; a row is [channel, frame, y, x]. The last frame is repeated where their
/// number is no multiple of `temporal`. Throws `Error` for sides that are no multiples.
QwenPatches cut_patches(std::span<const Image> frames, const PatchSizes& sizes,
                        const SampleTable& table);

}  // namespace sightline
