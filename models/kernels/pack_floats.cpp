#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/half_precision.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/turn_words.h"

namespace sightline {

namespace {

/// Inputs that are converted and turned at once.
constexpr std::size_t kBlock = 64;
/// Bytes of weights worth a hand-over to another thread.
constexpr std::size_t kGrain = std::size_t{1} << 18;

/// Some inputs of one row.
struct RowPart {
  std::size_t row = 0, begin = 0, inputs = 0;
};

void read_floats(const StackedRows& source, const RowPart& part, float* to) {
  const RowRange row = source.find(part.row, 1);
  source.read(row.part, row.first * source.columns() + part.begin, {to, part.inputs});
}

void round_to_bf16(const float* weights, const RowPart& part, std::uint16_t* to) {
  for (std::size_t k = 0; k < part.inputs; ++k) to[k] = round_to<BFloat16>(weights[k]).bits;
}

void round_to_f16(const float* weights, const RowPart& part, std::uint16_t* to) {
  for (std::size_t k = 0; k < part.inputs; ++k) {
    to[k] = half_of_float(weights[k]);
    require((to[k] & 0x7FFFU) != 0x7C00U || std::isinf(weights[k]),
            "weight {} of output {} and input {} is too large for 16-bit floats (at most 65504); "
            "keep the weights as bf16 or f32",
            weights[k], part.row, part.begin + k);
  }
}

/// Weights of 16 bits as they are kept.
void read_halves(const StackedRows& source, Storage storage, const RowPart& part,
                 std::uint16_t* to) {
  const RowRange row = source.find(part.row, 1);
  const bool brain = storage == Storage::kBF16;
  if (source.dtype_of(row.part) == (brain ? DType::kBF16 : DType::kF16)) {
    return source.read_stored(row.part, row.first * source.columns() + part.begin,
                              {to, part.inputs});
  }
  float weights[kBlock];
  read_floats(source, part, weights);
  return brain ? round_to_bf16(weights, part, to) : round_to_f16(weights, part, to);
}

void pack_f32(const StackedRows& source, std::size_t first_row, std::byte* panel) {
  float weights[kPanel][kBlock] = {};
  std::uint32_t turned[kBlock * kPanel];
  const std::size_t rows = std::min(kPanel, source.rows() - first_row);
  for (std::size_t begin = 0; begin < source.columns(); begin += kBlock) {
    const std::size_t inputs = std::min(kBlock, source.columns() - begin);
    for (std::size_t o = 0; o < rows; ++o) {
      read_floats(source, {first_row + o, begin, inputs}, weights[o]);
    }
    std::uint32_t words[kPanel][kBlock];
    std::memcpy(words, weights, sizeof words);
    turn_words(words[0], kBlock, kPanel, inputs, turned);
    std::memcpy(panel + begin * kPanel * sizeof(float), turned, inputs * kPanel * sizeof(float));
  }
}

/// Word j of an input holds two outputs: j and j + 16 for bf16, 2 j and 2 j + 1 for f16.
void pack_halves(const StackedRows& source, Storage storage, std::size_t first_row,
                 std::byte* panel) {
  constexpr std::size_t kWords = kPanel / 2;
  std::uint16_t weights[kPanel][kBlock] = {};
  std::uint32_t words[kWords][kBlock], turned[kBlock * kWords];
  const std::size_t rows = std::min(kPanel, source.rows() - first_row);
  const bool apart = storage == Storage::kBF16;
  for (std::size_t begin = 0; begin < source.columns(); begin += kBlock) {
    const std::size_t inputs = std::min(kBlock, source.columns() - begin);
    for (std::size_t o = 0; o < rows; ++o) {
      read_halves(source, storage, {first_row + o, begin, inputs}, weights[o]);
    }
    for (std::size_t j = 0; j < kWords; ++j) {
      const std::uint16_t* low = weights[apart ? j : 2 * j];
      const std::uint16_t* high = weights[apart ? j + kWords : 2 * j + 1];
      for (std::size_t k = 0; k < kBlock; ++k) {
        words[j][k] = low[k] | std::uint32_t{high[k]} << 16;
      }
    }
    turn_words(words[0], kBlock, kWords, inputs, turned);
    std::memcpy(panel + begin * kPanel * 2, turned, inputs * kPanel * 2);
  }
}

}  // namespace

void pack_floats(const StackedRows& source, PackedPanels& to) {
  parallel_for(to.panels(), kGrain / to.panel_bytes + 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; ++p) {
      if (to.storage == Storage::kF32) {
        pack_f32(source, p * kPanel, to.panel(p));
      } else {
        pack_halves(source, to.storage, p * kPanel, to.panel(p));
      }
    }
    source.note_read(begin * kPanel, end * kPanel);
  });
}

}  // namespace sightline
