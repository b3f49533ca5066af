#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The inner loops of `PackedMatrix`, one set for each instruction set. All sets give the same
/// bits: every sum runs over the inputs in ascending order, in one float32 accumulator, and every
/// product is fused into it.
namespace sightline {

/// Outputs side by side. A panel is [inputs][kPanel] weights, so that one pass over contiguous
/// memory serves kPanel outputs.
inline constexpr std::size_t kPanel = 32;

/// sums[p][r][o] = sum over k of x[k][r] * weight[p][k][o], for a few rows.
struct TileCall {
  const std::byte* weights = nullptr;  ///< of panel 0, from its first input of this call on
  std::size_t panel_bytes = 0;         ///< from one panel to the next
  std::size_t panels = 0;
  const float* x = nullptr;  ///< [depth, rows]
  std::size_t rows = 0;      ///< 1 to `tile_rows`
  std::size_t depth = 0;
  float* sums = nullptr;         ///< [panels][rows][kPanel]
  std::size_t panel_floats = 0;  ///< in `sums`, from one panel to the next
  bool go_on = false;            ///< start at what `sums` holds rather than at 0
};

struct ProductKernels {
  const char* name = nullptr;
  std::size_t tile_rows = 0;  ///< rows whose sums fit the registers
  void (*multiply_f32)(const TileCall& call) = nullptr;
  /// The 32-bit word j of an input holds output j in its lower and j + 16 in its upper half.
  void (*multiply_bf16)(const TileCall& call) = nullptr;
  void (*multiply_f16)(const TileCall& call) = nullptr;
};

/// The sets that this processor can run, the fastest first; the last needs nothing.
std::span<const ProductKernels* const> product_kernels();

/// By instruction set; null where the program was not built for it.
const ProductKernels* generic_kernels();
const ProductKernels* avx2_kernels();
const ProductKernels* avx512_kernels();

}  // namespace sightline
