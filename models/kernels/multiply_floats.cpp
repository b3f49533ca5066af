#include <algorithm>

#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/row_tiles.h"

namespace sightline {

namespace {

/// Rows whose inputs, and panels whose sums, stay in the second-level cache together.
constexpr std::size_t kChunkRows = 384;
constexpr std::size_t kPanelGroup = 4;
/// Inputs at once where a panel serves several tiles of rows: 32 KiB of float32 weights, for the
/// first-level cache. A multiple of NF4's blocks.
constexpr std::size_t kDepth = 256;
/// Floats of inputs that are rearranged at once, and those worth a hand-over.
constexpr std::size_t kRearranged = std::size_t{4} << 20;
constexpr std::size_t kRearrangeGrain = std::size_t{1} << 15;

thread_local Scratch<float> row_scratch, sum_scratch, weight_scratch;

template <typename T>
void fill_tile(const T* x, std::size_t x_stride, std::size_t rows, std::size_t columns, float* to) {
  for (std::size_t r = 0; r < rows; ++r) {
    const T* from = x + r * x_stride;
    for (std::size_t k = 0; k < columns; ++k) to[k * rows + r] = to_float(from[k]);
  }
}

/// Tiles of [columns][rows of the tile], in this thread's `row_scratch`.
template <typename T>
RowTiles<float> arrange_rows(const T* x, std::size_t x_stride, std::size_t rows,
                             std::size_t columns, std::size_t tile_rows) {
  RowTiles<float> tiles = {.rows = rows, .tile_rows = tile_rows, .row_size = columns};
  if constexpr (std::is_same_v<T, float>) {
    if (rows == 1) {
      tiles.data = x;
      return tiles;
    }
  }
  float* data = row_scratch.reserve(rows * columns);
  tiles.data = data;
  parallel_for(tiles.tiles(), kRearrangeGrain / (tile_rows * columns) + 1,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) {
                   fill_tile(x + t * tile_rows * x_stride, x_stride, tiles.rows_of(t), columns,
                             data + t * tile_rows * columns);
                 }
               });
  return tiles;
}

/// A product of some rows with a matrix, for all storages but kInt8.
class FloatProduct {
 public:
  FloatProduct(const PackedPanels& panels, const ProductKernels& kernels, RowTiles<float> x)
      : panels_(panels), kernels_(kernels), x_(x) {
    multiply_ = panels.storage == Storage::kBF16  ? kernels.multiply_bf16
                : panels.storage == Storage::kF16 ? kernels.multiply_f16
                                                  : kernels.multiply_f32;
  }

  /// sums[p][row of the chunk][kPanel] for panels [first, first + count)
  void sum(const RowChunk& chunk, std::size_t first, std::size_t count, float* sums) const {
    if (panels_.storage != Storage::kNf4 && chunk.last_tile - chunk.first_tile == 1) {
      return sum_part(chunk, panels_.panel(first), count, {0, panels_.columns}, sums);
    }
    for (std::size_t begin = 0; begin < panels_.columns; begin += kDepth) {
      const Inputs inputs = {begin, std::min(begin + kDepth, panels_.columns)};
      for (std::size_t p = 0; p < count; ++p) {
        sum_part(chunk, weights(first + p, inputs), 1, inputs, sums + p * chunk.rows * kPanel);
      }
    }
  }

 private:
  struct Inputs {
    std::size_t begin = 0, end = 0;
  };

  /// From the first of `inputs` on.
  const std::byte* weights(std::size_t panel, const Inputs& inputs) const {
    const std::byte* stored = panels_.panel(panel);
    if (panels_.storage != Storage::kNf4) {
      return stored + inputs.begin * (panels_.panel_bytes / panels_.columns);
    }
    float* expanded = weight_scratch.reserve(kDepth * kPanel);
    kernels_.expand_nf4({.codes = stored,
                         .scales = panels_.nf4_scales(panel),
                         .begin = inputs.begin,
                         .depth = inputs.end - inputs.begin,
                         .weights = expanded});
    return reinterpret_cast<const std::byte*>(expanded);
  }

