#include "models/torch/inception_input.h"

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {
namespace {

template <typename AnyImage>
FloatImage resized(const AnyImage& image, InceptionInput input) {
  constexpr int kSide = kInceptionSide;
  switch (input) {
    case InceptionInput::kTf:
      return interpolate_bilinear(image, kSide, kSide, SourceGrid::kCorner);
    case InceptionInput::kClean:
      return resize_float(image, kSide, kSide, ResizeFilter::kBicubic);
    default:
      return interpolate_bilinear(image, kSide, kSide, SourceGrid::kHalfPixel);
  }
}

template <typename AnyImage>
void fill(const AnyImage& image, InceptionInput input, std::span<float> to) {
  const FloatImage pixels = resized(image, input);
  require(pixels.samples.size() == to.size(), "Inception's input has {} numbers, not {}",
          pixels.samples.size(), to.size());
  std::ranges::transform(pixels.samples, to.begin(), [input](float sample) {
    if (input == InceptionInput::kPytorchFid) return 2 * (sample / 255) - 1;
    return (std::clamp(sample, 0.0F, 255.0F) - 128) / 128;
  });
}

}  // namespace

void fill_inception_input(const Image& image, InceptionInput input, std::span<float> to) {
  fill(image, input, to);
}

void fill_inception_input(const FloatImage& image, InceptionInput input, std::span<float> to) {
  fill(image, input, to);
}

}  // namespace sightline
