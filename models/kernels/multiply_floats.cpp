#include <algorithm>
#include <cstring>

#include "harness/base/vectorise.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/row_tiles.h"
#include "models/kernels/scratch.h"
#include "models/kernels/turn_words.h"

namespace sightline {

namespace {

/// Rows whose inputs, and panels whose sums, stay in the second-level cache together.
constexpr std::size_t kChunkRows = 192;
constexpr std::size_t kPanelGroup = 4;
/// Inputs at once where a panel serves several tiles of rows: 32 KiB of float32 weights, for the
/// first-level cache. A multiple of NF4's blocks.
constexpr std::size_t kDepth = 256;
/// Inputs of a chunk that stay in the second-level cache as a whole.
constexpr std::size_t kInputsThatStay = std::size_t{1} << 17;
/// Bytes that are fetched ahead where weights are read once.
constexpr std::ptrdiff_t kAhead = 8192;
/// Floats of inputs that are rearranged at once, and those worth a hand-over.
constexpr std::size_t kRearranged = std::size_t{4} << 20;
constexpr std::size_t kRearrangeGrain = std::size_t{1} << 15;

thread_local Scratch<float> row_scratch, sum_scratch, weight_scratch;

template <typename T>
FourWords load_four(const T* from) {
  const float floats[4] = {to_float(from[0]), to_float(from[1]), to_float(from[2]),
                           to_float(from[3])};
  return load_four_words(floats);
}

/// to[k * step + r] for four rows
template <typename T>
void turn_four(const T* x, std::size_t x_stride, std::size_t columns, float* to, std::size_t step) {
  std::size_t k = 0;
  for (; k + 4 <= columns; k += 4, to += 4 * step) {
    store_turned(load_four(x + k), load_four(x + x_stride + k), load_four(x + 2 * x_stride + k),
                 load_four(x + 3 * x_stride + k), to, step);
  }
  for (; k < columns; ++k, to += step) {
    for (std::size_t r = 0; r < 4; ++r) to[r] = to_float(x[r * x_stride + k]);
  }
}

template <typename T>
void fill_tile(const T* x, std::size_t x_stride, std::size_t rows, std::size_t columns, float* to) {
  std::size_t r = 0;
  for (; r + 4 <= rows; r += 4) turn_four(x + r * x_stride, x_stride, columns, to + r, rows);
  for (; r < rows; ++r) {
    const T* from = x + r * x_stride;
    for (std::size_t k = 0; k < columns; ++k) to[k * rows + r] = to_float(from[k]);
  }
}

/// Tiles of [columns][rows of the tile], in this thread's `row_scratch`.
template <typename T>
RowTiles<float> arrange_rows(const T* x, std::size_t x_stride, std::size_t rows,
                             std::size_t columns, std::size_t tile_rows) {
  tile_rows = even_tile_rows(rows, tile_rows);
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
    switch (panels.storage) {
      case Storage::kBF16:
        multiply_ = kernels.multiply_bf16;
        expand_ = kernels.expand_bf16;
        input_bytes_ = 2 * kPanel;
        break;
      case Storage::kF16:
        multiply_ = kernels.multiply_f16;
        expand_ = kernels.expand_f16;
        input_bytes_ = 2 * kPanel;
        break;
      case Storage::kNf4:
        input_bytes_ = kPanel / 2;
        break;
      default:
        multiply_ = kernels.multiply_f32;
    }
  }

  /// sums[p][row of the chunk][kPanel] for panels [first, first + count)
  void sum(const RowChunk& chunk, std::size_t first, std::size_t count, float* sums) const {
    if (chunk.last_tile - chunk.first_tile == 1) return sum_tile(chunk, first, count, sums);
    const bool inputs_stay = chunk.rows * panels_.columns <= kInputsThatStay;
    const std::size_t at_once = inputs_stay ? 1 : count;
    for (std::size_t p = 0; p < count; p += at_once) {
      sum_panels(chunk, first + p, at_once, sums + p * chunk.rows * kPanel);
    }
  }

 private:
  /// Some inputs of a panel.
  struct Part {
    std::size_t panel = 0, begin = 0, depth = 0;
    const std::byte* next = nullptr;  ///< where the next part's weights lie
  };

  const std::byte* stored(std::size_t panel, std::size_t input) const {
    return panels_.panel(panel) + input * input_bytes_;
  }

  /// Weights are read once, for all inputs.
  void sum_tile(const RowChunk& chunk, std::size_t first, std::size_t count, float* sums) const {
    const float* x = x_.tile(chunk.first_tile);
    if (panels_.storage == Storage::kNf4) {
      return kernels_.multiply_nf4({.codes = panels_.panel(first),
                                    .panel_bytes = panels_.panel_bytes,
                                    .scales = panels_.nf4_scales(first),
                                    .panel_scales = panels_.scale_blocks * kPanel,
                                    .panels = count,
                                    .x = x,
                                    .rows = chunk.rows,
                                    .depth = panels_.columns,
                                    .sums = sums,
                                    .panel_floats = chunk.rows * kPanel,
                                    .ahead = kAhead / 4});
    }
    multiply_({.weights = panels_.panel(first),
               .panel_bytes = panels_.panel_bytes,
               .panels = count,
               .x = x,
               .rows = chunk.rows,
               .depth = panels_.columns,
               .sums = sums,
               .panel_floats = chunk.rows * kPanel,
               .fetch = panels_.panel(first) + kAhead,
               .fetch_step = input_bytes_});
  }

