#include <bit>
#include <cmath>
#include <cstring>

#include "harness/formats/number_conversion.h"
#include "models/kernels/product_kernels.h"

#define SIGHTLINE_TARGET
#include "models/kernels/product_tile.h"

namespace sightline {

namespace {

// Four lanes are what most architectures have; where products cannot be fused in hardware,
// std::fma is slow and as exact.
struct Vector {
  struct Type {
    float lanes[4];
  };
  static constexpr std::size_t kLanes = 4;
  static Type zero() { return {}; }
  static Type load(const float* from) { return {{from[0], from[1], from[2], from[3]}}; }
  static void store(float* to, const Type& value) { std::memcpy(to, value.lanes, sizeof value); }
  static Type broadcast(const float* from) { return {{*from, *from, *from, *from}}; }
  static Type add_product(const Type& a, const Type& b, Type sum) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      sum.lanes[i] = std::fma(a.lanes[i], b.lanes[i], sum.lanes[i]);
    }
    return sum;
  }
};
using Panel = Vector::Type[kPanel / Vector::kLanes];

struct F32Weights {
  static constexpr std::size_t kBytes = 4 * kPanel;
  static void load(const std::byte* from, Panel& to) { std::memcpy(to, from, kBytes); }
};

struct BF16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  static void load(const std::byte* from, Panel& to) {
    for (std::size_t j = 0; j < kPanel / 2; ++j) {
      std::uint16_t halves[2];
      std::memcpy(halves, from + 4 * j, sizeof halves);
      for (std::size_t upper = 0; upper < 2; ++upper) {
        const std::size_t output = j + upper * kPanel / 2;
        to[output / Vector::kLanes].lanes[output % Vector::kLanes] =
            std::bit_cast<float>(std::uint32_t{halves[upper]} << 16);
      }
    }
  }
};

struct F16Weights {
  static constexpr std::size_t kBytes = 2 * kPanel;
  static void load(const std::byte* from, Panel& to) {
    std::uint16_t halves[kPanel];
    std::memcpy(halves, from, sizeof halves);
    for (std::size_t o = 0; o < kPanel; ++o) {
      to[o / Vector::kLanes].lanes[o % Vector::kLanes] = float_of_half(halves[o]);
    }
  }
};

template <typename Weights>
void multiply(const TileCall& call) {
  if (call.rows == 1) return multiply_panels<Vector, Weights, 1, 1>(call);
  multiply_panels<Vector, Weights, 2, 1>(call);
}

constexpr ProductKernels kKernels = {.name = "generic",
                                     .tile_rows = 2,
                                     .multiply_f32 = multiply<F32Weights>,
                                     .multiply_bf16 = multiply<BF16Weights>,
                                     .multiply_f16 = multiply<F16Weights>};

}  // namespace

const ProductKernels* generic_kernels() {
  return &kKernels;
}

}  // namespace sightline
