#pragma once

// The loops of a tile for 4-bit codes; to be included as product_tile.h is.
#include "models/kernels/product_tile.h"
#include "models/kernels/quantise.h"

namespace sightline {
namespace {

/// Weights of one panel, quad by quad, whose words are read once for all inputs of the quad.
///
/// `Codes` has Word, a vector of 32-bit words; load(); value(), the codebook's values of 4 bits of
/// each word; and choose(), by lanes one of two scales.
template <typename Vector, typename Codes, bool kPhases>
struct Nf4Reader {
  static constexpr std::size_t kVectors = kPanel / Vector::kLanes, kWords = kVectors / 2;
  using Type = typename Vector::Type;

  const std::byte* codes;  ///< of the quad
  const float* blocks;     ///< scales of the block
  const std::int32_t* phases;
  typename Codes::Word words[kWords];

  SIGHTLINE_TARGET_INLINE void load_quad() {
#pragma GCC unroll 4
    for (std::size_t w = 0; w < kWords; ++w) {
      words[w] = Codes::load(codes + w * Vector::kLanes * sizeof(float));
    }
    codes += kQuad * kPanel / 2;
  }

  /// Weights of input `i` of the quad, which is input `within` of the block.
  SIGHTLINE_TARGET_INLINE void weights(std::size_t i, std::size_t within, Type* to) const {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto shift = static_cast<unsigned>(8 * i + (v < kWords ? 0 : 4));
      Type scale = Vector::load(blocks + v * Vector::kLanes);
      if constexpr (kPhases) {
        const Type next = Vector::load(blocks + kPanel + v * Vector::kLanes);
        scale = Codes::choose(phases + v * Vector::kLanes,
                              static_cast<std::int32_t>(Nf4Blocks::kBlock - within), scale, next);
      }
      to[v] = Vector::multiply(Codes::value(words[v % kWords], shift), scale);
    }
  }
};

/// Inputs [call.begin, call.begin + call.depth) as float32.
template <typename Vector, typename Codes, bool kPhases>
SIGHTLINE_TARGET void expand_codes(const Nf4Call& call) {
  using Reader = Nf4Reader<Vector, Codes, kPhases>;
  Reader reader;
  reader.codes = call.codes + call.begin * kPanel / 2;
  reader.blocks = call.scales.blocks + call.begin / Nf4Blocks::kBlock * kPanel;
  reader.phases = call.scales.phases;
  float* to = call.weights;
  for (std::size_t k = 0; k < call.depth; k += kQuad) {
    reader.load_quad();
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kQuad; ++i, to += kPanel) {
      if (k + i == call.depth) return;
      typename Vector::Type weight[Reader::kVectors];
      reader.weights(i, k % Nf4Blocks::kBlock + i, weight);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Reader::kVectors; ++v) {
        Vector::store(to + v * Vector::kLanes, weight[v]);
      }
    }
    if ((k + kQuad) % Nf4Blocks::kBlock == 0) reader.blocks += kPanel;
  }
}

template <typename Vector, typename Codes>
SIGHTLINE_TARGET void expand_nf4(const Nf4Call& call) {
  if (call.scales.phases == nullptr) return expand_codes<Vector, Codes, false>(call);
  expand_codes<Vector, Codes, true>(call);
}

/// Adds the products with input `i` of the quad for kPanels panels and kRows rows.
template <typename Vector, typename Reader, std::size_t kRows, std::size_t kPanels>
SIGHTLINE_TARGET_INLINE void add_input(
    const Reader (&readers)[kPanels], std::size_t i, std::size_t within, const float* x,
    typename Vector::Type (&sum)[kPanels][kRows][Reader::kVectors]) {
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
    typename Vector::Type weight[Reader::kVectors];
    readers[p].weights(i, within, weight);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
      const typename Vector::Type factor = Vector::broadcast(x + r);
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Reader::kVectors; ++v) {
        sum[p][r][v] = Vector::add_product(factor, weight[v], sum[p][r][v]);
      }
    }
  }
}

template <typename Vector, typename Codes, bool kPhases, std::size_t kRows, std::size_t kPanels>
SIGHTLINE_TARGET void multiply_nf4_tile(const Nf4TileCall& call, std::size_t first_panel) {
  using Reader = Nf4Reader<Vector, Codes, kPhases>;
  Reader readers[kPanels];
  typename Vector::Type sum[kPanels][kRows][Reader::kVectors];
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
    const std::size_t panel = first_panel + p;
    readers[p].codes = call.codes + panel * call.panel_bytes;
    readers[p].blocks = call.scales.blocks + panel * call.panel_scales;
    readers[p].phases = kPhases ? call.scales.phases + panel * kPanel : nullptr;
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Reader::kVectors; ++v) sum[p][r][v] = Vector::zero();
    }
  }
  const float* x = call.x;
  for (std::size_t k = 0; k < call.depth; k += kQuad) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < kPanels; ++p) {
      __builtin_prefetch(readers[p].codes + call.ahead);
      readers[p].load_quad();
    }
    const std::size_t inputs = call.depth - k < kQuad ? call.depth - k : kQuad;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kQuad; ++i, x += kRows) {
      if (i == inputs) break;
      add_input<Vector, Reader, kRows, kPanels>(readers, i, k % Nf4Blocks::kBlock + i, x, sum);
    }
    if ((k + kQuad) % Nf4Blocks::kBlock == 0) {
#pragma GCC unroll 4
      for (std::size_t p = 0; p < kPanels; ++p) readers[p].blocks += kPanel;
    }
  }
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
    float* sums = call.sums + (first_panel + p) * call.panel_floats;
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Reader::kVectors; ++v) {
        Vector::store(sums + r * kPanel + v * Vector::kLanes, sum[p][r][v]);
      }
    }
  }
}

template <typename Vector, typename Codes, bool kPhases, std::size_t kRows, std::size_t kAtOnce>
SIGHTLINE_TARGET void multiply_nf4_panels(const Nf4TileCall& call) {
  std::size_t panel = 0;
  for (; panel + kAtOnce <= call.panels; panel += kAtOnce) {
    multiply_nf4_tile<Vector, Codes, kPhases, kRows, kAtOnce>(call, panel);
  }
  if constexpr (kAtOnce > 1) {
    for (; panel < call.panels; ++panel) {
      multiply_nf4_tile<Vector, Codes, kPhases, kRows, 1>(call, panel);
    }
  }
}

template <typename Vector, typename Codes, std::size_t kRows, std::size_t kAtOnce>
SIGHTLINE_TARGET void multiply_nf4_rows(const Nf4TileCall& call) {
  if (call.scales.phases == nullptr) {
    return multiply_nf4_panels<Vector, Codes, false, kRows, kAtOnce>(call);
  }
  multiply_nf4_panels<Vector, Codes, true, kRows, 1>(call);
}

}  // namespace
}  // namespace sightline
