#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sightline {

/// One convolution (with bias and ReLU) of a trunk, and the maximum pooling before it.
struct TrunkLayer {
  int index = 0;  ///< its place among torchvision's `features`
  std::int64_t in = 0, out = 0;
  std::int64_t kernel = 3, stride = 1, padding = 1;
  std::int64_t pool = 0;  ///< side of the pooling window, moved by 2 pixels; 0: no pooling
  bool compared = false;  ///< LPIPS looks at its result
};

/// The convolutions of torchvision's AlexNet ("alex") or VGG16 ("vgg"). Throws `UsageError` for
/// another name.
std::vector<TrunkLayer> lpips_trunk(const std::string& name);

/// The smallest width and height that leaves every layer a pixel.
std::int64_t smallest_side(const std::vector<TrunkLayer>& trunk);

}  // namespace sightline
