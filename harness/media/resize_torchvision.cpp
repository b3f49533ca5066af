#include "harness/media/resize_torchvision.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "harness/base/error.h"
#include "harness/media/resize_passes.h"
#include "harness/media/resize_weights.h"

namespace sightline {
namespace {

struct TensorAxis {
  AxisWeights weights;
  int bits = 0;
};

// The largest precision at which every weight fits 16 bits with its sign.
int precision_for(double largest) {
  for (int bits = 0; bits < kWeightBits; ++bits) {
    if (static_cast<std::int64_t>(0.5 + largest * static_cast<double>(std::int64_t{2} << bits)) >=
        (1 << 15)) {
      return bits;
    }
  }
  return kWeightBits;
}

TensorAxis tensor_axis(int length, int size, TensorFilter filter) {
  ExactAxisWeights exact = exact_axis_weights(
      length, 0, length, size,
      filter == TensorFilter::kBicubic ? ResizeFilter::kBicubic : ResizeFilter::kBilinear);
  const double largest = *std::max_element(exact.weights.begin(), exact.weights.end());
  TensorAxis axis{{exact.taps, std::move(exact.start), std::move(exact.count), {}},
                  precision_for(largest)};
  axis.weights.weights.reserve(exact.weights.size());
  for (const double weight : exact.weights) {
    const double scaled = weight * (1 << axis.bits);
    axis.weights.weights.push_back(
        static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
  }
  return axis;
}

}  // namespace

Image resize_torchvision(const Image& image, int width, int height, TensorFilter filter) {
  require(image.width > 0 && image.height > 0, "cannot resize an image of {} x {} pixels",
          image.width, image.height);
  require(width > 0 && height > 0, "cannot resize to {} x {} pixels: both sides must be positive",
          width, height);
  if (width == image.width && height == image.height) return image;
  if (width == image.width) {
    const TensorAxis y = tensor_axis(image.height, height, filter);
    return vertical_pass(image, y.weights, y.bits, 0);
  }
  const TensorAxis x = tensor_axis(image.width, width, filter);
  if (height == image.height) return horizontal_pass(image, x.weights, x.bits, 0, height);
  const TensorAxis y = tensor_axis(image.height, height, filter);
  return horizontal_then_vertical(image, x.weights, y.weights, x.bits, y.bits);
}

}  // namespace sightline
