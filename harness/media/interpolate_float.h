#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sightline {

/// Size of a stack of planes of floats: [planes, height, width], row-major.
struct PlaneShape {
  std::size_t planes = 0;
  std::size_t height = 0;
  std::size_t width = 0;

  std::size_t count() const { return planes * height * width; }
  bool operator==(const PlaneShape&) const = default;
};

/// How PyTorch's `interpolate(align_corners=False)` without antialiasing fills a plane.
enum class Interpolation {
  kBilinear,  ///< of the 2 x 2 nearest; positions before the first sample count as the first
  kBicubic,   ///< of the 4 x 4 nearest, a = -0.75; samples at the border are repeated
};

/// Each plane scaled to `height` x `width`. Result i of a side lies at (i + 0.5) * in / out - 0.5;
/// positions, weights and sums are float32 as in PyTorch, whose order of sums depends on the
/// processor: results differ from it by up to 1e-6 of the largest sample. Throws `Error` for sizes
/// without samples or values that do not fit the shape.
std::vector<float> interpolate_planes(std::span<const float> values, const PlaneShape& shape,
                                      std::size_t height, std::size_t width,
                                      Interpolation interpolation);

}  // namespace sightline
