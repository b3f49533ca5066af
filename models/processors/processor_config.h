#pragma once

#include <array>
#include <vector>

#include "harness/media/image.h"
#include "harness/media/resize.h"

namespace sightline {

/// The families of transformers' image processors that are known.
enum class ProcessorKind {
  kSiglip,          ///< SigLIP, PaliGemma, MiniMind-V: one size whatever the aspect
  kClip,            ///< CLIP: shorter side to a size, then the middle
  kLlavaOnevision,  ///< tiles of the image at the best of several resolutions ("AnyRes")
  kQwen2Vl,         ///< Qwen2-VL, Qwen2.5-VL: patches of an image of about its own size
};

/// How 8-bit samples become floats: times `rescale_factor`, then (x - mean) / std by channel.
struct SampleScaling {
  bool do_rescale = true;
  double rescale_factor = 1.0 / 255;
  bool do_normalize = true;
  std::array<double, 3> mean{};
  std::array<double, 3> std{};

  bool operator==(const SampleScaling&) const = default;
};

/// What a checkpoint says of image processing, in transformers' terms.
struct ProcessorConfig {
  ProcessorKind kind = ProcessorKind::kSiglip;
  bool do_resize = true;
  FrameSize size;         ///< exact size in pixels; without sides where `shortest_edge` counts
  int shortest_edge = 0;  ///< the shorter side becomes this, the longer int(edge * long / short)
  ResizeFilter resample = ResizeFilter::kBicubic;
  bool do_center_crop = false;
  FrameSize crop_size;
  SampleScaling scaling;
  std::vector<FrameSize> pinpoints;  ///< kLlavaOnevision: the resolutions to choose from
  int max_tiles = 9;                 ///< kLlavaOnevision: N of "anyres_max_N"
  /// Image tokens of a tile or plain image; 0 where the files leave it to the vision tower's
  /// (image_size / patch_size)^2.
  int tokens_per_tile = 0;
  int patch_size = 14;          ///< kQwen2Vl
  int temporal_patch_size = 2;  ///< kQwen2Vl: frames a patch spans
  int merge_size = 2;           ///< kQwen2Vl: a token stands for merge_size^2 patches
  long min_pixels = 0;          ///< kQwen2Vl: bounds of the area after resizing
  long max_pixels = 0;

  bool operator==(const ProcessorConfig&) const = default;
};

/// What transformers' classes have where a file says nothing; `video`: its video processors.
ProcessorConfig default_processor_config(ProcessorKind kind, bool video = false);

/// MiniMind-V with SigLIP 2: `side` x `side` whatever the aspect, bilinear.
ProcessorConfig minimind_v_config(int side = 256);
/// MiniMind-V with CLIP: shorter side to `side`, bicubic, the middle square.
ProcessorConfig minimind_v_legacy_config(int side = 224);

/// The mean and standard deviation of CLIP's training images.
inline constexpr std::array<double, 3> kClipMean{0.48145466, 0.4578275, 0.40821073};
inline constexpr std::array<double, 3> kClipStd{0.26862954, 0.26130258, 0.27577711};

}  // namespace sightline
