#include "models/torch/lpips_trunk.h"

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {
namespace {

std::vector<TrunkLayer> alex() {
  return {{0, 3, 64, 11, 4, 2, 0, true},
          {3, 64, 192, 5, 1, 2, 3, true},
          {6, 192, 384, 3, 1, 1, 3, true},
          {8, 384, 256, 3, 1, 1, 0, true},
          {10, 256, 256, 3, 1, 1, 0, true}};
}

std::vector<TrunkLayer> vgg() {
  struct Stage {
    std::int64_t channels;
    int convolutions;
  };
  std::vector<TrunkLayer> layers;
  std::int64_t in = 3;
  int index = 0;
  for (const Stage& stage : {Stage{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}) {
    for (int i = 0; i < stage.convolutions; ++i) {
      const bool pooled = i == 0 && in != 3;
      if (pooled) ++index;
      layers.push_back({.index = index,
                        .in = in,
                        .out = stage.channels,
                        .pool = pooled ? 2 : 0,
                        .compared = i + 1 == stage.convolutions});
      in = stage.channels;
      index += 2;  // the convolution and its ReLU
    }
  }
  return layers;
}

bool leaves_pixels(const std::vector<TrunkLayer>& trunk, std::int64_t side) {
  return std::ranges::all_of(trunk, [&](const TrunkLayer& layer) {
    if (layer.pool > 0 && side < layer.pool) return false;
    if (layer.pool > 0) side = (side - layer.pool) / 2 + 1;
    const std::int64_t padded = side + 2 * layer.padding;
    if (padded < layer.kernel) return false;
    side = (padded - layer.kernel) / layer.stride + 1;
    return true;
  });
}

}  // namespace

std::vector<TrunkLayer> lpips_trunk(const std::string& name) {
  if (name == "alex") return alex();
  if (name == "vgg") return vgg();
  throw UsageError(fmt::format("there is no LPIPS trunk '{}'; there are alex, vgg", name));
}

std::int64_t smallest_side(const std::vector<TrunkLayer>& trunk) {
  std::int64_t side = 1;
  while (!leaves_pixels(trunk, side)) ++side;
  return side;
}

}  // namespace sightline
