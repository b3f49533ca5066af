#include "models/processors/processor_config.h"

namespace sightline {
namespace {

constexpr std::array<double, 3> kHalves{0.5, 0.5, 0.5};

std::vector<FrameSize> squares_of_384() {
  std::vector<FrameSize> sizes;
  for (int rows = 1; rows <= 6; ++rows) {
    for (int columns = 1; columns <= 6; ++columns) sizes.push_back({columns * 384, rows * 384});
  }
  return sizes;
}

}  // namespace

ProcessorConfig default_processor_config(ProcessorKind kind, bool video) {
  ProcessorConfig config;
  config.kind = kind;
  config.scaling.mean = kClipMean;
  config.scaling.std = kClipStd;
  switch (kind) {
    case ProcessorKind::kSiglip:
      config.size = {224, 224};
      config.scaling.mean = config.scaling.std = kHalves;
      break;
    case ProcessorKind::kClip:
      config.shortest_edge = 224;
      config.do_center_crop = true;
      config.crop_size = {224, 224};
      break;
    case ProcessorKind::kLlavaOnevision:
      config.size = {384, 384};
      config.pinpoints = squares_of_384();
      break;
    case ProcessorKind::kQwen2Vl:
      config.min_pixels = video ? 128L * 28 * 28 : 56L * 56;
      config.max_pixels = video ? 768L * 28 * 28 : 1280L * 28 * 28;
      break;
  }
  return config;
}

ProcessorConfig minimind_v_config(int side) {
  ProcessorConfig config = default_processor_config(ProcessorKind::kSiglip);
  config.size = {side, side};
  config.resample = ResizeFilter::kBilinear;
  return config;
}

ProcessorConfig minimind_v_legacy_config(int side) {
  ProcessorConfig config = default_processor_config(ProcessorKind::kClip);
  config.shortest_edge = side;
  config.crop_size = {side, side};
  return config;
}

}  // namespace sightline
