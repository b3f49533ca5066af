#include <algorithm>
#include <memory>
#include <new>

#include "harness/base/parallel.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_panels.h"

namespace sightline {

namespace {

/// Rows whose inputs, and panels whose sums, stay in the second-level cache together.
constexpr std::size_t kChunkRows = 384;
constexpr std::size_t kPanelGroup = 4;
/// Inputs at once where a panel serves several tiles of rows: 32 KiB of weights, for the
/// first-level cache.
constexpr std::size_t kDepth = 256;
/// Floats of inputs that are rearranged at once, and those worth a hand-over.
constexpr std::size_t kRearranged = std::size_t{4} << 20;
constexpr std::size_t kRearrangeGrain = std::size_t{1} << 15;
/// About 5 us of work: bytes of weights, and products.
constexpr std::size_t kGrainBytes = std::size_t{1} << 17;
constexpr std::size_t kGrainProducts = std::size_t{1} << 19;

/// Floats of a thread's own, kept from call to call.
class Scratch {
 public:
  float* reserve(std::size_t floats) {
    if (floats > size_) {
      data_.reset(static_cast<float*>(::operator new(floats * sizeof(float), kAlignment)));
      size_ = floats;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
  std::size_t size_ = 0;
};

thread_local Scratch row_scratch, sum_scratch;

/// Rows in tiles of [columns][rows of the tile], as the kernels read them.
struct TiledRows {
  const float* data = nullptr;
  std::size_t rows = 0, columns = 0, tile_rows = 0;

  std::size_t tiles() const { return (rows + tile_rows - 1) / tile_rows; }
  std::size_t rows_of(std::size_t tile) const {
    return std::min(tile_rows, rows - tile * tile_rows);
  }
  const float* tile(std::size_t index) const { return data + index * tile_rows * columns; }
};

template <typename T>
void fill_tile(const T* x, std::size_t x_stride, std::size_t rows, std::size_t columns, float* to) {
  for (std::size_t r = 0; r < rows; ++r) {
    const T* from = x + r * x_stride;
    for (std::size_t k = 0; k < columns; ++k) to[k * rows + r] = to_float(from[k]);
  }
}

/// The memory is this thread's `row_scratch`.
template <typename T>
TiledRows arrange_rows(const T* x, std::size_t x_stride, std::size_t rows, std::size_t columns,
                       std::size_t tile_rows) {
  TiledRows tiled = {.rows = rows, .columns = columns, .tile_rows = tile_rows};
  if constexpr (std::is_same_v<T, float>) {
    if (rows == 1) {
      tiled.data = x;
      return tiled;
    }
  }
  float* data = row_scratch.reserve(rows * columns);
  tiled.data = data;
  parallel_for(tiled.tiles(), kRearrangeGrain / (tile_rows * columns) + 1,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t t = begin; t < end; ++t) {
                   fill_tile(x + t * tile_rows * x_stride, x_stride, tiled.rows_of(t), columns,
                             data + t * tile_rows * columns);
                 }
               });
  return tiled;
}

using Multiply = void (*)(const TileCall&);

Multiply kernel_of(const ProductKernels& kernels, Storage storage) {
  return storage == Storage::kF32    ? kernels.multiply_f32
         : storage == Storage::kBF16 ? kernels.multiply_bf16
                                     : kernels.multiply_f16;
}

/// Tiles [first, last) of the rows, whose sums with one panel are `rows` * kPanel floats.
struct Chunk {
  std::size_t first_tile = 0, last_tile = 0, first_row = 0, rows = 0;
};

/// sums[p][row of the chunk][kPanel] for panels [first, first + count)
void sum_products(const PackedPanels& panels, Multiply multiply, const TiledRows& x,
                  const Chunk& chunk, std::size_t first, std::size_t count, float* sums) {
  const bool one_tile = chunk.last_tile - chunk.first_tile == 1;
  const std::size_t depth = one_tile ? panels.columns : kDepth;
  const std::size_t at_once = one_tile ? count : 1;
  const std::size_t input_bytes = panels.panel_bytes / panels.columns;
  for (std::size_t begin = 0; begin < panels.columns; begin += depth) {
    for (std::size_t p = 0; p < count; p += at_once) {
      for (std::size_t t = chunk.first_tile; t < chunk.last_tile; ++t) {
        const std::size_t rows = x.rows_of(t);
        const std::size_t row = t * x.tile_rows - chunk.first_row;
        multiply({.weights = panels.panel(first + p) + begin * input_bytes,
                  .panel_bytes = panels.panel_bytes,
                  .panels = at_once,
                  .x = x.tile(t) + begin * rows,
                  .rows = rows,
                  .depth = std::min(depth, panels.columns - begin),
                  .sums = sums + (p * chunk.rows + row) * kPanel,
                  .panel_floats = chunk.rows * kPanel,
                  .go_on = begin > 0});
      }
    }
  }
}

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

/// How many chunks the tiles are divided into: such that inputs stay in the cache, and more where
/// there are fewer panels than all threads need.
std::size_t chunk_count(std::size_t tiles, std::size_t tile_rows, std::size_t panels) {
  const std::size_t for_cache = (tiles * tile_rows + kChunkRows - 1) / kChunkRows;
  const std::size_t for_threads = (4 * thread_count() + panels - 1) / panels;
  const std::size_t least_tiles = 4;
  return std::max(for_cache, std::min(for_threads, tiles / least_tiles));
}

Chunk chunk_of(const TiledRows& x, std::size_t index, std::size_t chunks) {
  Chunk chunk = {.first_tile = x.tiles() * index / chunks,
                 .last_tile = x.tiles() * (index + 1) / chunks};
  chunk.first_row = chunk.first_tile * x.tile_rows;
  chunk.rows = std::min(x.rows, chunk.last_tile * x.tile_rows) - chunk.first_row;
  return chunk;
}

template <typename T>
void multiply_rows(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                   const float* bias, T* y, const PackedMatrix::Rows& rows) {
  const TiledRows tiled =
      arrange_rows(x, rows.x_stride, rows.count, panels.columns, kernels.tile_rows);
  const Multiply multiply = kernel_of(kernels, panels.storage);
  const std::size_t chunks = chunk_count(tiled.tiles(), tiled.tile_rows, panels.panels());
  const auto work = [&](const Chunk& chunk, std::size_t first, std::size_t count) {
    float* sums = sum_scratch.reserve(count * chunk.rows * kPanel);
    sum_products(panels, multiply, tiled, chunk, first, count, sums);
    for (std::size_t p = 0; p < count; ++p) {
      const std::size_t output = (first + p) * kPanel;
      store_sums(sums + p * chunk.rows * kPanel, chunk.rows, std::min(kPanel, panels.rows - output),
                 bias == nullptr ? nullptr : bias + output,
                 y + chunk.first_row * rows.y_stride + output, rows.y_stride);
    }
  };
  const std::size_t products = kPanel * panels.columns * rows.count / chunks;
  const std::size_t grain =
      std::min(kGrainBytes / panels.panel_bytes, kGrainProducts / products) + 1;
  parallel_for(chunks * panels.panels(), grain, [&](std::size_t begin, std::size_t end) {
    while (begin < end) {
      const std::size_t index = begin / panels.panels(), panel = begin % panels.panels();
      const std::size_t count = std::min({kPanelGroup, panels.panels() - panel, end - begin});
      work(chunk_of(tiled, index, chunks), panel, count);
      begin += count;
    }
  });
}

}  // namespace

template <typename T>
void multiply_panels(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                     const float* bias, T* y, const PackedMatrix::Rows& rows) {
  const std::size_t tile = kernels.tile_rows;
  const std::size_t at_once = std::max(tile, kRearranged / panels.columns / tile * tile);
  for (std::size_t row = 0; row < rows.count; row += at_once) {
    PackedMatrix::Rows some = rows;
    some.count = std::min(at_once, rows.count - row);
    multiply_rows(panels, kernels, x + row * rows.x_stride, bias, y + row * rows.y_stride, some);
  }
}

template void multiply_panels(const PackedPanels&, const ProductKernels&, const float*,
                              const float*, float*, const PackedMatrix::Rows&);
template void multiply_panels(const PackedPanels&, const ProductKernels&, const BFloat16*,
                              const float*, BFloat16*, const PackedMatrix::Rows&);

}  // namespace sightline
