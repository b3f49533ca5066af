#include "models/adapters/baseline.h"
#include "models/adapters/codec.h"

// kind=jpeg and kind=webp: the model `codec` under its older name.

namespace sightline {

std::vector<BaselineKind> reconstruction_baselines() {
  return {{"jpeg", Kind::kReconstruct, "JPEG of quality= (1 to 100, default 75)",
           [](ModelArgs& args, ModelInfo& info) { return make_codec("jpeg", args, info); }},
          {"webp", Kind::kReconstruct, "lossy WebP of quality= (0 to 100, default 75)",
           [](ModelArgs& args, ModelInfo& info) { return make_codec("webp", args, info); }}};
}

}  // namespace sightline
