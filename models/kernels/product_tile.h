#pragma once

// The loops of a tile, for the instruction set of the file that includes this one. That file
// defines SIGHTLINE_TARGET (a function attribute), and its kinds of vectors and weights.
#ifndef SIGHTLINE_TARGET
#error "define SIGHTLINE_TARGET before this header"
#endif

#include <cstddef>

#include "models/kernels/product_kernels.h"

#define SIGHTLINE_TARGET_INLINE SIGHTLINE_TARGET __attribute__((always_inline)) inline

namespace sightline {
namespace {

/// `kPanels` panels with `kRows` rows, whose sums stay in registers.
///
/// `Vector` has Type, kLanes, zero(), load(), store(), broadcast() and add_product(); `Weights` has
/// kBytes, the bytes of an input's kPanel weights, and load(), which makes vectors of them.
template <typename Vector, typename Weights, std::size_t kRows, std::size_t kPanels, bool kFetch>
SIGHTLINE_TARGET void multiply_tile(const TileCall& call, std::size_t first_panel) {
  constexpr std::size_t kVectors = kPanel / Vector::kLanes;
  using Type = typename Vector::Type;
  const std::byte* weights = call.weights + first_panel * call.panel_bytes;
  float* sums = call.sums + first_panel * call.panel_floats;
  const std::size_t panel_bytes = call.panel_bytes;
  const std::byte* fetch = kFetch ? call.fetch + first_panel * call.panel_bytes : nullptr;
  const std::size_t fetch_step = call.fetch_step;
  Type sum[kPanels][kRows][kVectors];
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        const float* from = sums + p * call.panel_floats + r * kPanel + v * Vector::kLanes;
        sum[p][r][v] = call.go_on ? Vector::load(from) : Vector::zero();
      }
    }
  }
  const float* x = call.x;
  for (const float* end = x + call.depth * kRows; x != end;
       x += kRows, weights += Weights::kBytes) {
#pragma GCC unroll 4
    for (std::size_t p = 0; p < kPanels; ++p) {
      Type weight[kVectors];
      Weights::load(weights + p * panel_bytes, weight);
      if constexpr (kFetch) {
#pragma GCC unroll 2
        for (std::size_t line = 0; line < Weights::kBytes; line += 64) {
          __builtin_prefetch(fetch + p * panel_bytes + line, 0, 2);
        }
      }
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Type factor = Vector::broadcast(x + r);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < kVectors; ++v) {
          sum[p][r][v] = Vector::add_product(factor, weight[v], sum[p][r][v]);
        }
      }
    }
    if constexpr (kFetch) fetch += fetch_step;
  }
#pragma GCC unroll 4
  for (std::size_t p = 0; p < kPanels; ++p) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        Vector::store(sums + p * call.panel_floats + r * kPanel + v * Vector::kLanes, sum[p][r][v]);
      }
    }
  }
}

/// All panels of a call. Few rows have few sums, each of which waits for its last product: several
/// panels at once fill the time.
template <typename Vector, typename Weights, std::size_t kRows, std::size_t kAtOnce, bool kFetch>
SIGHTLINE_TARGET void multiply_all(const TileCall& call) {
  std::size_t panel = 0;
  for (; panel + kAtOnce <= call.panels; panel += kAtOnce) {
    multiply_tile<Vector, Weights, kRows, kAtOnce, kFetch>(call, panel);
  }
  if constexpr (kAtOnce > 1) {
    for (; panel < call.panels; ++panel) {
      multiply_tile<Vector, Weights, kRows, 1, kFetch>(call, panel);
    }
  }
}

template <typename Vector, typename Weights, std::size_t kRows, std::size_t kAtOnce>
SIGHTLINE_TARGET void multiply_rows(const TileCall& call) {
  if (call.fetch != nullptr) return multiply_all<Vector, Weights, kRows, kAtOnce, true>(call);
  multiply_all<Vector, Weights, kRows, kAtOnce, false>(call);
}

/// The weights of a call as float32: the same loads as a product's, for a product's later use.
template <typename Vector, typename Weights>
SIGHTLINE_TARGET void expand(const std::byte* weights, std::size_t depth, float* to) {
  constexpr std::size_t kVectors = kPanel / Vector::kLanes;
  for (std::size_t k = 0; k < depth; ++k, weights += Weights::kBytes, to += kPanel) {
    typename Vector::Type weight[kVectors];
    Weights::load(weights, weight);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) Vector::store(to + v * Vector::kLanes, weight[v]);
  }
}

}  // namespace
}  // namespace sightline
