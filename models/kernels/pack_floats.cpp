#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/half_precision.h"
#include "models/kernels/packed_panels.h"

namespace sightline {

namespace {

/// Inputs that are converted and turned at once.
constexpr std::size_t kBlock = 64;
/// Bytes of weights worth a hand-over to another thread.
constexpr std::size_t kGrain = std::size_t{1} << 18;

/// Weights of a panel as they come, for up to kBlock inputs.
struct Block {
  std::size_t first_row = 0, begin = 0, inputs = 0;
  float weights[kPanel][kBlock];
};

void store_f32(const Block& block, std::byte* panel) {
  float turned[kPanel];
  for (std::size_t k = 0; k < block.inputs; ++k) {
    for (std::size_t o = 0; o < kPanel; ++o) turned[o] = block.weights[o][k];
    std::memcpy(panel + (block.begin + k) * sizeof turned, turned, sizeof turned);
  }
}

void store_bf16(const Block& block, std::byte* panel) {
  BFloat16 turned[kPanel];
  for (std::size_t k = 0; k < block.inputs; ++k) {
    for (std::size_t j = 0; j < kPanel / 2; ++j) {
      turned[2 * j] = round_to<BFloat16>(block.weights[j][k]);
      turned[2 * j + 1] = round_to<BFloat16>(block.weights[j + kPanel / 2][k]);
    }
    std::memcpy(panel + (block.begin + k) * sizeof turned, turned, sizeof turned);
  }
}

void store_f16(const Block& block, std::byte* panel) {
  std::uint16_t turned[kPanel];
  for (std::size_t k = 0; k < block.inputs; ++k) {
    for (std::size_t o = 0; o < kPanel; ++o) {
      const float weight = block.weights[o][k];
      turned[o] = half_of_float(weight);
      require((turned[o] & 0x7FFFU) != 0x7C00U || std::isinf(weight),
              "weight {} of output {} and input {} is too large for 16-bit floats (at most 65504); "
              "keep the weights as bf16 or f32",
              weight, block.first_row + o, block.begin + k);
    }
    std::memcpy(panel + (block.begin + k) * sizeof turned, turned, sizeof turned);
  }
}

void pack_panel(const StackedRows& source, PackedPanels& to, std::size_t panel) {
  const auto store = to.storage == Storage::kF32    ? store_f32
                     : to.storage == Storage::kBF16 ? store_bf16
                                                    : store_f16;
  Block block = {.first_row = panel * kPanel};
  const std::size_t rows = std::min(kPanel, to.rows - block.first_row);
  std::memset(block.weights, 0, sizeof block.weights);
  for (; block.begin < to.columns; block.begin += kBlock) {
    block.inputs = std::min(kBlock, to.columns - block.begin);
    for (std::size_t o = 0; o < rows; ++o) {
      const RowRange row = source.find(block.first_row + o, 1);
      source.read(row.part, row.first * to.columns + block.begin, {block.weights[o], block.inputs});
    }
    store(block, to.panel(panel));
  }
}

}  // namespace

void pack_floats(const StackedRows& source, PackedPanels& to) {
  parallel_for(to.panels(), kGrain / to.panel_bytes + 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) pack_panel(source, to, p);
  });
}

}  // namespace sightline
