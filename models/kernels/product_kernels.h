#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The inner loops of `PackedMatrix`, one set for each instruction set. All sets give the same
/// bits: every sum runs over the inputs in ascending order, in one float32 accumulator, and every
/// product is fused into it; sums of 8-bit codes are integers.
namespace sightline {

/// Outputs side by side. A panel is [inputs][kPanel] weights, so that one pass over contiguous
/// memory serves kPanel outputs.
inline constexpr std::size_t kPanel = 32;
/// Inputs side by side in panels of 8-bit and 4-bit codes, whose inputs are padded to a multiple.
inline constexpr std::size_t kQuad = 4;

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
  /// Weights that are needed soon and may have to come from memory: with each input, the next
  /// `fetch_step` bytes are asked for (behind each panel's weights, as far from them). Null: none.
  const std::byte* fetch = nullptr;
  std::size_t fetch_step = 0;
};

/// The same for 8-bit codes: weights [quads][kPanel][kQuad].
struct CodeTileCall {
  const std::byte* weights = nullptr;
  std::size_t panel_bytes = 0, panels = 0;
  const std::uint8_t* x = nullptr;  ///< [quads, rows, kQuad], codes plus `code_offset`
  std::size_t rows = 0;             ///< 1 to `tile_rows`
  std::size_t quads = 0;
  const std::int32_t* code_sums = nullptr;  ///< [panels][kPanel], over all inputs of each output
  std::int32_t* sums = nullptr;             ///< [panels][rows][kPanel]
  std::size_t panel_sums = 0;               ///< in `sums`, from one panel to the next
  std::ptrdiff_t ahead = 0;                 ///< bytes to weights that are needed soon
};

/// Scales of a panel of 4-bit codes: input k of output o has that of block
/// (k + phases[o]) / 64.
struct Nf4Scales {
  const float* blocks = nullptr;         ///< [blocks][kPanel]
  const std::int32_t* phases = nullptr;  ///< [kPanel], each below 64; null: all are 0
};
/// weights[k][o] = codebook value * scale for inputs [begin, begin + depth) of a panel.
/// Codes are [quads][16] words of 32 bits: word j holds, from its lowest 4 bits up, outputs j and
/// j + 16 of the quad's first input, then of its second, third and fourth.
struct Nf4Call {
  const std::byte* codes = nullptr;  ///< of the whole panel
  Nf4Scales scales;
  std::size_t begin = 0, depth = 0;  ///< `begin` is a multiple of 64
  float* weights = nullptr;          ///< [depth][kPanel]
};

/// As `TileCall`, for all inputs of 4-bit panels.
struct Nf4TileCall {
  const std::byte* codes = nullptr;  ///< of panel 0
  std::size_t panel_bytes = 0;
  Nf4Scales scales;              ///< of panel 0; phases of the panels lie one behind the other
  std::size_t panel_scales = 0;  ///< floats from the scales of one panel to those of the next
  std::size_t panels = 0;
  const float* x = nullptr;
  std::size_t rows = 0;
  std::size_t depth = 0;
  float* sums = nullptr;
  std::size_t panel_floats = 0;
  std::ptrdiff_t ahead = 0;  ///< bytes to codes that are needed soon
};

struct ProductKernels {
  const char* name = nullptr;
  std::size_t tile_rows = 0;  ///< rows whose sums fit the registers
  void (*multiply_f32)(const TileCall& call) = nullptr;
  /// The 32-bit word j of an input holds output j in its lower and j + 16 in its upper half.
  void (*multiply_bf16)(const TileCall& call) = nullptr;
  void (*multiply_f16)(const TileCall& call) = nullptr;
  void (*multiply_nf4)(const Nf4TileCall& call) = nullptr;
  /// Inputs of a panel as float32 [depth][kPanel]. Where these are set, they and `multiply_f32` are
  /// faster for several tiles than `multiply_bf16` and `multiply_f16`.
  void (*expand_bf16)(const std::byte* weights, std::size_t depth, float* to) = nullptr;
  void (*expand_f16)(const std::byte* weights, std::size_t depth, float* to) = nullptr;
  void (*expand_nf4)(const Nf4Call& call) = nullptr;
  std::uint8_t code_offset = 0;  ///< what `multiply_codes` wants added to the codes of inputs
  void (*multiply_codes)(const CodeTileCall& call) = nullptr;
};

/// The sets that this processor can run, the fastest first; the last needs nothing.
std::span<const ProductKernels* const> product_kernels();

/// By instruction set; null where the program was not built for it.
const ProductKernels* generic_kernels();
const ProductKernels* avx2_kernels();
const ProductKernels* avx512_kernels();       ///< without VNNI: codes as AVX2 has it
const ProductKernels* avx512_vnni_kernels();  ///< dot products of bytes in one instruction

}  // namespace sightline
