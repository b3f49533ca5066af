#include "models/kernels/packed_panels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/formats/number_conversion.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/half_precision.h"

namespace sightline {

namespace {

/// Inputs that are converted and turned at once.
constexpr std::size_t kBlock = 64;
/// Bytes of weights worth a hand-over to another thread.
constexpr std::size_t kPackGrain = std::size_t{1} << 18;

/// The rows of several matrices, one below the other.
class StackedRows {
 public:
  explicit StackedRows(std::span<const TensorView> parts) : parts_(parts) {
    require(!parts.empty(), "a matrix is to be packed that has no parts");
    for (const TensorView& part : parts) {
      require(part.shape.size() == 2 && part.elements() > 0,
              "a weight of shape {} is to be packed as a matrix; expected [outputs, inputs]",
              shape_text(part.shape));
      require(
          part.shape[1] == parts.front().shape[1],
          "weights of shapes {} and {} are to be packed as one matrix; expected the same number "
          "of inputs",
          shape_text(parts.front().shape), shape_text(part.shape));
      require(part.dtype == DType::kF32 || part.dtype == DType::kF16 || part.dtype == DType::kBF16,
              "a weight of type {} is to be packed as a matrix; expected F32, F16 or BF16",
              name_of(part.dtype));
      require_size(part);
      rows_ += static_cast<std::size_t>(part.shape[0]);
    }
    columns_ = static_cast<std::size_t>(parts.front().shape[1]);
  }

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }

  /// Columns [begin, begin + to.size()) of row `row`.
  void read(std::size_t row, std::size_t begin, std::span<float> to) const {
    const TensorView* part = parts_.data();
    for (; row >= static_cast<std::size_t>(part->shape[0]); ++part) {
      row -= static_cast<std::size_t>(part->shape[0]);
    }
    const std::size_t size = size_of(part->dtype);
    convert_numbers<float>(
        part->dtype, part->bytes.subspan((row * columns_ + begin) * size, to.size() * size), to);
  }

 private:
  std::span<const TensorView> parts_;
  std::size_t rows_ = 0, columns_ = 0;
};

/// Weights of a panel, turned: `at[k][o]`, for up to kBlock inputs.
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
      source.read(block.first_row + o, block.begin, {block.weights[o], block.inputs});
    }
    store(block, to.panel(panel));
  }
}

}  // namespace

std::size_t PackedPanels::bytes() const {
  return weights.size();
}

PackedPanels pack_panels(std::span<const TensorView> parts, Storage storage, bool) {
  const StackedRows source(parts);
  require(storage != Storage::kInt8 && storage != Storage::kNf4, "no products of {} weights",
          name_of(storage));
  PackedPanels packed = {.storage = storage, .rows = source.rows(), .columns = source.columns()};
  packed.panel_bytes = kPanel * packed.columns * (storage == Storage::kF32 ? 4 : 2);
  packed.weights = WeightMemory(packed.panels() * packed.panel_bytes);
  parallel_for(packed.panels(), kPackGrain / packed.panel_bytes + 1,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t p = begin; p < end; ++p) pack_panel(source, packed, p);
               });
  return packed;
}

void copy_row(const PackedPanels& panels, std::size_t row, float* to) {
  const std::byte* panel = panels.panel(row / kPanel);
  const std::size_t o = row % kPanel;
  const bool wide = panels.storage == Storage::kF32;
  const std::size_t place = wide                               ? 4 * o
                            : panels.storage == Storage::kBF16 ? 4 * (o % 16) + 2 * (o / 16)
                                                               : 2 * o;
  for (std::size_t k = 0; k < panels.columns; ++k) {
    const std::byte* from = panel + k * kPanel * (wide ? 4 : 2) + place;
    std::uint16_t half = 0;
    if (wide) {
      std::memcpy(to + k, from, sizeof(float));
      continue;
    }
    std::memcpy(&half, from, sizeof half);
    to[k] = panels.storage == Storage::kBF16 ? to_float(BFloat16{half}) : float_of_half(half);
  }
}

}  // namespace sightline
