#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "harness/base/parallel.h"
#include "models/kernels/quantise.h"

namespace sightline {

namespace {

constexpr std::size_t kBlock = 256;
constexpr std::size_t kGrain = 32;  // blocks worth a hand-over to another thread

/// Entry `index` of torch.linspace(0.1, 1, count) in float32: from the nearer end, fused.
float boundary(std::size_t index, std::size_t count) {
  const float step = (1.0F - 0.1F) / static_cast<float>(count - 1);
  if (index < count / 2) return std::fma(step, static_cast<float>(index), 0.1F);
  return std::fma(-step, static_cast<float>(count - 1 - index), 1.0F);
}

/// Midpoints of 1, 2, 4, ..., 64 intervals of [0.1, 1], times 10^-6, ..., 1, of both signs; 0; 1.
std::array<float, 256> make_dynamic_map() {
  std::array<float, 256> map = {0.0F, 1.0F};
  std::size_t filled = 2;
  for (int exponent = 0; exponent < 7; ++exponent) {
    const std::size_t boundaries = (std::size_t{1} << exponent) + 1;
    const auto power = static_cast<float>(std::pow(10.0, exponent - 6));
    for (std::size_t i = 0; i + 1 < boundaries; ++i) {
      const float middle = (boundary(i, boundaries) + boundary(i + 1, boundaries)) / 2.0F;
      map[filled++] = middle * power;
      map[filled++] = -(middle * power);
    }
  }
  std::ranges::sort(map);
  return map;
}

/// bitsandbytes' search: halving steps from the middle, then the nearer of the last pivot and its
/// neighbour. For NaN every comparison is false, and the search ends at the left.
std::uint8_t nearest_code(std::span<const float, 256> map, float x) {
  std::size_t pivot = 127, above = 255, below = 0;
  for (std::size_t step = 64; step > 0; step /= 2) {
    if (x > map[pivot]) {
      below = pivot;
      pivot += step;
    } else {
      above = pivot;
      pivot -= step;
    }
  }
  const float value = map[pivot];
  if (x > value) {
    if (x > (map[above] + value) * 0.5F) pivot = above;
  } else if (x < (map[below] + value) * 0.5F) {
    pivot = below;
  }
  return static_cast<std::uint8_t>(pivot);
}

/// The sum as ATen has it for contiguous floats: vectors of 8 lanes, 4 vectors side by side, each
/// summed in a cascade of 4 levels whose widths are powers of two (after `multi_row_sum` and
/// `vectorized_inner_sum`); then vectors left over, the 4 vectors, numbers left over, the lanes.
class CascadeSum {
 public:
  float operator()(std::span<const float> x) {
    const std::size_t vectors = x.size() / kLanes, groups = vectors / kVectors;
    sum_groups(x.data(), groups);
    Vector& total = levels_[0][0];
    for (std::size_t v = groups * kVectors; v < vectors; ++v) add(total, x.data() + v * kLanes);
    for (std::size_t v = 1; v < kVectors; ++v) add(total, levels_[0][v].data());
    float sum = 0;
    for (std::size_t i = vectors * kLanes; i < x.size(); ++i) sum += x[i];
    for (const float lane : total) sum += lane;
    return sum;
  }

 private:
  static constexpr std::size_t kLanes = 8, kVectors = 4, kLevels = 4;
  using Vector = std::array<float, kLanes>;

  static void add(Vector& to, const float* x) {
    for (std::size_t i = 0; i < kLanes; ++i) to[i] += x[i];
  }

  void add_group(const float* x) {
    for (std::size_t v = 0; v < kVectors; ++v) add(levels_[0][v], x + v * kLanes);
  }

  /// Adds level `from` to the one above and empties it.
  void carry(std::size_t from) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      add(levels_[from + 1][v], levels_[from][v].data());
      levels_[from][v] = {};
    }
  }

  void sum_groups(const float* x, std::size_t groups) {
    const std::size_t log2 = groups <= 2 ? 1 : static_cast<std::size_t>(std::bit_width(groups - 1));
    const std::size_t power = std::max<std::size_t>(4, log2 / kLevels);
    const std::size_t mask = (std::size_t{1} << power) - 1;
    const std::size_t whole = groups & ~mask;
    for (std::size_t i = 0; i < whole;) {
      add_group(x + i * kVectors * kLanes);
      if ((++i & mask) != 0) continue;
      for (std::size_t level = 1; level < kLevels; ++level) {
        carry(level - 1);
        if ((i & (mask << (level * power))) != 0) break;
      }
    }
    for (std::size_t i = whole; i < groups; ++i) add_group(x + i * kVectors * kLanes);
    for (std::size_t level = 1; level < kLevels; ++level) {
      for (std::size_t v = 0; v < kVectors; ++v) add(levels_[0][v], levels_[level][v].data());
    }
  }

  std::array<std::array<Vector, kVectors>, kLevels> levels_ = {};
};

}  // namespace

std::span<const float, 256> dynamic_map() {
  static const std::array<float, 256> map = make_dynamic_map();
  return map;
}

QuantisedScales quantise_scales(std::span<const float> absmax) {
  QuantisedScales result;
  if (absmax.empty()) return result;
  result.offset = CascadeSum()(absmax) / static_cast<float>(absmax.size());
  result.codes.resize(absmax.size());
  result.absmax.resize((absmax.size() + kBlock - 1) / kBlock);
  parallel_for(result.absmax.size(), kGrain, [&](std::size_t first, std::size_t last) {
    for (std::size_t block = first; block < last; ++block) {
      const std::size_t begin = block * kBlock, end = std::min(begin + kBlock, absmax.size());
      float largest = 0;
      for (std::size_t i = begin; i < end; ++i) {
        largest = std::max(largest, std::abs(absmax[i] - result.offset));
      }
      result.absmax[block] = largest;
      const float reciprocal = 1.0F / largest;
      for (std::size_t i = begin; i < end; ++i) {
        result.codes[i] = nearest_code(dynamic_map(), (absmax[i] - result.offset) * reciprocal);
      }
    }
  });
  return result;
}

std::vector<float> dequantise(const QuantisedScales& scales) {
  std::vector<float> absmax(scales.codes.size());
  for (std::size_t i = 0; i < absmax.size(); ++i) {
    absmax[i] = dynamic_map()[scales.codes[i]] * scales.absmax[i / kBlock] + scales.offset;
  }
  return absmax;
}

}  // namespace sightline
