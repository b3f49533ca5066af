#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "harness/media/image.h"
#include "models/processors/anyres.h"
#include "models/processors/image_protocol.h"
#include "models/processors/pixel_tensor.h"
#include "models/processors/processor_config.h"

namespace sightline {

/// What the text needs to know of one image or video, to make room for it.
struct ImageLayout {
  FrameSize size;      ///< as given, in pixels
  int num_tokens = 0;  ///< placeholders it stands for; 0: the vision tower decides (CLIP)
  int tiles = 1;       ///< rows of `pixel_values`' second axis that are its own (LLaVA), or frames
  bool is_video = false;
  std::array<int, 3> grid_thw{};          ///< Qwen2-VL: patches along time, height, width
  std::optional<AnyresPlan> anyres = {};  ///< LLaVA-OneVision: only of an image alone

  bool operator==(const ImageLayout&) const = default;
};

struct ProcessedImages {
  /// SigLIP, CLIP: [images, 3, h, w]. LLaVA-OneVision: [images, tiles, 3, side, side], the image as
  /// a whole first, then its tiles row by row. Qwen2-VL: [patches of all images, 3 * t * p * p].
  PixelTensor pixel_values;
  std::vector<ImageLayout> images;
};

/// The images of one sample as transformers' image processors prepare them, bit for bit (for the
/// backend and the pass order of `protocol`). Grey and transparent images are RGB before, as
/// `decode_image` gives them. LLaVA-OneVision cuts an image into tiles only if it is alone; several
/// are set on squares of the mean colour, one tile each.
/// Throws `Error` for no images, images that the reference refuses or whose result would be
/// beyond reason, and images that end with different sizes where they share one tensor.
ProcessedImages process_images(std::span<const Image* const> images, const ProcessorConfig& config,
                               const ImageProtocol& protocol = {});

/// The same for the frames of one video, all of them, in order; `config` is that of the video
/// processor. LLaVA-OneVision: [1, frames, 3, side, side]. Qwen2-VL: frames go by
/// `temporal_patch_size`, the last one repeated if need be. `images` holds one entry.
/// Throws `Error` also for frames of different sizes and families without video.
ProcessedImages process_video(std::span<const Image* const> frames, const ProcessorConfig& config,
                              const ImageProtocol& protocol = {});

}  // namespace sightline