  /// Some inputs with all panels, then the next, so that inputs are in the cache for all but the
  /// first.
  void sum_panels(const RowChunk& chunk, std::size_t first, std::size_t count, float* sums) const {
    for (std::size_t begin = 0; begin < panels_.columns; begin += kDepth) {
      const std::size_t end = std::min(begin + kDepth, panels_.columns);
      for (std::size_t p = 0; p < count; ++p) {
        Part part = {.panel = first + p, .begin = begin, .depth = end - begin};
        part.next = p + 1 < count ? stored(first + p + 1, begin) : stored(first, end);
        sum_part(chunk, part, sums + p * chunk.rows * kPanel);
      }
    }
  }

  /// As float32 where that is better for several tiles, else as they are.
  const std::byte* weights_of(const Part& part) const {
    if (panels_.storage != Storage::kNf4 && expand_ == nullptr) {
      return stored(part.panel, part.begin);
    }
    float* expanded = weight_scratch.reserve(kDepth * kPanel);
    if (expand_ != nullptr) {
      expand_(stored(part.panel, part.begin), part.depth, expanded);
    } else {
      kernels_.expand_nf4({.codes = panels_.panel(part.panel),
                           .scales = panels_.nf4_scales(part.panel),
                           .begin = part.begin,
                           .depth = part.depth,
                           .weights = expanded});
    }
    return reinterpret_cast<const std::byte*>(expanded);
  }

  /// All tiles of a chunk. Each fetches its share of the next part.
  void sum_part(const RowChunk& chunk, const Part& part, float* sums) const {
    const std::byte* weights = weights_of(part);
    const bool expanded = weights != stored(part.panel, part.begin);
    const auto multiply = expanded ? kernels_.multiply_f32 : multiply_;
    const std::size_t tiles = chunk.last_tile - chunk.first_tile;
    for (std::size_t t = 0; t < tiles; ++t) {
      const std::size_t tile = chunk.first_tile + t, rows = x_.rows_of(tile);
      multiply({.weights = weights,
                .panels = 1,
                .x = x_.tile(tile) + part.begin * rows,
                .rows = rows,
                .depth = part.depth,
                .sums = sums + t * x_.tile_rows * kPanel,
                .go_on = part.begin > 0,
                .fetch = part.next + t * part.depth * input_bytes_ / tiles,
                .fetch_step = input_bytes_ / tiles});
    }
  }

  const PackedPanels& panels_;
  const ProductKernels& kernels_;
  RowTiles<float> x_;
  void (*multiply_)(const TileCall&) = nullptr;
  void (*expand_)(const std::byte*, std::size_t, float*) = nullptr;
  std::size_t input_bytes_ = 4 * kPanel;  ///< of a panel's weights with one input
};

/// Where the sums of a chunk with some panels go.
template <typename T>
struct Destination {
  std::size_t rows = 0, panels = 0;
  std::size_t outputs = 0;      ///< of all panels; the last may be cut
  const float* bias = nullptr;  ///< of the first output; null: none
  T* y = nullptr;               ///< of the chunk's first row and the first output
  std::size_t y_stride = 0;
};

/// y[row][o] = sums[row][o] + bias[o], rounded once. Row by row, so that what is written together
/// lies together.
template <typename T>
[[gnu::always_inline]] inline void store_each(const float* sums, const Destination<T>& to) {
  for (std::size_t r = 0; r < to.rows; ++r) {
    T* y = to.y + r * to.y_stride;
    for (std::size_t p = 0; p < to.panels; ++p, y += kPanel) {
      const float* from = sums + (p * to.rows + r) * kPanel;
      const float* bias = to.bias == nullptr ? nullptr : to.bias + p * kPanel;
      const std::size_t outputs = std::min(kPanel, to.outputs - p * kPanel);
      if (bias == nullptr) {
        for (std::size_t o = 0; o < outputs; ++o) y[o] = round_to<T>(from[o]);
      } else {
        for (std::size_t o = 0; o < outputs; ++o) y[o] = round_to<T>(from[o] + bias[o]);
      }
    }
  }
}

SIGHTLINE_VECTORISED
void store_sums(const float* sums, const Destination<float>& to) {
  store_each(sums, to);
}

SIGHTLINE_VECTORISED
void store_sums(const float* sums, const Destination<BFloat16>& to) {
  store_each(sums, to);
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
    const std::size_t output = first * kPanel;
    store_sums(sums, Destination<T>{.rows = chunk.rows,
                                    .panels = count,
                                    .outputs = std::min(count * kPanel, panels.rows - output),
                                    .bias = bias == nullptr ? nullptr : bias + output,
                                    .y = y + chunk.first_row * rows.y_stride + output,
                                    .y_stride = rows.y_stride});
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
