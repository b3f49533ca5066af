#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sightline {

/// Floats with a shape, row-major.
struct PixelTensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;

  bool operator==(const PixelTensor&) const = default;
};

/// A tensor of zeros.
inline PixelTensor zero_tensor(std::vector<std::size_t> shape) {
  std::size_t count = 1;
  for (const std::size_t side : shape) count *= side;
  return {std::move(shape), std::vector<float>(count)};
}

}  // namespace sightline
