#pragma once

#include "harness/media/image.h"

namespace sightline {

/// The filters that torchvision has for tensors with antialiasing.
enum class TensorFilter { kBilinear, kBicubic };

/// `image` scaled to `width` x `height`, bit for bit as
/// `torchvision.transforms.v2.functional.resize` with `antialias=True` on a uint8 tensor (PyTorch 2
/// on processors with AVX2): Pillow's windows and weights in fixed point of at most 16 bits, each
/// axis with as many fractional bits as its largest weight leaves; horizontal pass first. Mostly
/// within two levels of Pillow. Throws `Error` for a size without pixels or an empty image.
Image resize_torchvision(const Image& image, int width, int height, TensorFilter filter);

}  // namespace sightline
