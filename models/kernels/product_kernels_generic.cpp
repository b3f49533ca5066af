#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "harness/formats/number_conversion.h"
#include "models/kernels/product_kernels.h"

#define SIGHTLINE_TARGET
#include "models/kernels/nf4_tile.h"

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
  static Type multiply(Type a, const Type& b) {
    for (std::size_t i = 0; i < kLanes; ++i) a.lanes[i] *= b.lanes[i];
    return a;
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

struct Nf4Codes {
  struct Word {
    std::uint8_t bytes[4 * kQuad];
  };
  static Word load(const std::byte* from) {
    Word words;
    std::memcpy(words.bytes, from, sizeof words);
    return words;
  }
  static Vector::Type value(const Word& words, unsigned shift) {
    Vector::Type values;
    for (std::size_t i = 0; i < Vector::kLanes; ++i) {
      const int byte = words.bytes[kQuad * i + shift / 8];
      values.lanes[i] = kNf4Codebook[(byte >> shift % 8) & 15];
    }
    return values;
  }
  /// `next` where the phase has come to the end of the block.
  static Vector::Type choose(const std::int32_t* phases, std::int32_t end, Vector::Type scale,
                             const Vector::Type& next) {
    for (std::size_t i = 0; i < Vector::kLanes; ++i) {
      if (phases[i] >= end) scale.lanes[i] = next.lanes[i];
    }
    return scale;
  }
};

void multiply_codes(const CodeTileCall& call) {
  for (std::size_t p = 0; p < call.panels; ++p) {
    const std::byte* weights = call.weights + p * call.panel_bytes;
    std::int32_t* sums = call.sums + p * call.panel_sums;
    std::fill_n(sums, call.rows * kPanel, 0);
    const std::uint8_t* x = call.x;
    for (std::size_t q = 0; q < call.quads; ++q, weights += kPanel * kQuad) {
      for (std::size_t r = 0; r < call.rows; ++r, x += kQuad) {
        for (std::size_t o = 0; o < kPanel; ++o) {
          for (std::size_t i = 0; i < kQuad; ++i) {
            sums[r * kPanel + o] +=
                static_cast<std::int8_t>(x[i]) * static_cast<std::int8_t>(weights[o * kQuad + i]);
          }
        }
      }
    }
  }
}

void multiply_nf4(const Nf4TileCall& call) {
  if (call.rows == 1) return multiply_nf4_rows<Vector, Nf4Codes, 1, 1>(call);
  multiply_nf4_rows<Vector, Nf4Codes, 2, 1>(call);
}

template <typename Weights>
void multiply(const TileCall& call) {
  if (call.rows == 1) return multiply_rows<Vector, Weights, 1, 1>(call);
  multiply_rows<Vector, Weights, 2, 1>(call);
}

constexpr ProductKernels kKernels = {.name = "generic",
                                     .tile_rows = 2,
                                     .multiply_f32 = multiply<F32Weights>,
                                     .multiply_bf16 = multiply<BF16Weights>,
                                     .multiply_f16 = multiply<F16Weights>,
                                     .multiply_nf4 = multiply_nf4,
                                     .expand_bf16 = expand<Vector, BF16Weights>,
                                     .expand_f16 = expand<Vector, F16Weights>,
                                     .expand_nf4 = expand_nf4<Vector, Nf4Codes>,
                                     .multiply_codes = multiply_codes};

}  // namespace

const ProductKernels* generic_kernels() {
  return &kKernels;
}

}  // namespace sightline
