#include "models/processors/qwen_patches.h"

#include <algorithm>
#include <cstddef>

#include "harness/base/error.h"

namespace sightline {
namespace {

// Writes one patch of one frame for all channels; planes of a channel are `channel_stride` apart.
void write_patch(const Image& frame, int left, int top, int side, const SampleTable& table,
                 std::size_t channel_stride, float* out) {
  for (int y = 0; y < side; ++y) {
    const std::uint8_t* from = frame.row(top + y) + 3 * static_cast<std::size_t>(left);
    for (int x = 0; x < side; ++x, from += 3, ++out) {
      out[0] = table[0][from[0]];
      out[channel_stride] = table[1][from[1]];
      out[2 * channel_stride] = table[2][from[2]];
    }
  }
}

// The patches of up to `temporal` frames: [h / merge, w / merge, merge, merge] rows from `out` on.
void write_slice(std::span<const Image> frames, const PatchSizes& sizes, const SampleTable& table,
                 float* out) {
  const auto area = static_cast<std::size_t>(sizes.patch) * static_cast<std::size_t>(sizes.patch);
  const std::size_t channel_stride = static_cast<std::size_t>(sizes.temporal) * area;
  const int square = sizes.patch * sizes.merge;
  for (int top = 0; top < frames[0].height; top += square) {
    for (int left = 0; left < frames[0].width; left += square) {
      for (int i = 0; i < sizes.merge * sizes.merge; ++i, out += 3 * channel_stride) {
        for (std::size_t t = 0; t < static_cast<std::size_t>(sizes.temporal); ++t) {
          write_patch(frames[std::min(t, frames.size() - 1)], left + i % sizes.merge * sizes.patch,
                      top + i / sizes.merge * sizes.patch, sizes.patch, table, channel_stride,
                      out + t * area);
        }
      }
    }
  }
}

}  // namespace

QwenPatches cut_patches(std::span<const Image> frames, const PatchSizes& sizes,
                        const SampleTable& table) {
  require(!frames.empty(), "there is no frame to cut into patches");
  const int square = sizes.patch * sizes.merge;
  for (const Image& frame : frames) {
    require(frame.width == frames[0].width && frame.height == frames[0].height,
            "a video has frames of {} x {} and of {} x {} pixels: all must have one size",
            frames[0].width, frames[0].height, frame.width, frame.height);
    require(frame.width > 0 && frame.height > 0 && frame.width % square == 0 &&
                frame.height % square == 0,
            "an image of {} x {} cannot be cut into squares of {} pixels (patch_size * "
            "merge_size); with do_resize it would be scaled to fit",
            frame.width, frame.height, square);
  }
  const auto temporal = static_cast<std::size_t>(sizes.temporal);
  const std::size_t slices = (frames.size() + temporal - 1) / temporal;
  QwenPatches patches;
  patches.grid_thw = {static_cast<int>(slices), frames[0].height / sizes.patch,
                      frames[0].width / sizes.patch};
  const auto rows_a_slice =
      static_cast<std::size_t>(patches.grid_thw[1]) * static_cast<std::size_t>(patches.grid_thw[2]);
  const std::size_t row =
      3 * temporal * static_cast<std::size_t>(sizes.patch) * static_cast<std::size_t>(sizes.patch);
  patches.rows = zero_tensor({slices * rows_a_slice, row});
  for (std::size_t slice = 0; slice < slices; ++slice) {
    const std::size_t first = slice * temporal;
    write_slice(frames.subspan(first, std::min(temporal, frames.size() - first)), sizes, table,
                patches.rows.values.data() + slice * rows_a_slice * row);
  }
  return patches;
}

}  // namespace sightline