  /// All tiles of a chunk.
  void sum_part(const RowChunk& chunk, const std::byte* weights, std::size_t panels,
                const Inputs& inputs, float* sums) const {
    for (std::size_t t = chunk.first_tile; t < chunk.last_tile; ++t) {
      const std::size_t rows = x_.rows_of(t);
      multiply_({.weights = weights,
                 .panel_bytes = panels_.panel_bytes,
                 .panels = panels,
                 .x = x_.tile(t) + inputs.begin * rows,
                 .rows = rows,
                 .depth = inputs.end - inputs.begin,
                 .sums = sums + (t - chunk.first_tile) * x_.tile_rows * kPanel,
                 .panel_floats = chunk.rows * kPanel,
                 .go_on = inputs.begin > 0});
    }
  }

  const PackedPanels& panels_;
  const ProductKernels& kernels_;
  RowTiles<float> x_;
  void (*multiply_)(const TileCall&) = nullptr;
};

/// y[row][o] = sums[row][o] + bias[o] for the outputs of a panel that there are.
template <typename T>
void store_sums(const float* sums, std::size_t rows, std::size_t outputs, const float* bias, T* y,
                std::size_t y_stride) {
  float padded[kPanel] = {};
  if (bias != nullptr) std::copy_n(bias, outputs, padded);
  for (std::size_t r = 0; r < rows; ++r, sums += kPanel, y += y_stride) {
    T values[kPanel];
    for (std::size_t o = 0; o < kPanel; ++o) {
      values[o] = round_to<T>(bias != nullptr ? sums[o] + padded[o] : sums[o]);
    }
    std::copy_n(values, outputs, y);
  }
}

template <typename T>
void multiply_rows(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                   const float* bias, T* y, const PackedMatrix::Rows& rows) {
  const RowTiles<float> tiles =
      arrange_rows(x, rows.x_stride, rows.count, panels.columns, kernels.tile_rows);
  const FloatProduct product(panels, kernels, tiles);
  const std::size_t chunks =
      chunk_count(tiles.tiles(), tiles.tile_rows, kChunkRows, panels.panels());
  const auto work = [&](std::size_t index, std::size_t first, std::size_t count) {
    const RowChunk chunk = tiles.chunk(index, chunks);
    float* sums = sum_scratch.reserve(count * chunk.rows * kPanel);
    product.sum(chunk, first, count, sums);
    for (std::size_t p = 0; p < count; ++p) {
      const std::size_t output = (first + p) * kPanel;
      store_sums(sums + p * chunk.rows * kPanel, chunk.rows, std::min(kPanel, panels.rows - output),
                 bias == nullptr ? nullptr : bias + output,
                 y + chunk.first_row * rows.y_stride + output, rows.y_stride);
    }
  };
  for_each_group(chunks, panels.panels(), kPanelGroup, panels.panel_bytes,
                 kPanel * panels.columns * rows.count / chunks, work);
}

}  // namespace

template <typename T>
void multiply_floats(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows) {
  const std::size_t tile = kernels.tile_rows;
  const std::size_t at_once = std::max(tile, kRearranged / panels.columns / tile * tile);
  for (std::size_t row = 0; row < rows.count; row += at_once) {
    PackedMatrix::Rows some = rows;
    some.count = std::min(at_once, rows.count - row);
    multiply_rows(panels, kernels, x + row * rows.x_stride, bias, y + row * rows.y_stride, some);
  }
}

template void multiply_floats(const PackedPanels&, const ProductKernels&, const float*,
                              const float*, float*, const PackedMatrix::Rows&);
template void multiply_floats(const PackedPanels&, const ProductKernels&, const BFloat16*,
                              const float*, BFloat16*, const PackedMatrix::Rows&);

}  // namespace sightline
