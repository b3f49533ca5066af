#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/media/resize.h"

namespace sightline {

/// Fractional bits of a weight.
inline constexpr int kWeightBits = 22;

/// The weights by which one side of an image is resampled: result i is the sum over j < count[i]
/// of weights[i * taps + j] * source[start[i] + j].
template <typename Weight>
struct AxisWeightsOf {
  int taps = 0;  ///< the most weights of any result; rows of `weights` are padded with 0
  std::vector<int> start;
  std::vector<int> count;
  std::vector<Weight> weights;

  int size() const { return static_cast<int>(start.size()); }
  int first() const { return start.front(); }
  int end() const { return start.back() + count.back(); }
  const Weight* row(int i) const {
    return weights.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(taps);
  }
};
using AxisWeights = AxisWeightsOf<std::int32_t>;  ///< fixed point, kWeightBits
using ExactAxisWeights = AxisWeightsOf<double>;   ///< sum to 1

/// Weights for scaling the interval [low, high) of `length` source pixels to `size` pixels, in
/// double precision as Pillow computes them. `filter` is not kNearest.
ExactAxisWeights exact_axis_weights(int length, double low, double high, int size,
                                    ResizeFilter filter);

/// The same, rounded to fixed point as Pillow does for 8-bit images.
AxisWeights axis_weights(int length, double low, double high, int size, ResizeFilter filter);

}  // namespace sightline
