#include <algorithm>
#include <cstring>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_panels.h"
#include "models/kernels/quantise.h"
#include "models/kernels/row_tiles.h"
#include "models/kernels/scratch.h"

namespace sightline {

namespace {

/// Rows whose codes, and panels whose sums, stay in the second-level cache together.
constexpr std::size_t kChunkRows = 192;
constexpr std::size_t kPanelGroup = 4;
/// Bytes that are fetched ahead where weights are read first.
constexpr std::ptrdiff_t kAhead = 8192;
/// Codes of inputs worth a hand-over.
constexpr std::size_t kArrangeGrain = std::size_t{1} << 15;

thread_local Scratch<std::uint8_t> code_scratch;
thread_local Scratch<std::int32_t> code_sum_scratch;
thread_local Scratch<float> outlier_scratch, outlier_weight_scratch;

/// Rows of one tile and one sequence, with the inputs of its outlier columns.
struct Segment {
  std::size_t sequence = 0;
  std::size_t first_row = 0, rows = 0;
  std::vector<float> outliers;  ///< [outlier columns, rows]
};

/// The inputs of a product in 8 bits.
struct CodedRows {
  std::uint8_t* codes = nullptr;  ///< tiles of [quads][rows of the tile][kQuad]
  RowTiles<std::uint8_t> tiles;
  std::vector<float> scales;                                ///< of each row
  std::vector<std::vector<std::uint32_t>> outlier_columns;  ///< of each sequence
  std::vector<Segment> segments;  ///< by row; only of sequences with outliers
};

std::vector<std::size_t> sequence_ends(const PackedMatrix::Rows& rows) {
  std::vector<std::size_t> ends(rows.sequence_ends.begin(), rows.sequence_ends.end());
  if (ends.empty()) ends.push_back(rows.count);
  require(std::ranges::is_sorted(ends) && ends.back() == rows.count,
          "sequences of a product end at row {}; expected ends in ascending order up to {}",
          ends.back(), rows.count);
  return ends;
}

/// Puts a row's codes into its tile.
void place_codes(const std::int8_t* codes, std::size_t columns, std::size_t row,
                 std::uint8_t offset, CodedRows& to) {
  const std::size_t tile = row / to.tiles.tile_rows, step = to.tiles.rows_of(tile) * kQuad;
  std::uint8_t* place =
      to.codes + tile * to.tiles.tile_rows * to.tiles.row_size + row % to.tiles.tile_rows * kQuad;
  // Adding 128 to a byte is the same as turning its highest bit.
  const std::uint32_t offsets = offset * 0x01010101U;
  std::size_t k = 0;
  for (; k + kQuad <= columns; k += kQuad, place += step) {
    std::uint32_t quad = 0;
    std::memcpy(&quad, codes + k, kQuad);
    quad ^= offsets;
    std::memcpy(place, &quad, kQuad);
  }
  if (k == columns) return;
  std::uint32_t quad = 0;
  std::memcpy(&quad, codes + k, columns - k);
  quad ^= offsets;
  std::memcpy(place, &quad, kQuad);
}

/// Divides rows [begin, end) of a sequence at the ends of tiles.
template <typename T>
void add_segments(const T* x, std::size_t x_stride, std::size_t begin, std::size_t end,
                  CodedRows& to) {
  const std::size_t sequence = to.outlier_columns.size() - 1;
  const std::vector<std::uint32_t>& columns = to.outlier_columns[sequence];
  if (columns.empty()) return;
  const std::size_t tile_rows = to.tiles.tile_rows;
  for (std::size_t row = begin; row < end;) {
    const std::size_t last = std::min(end, (row / tile_rows + 1) * tile_rows);
    Segment segment = {.sequence = sequence, .first_row = row, .rows = last - row};
    for (const std::uint32_t k : columns) {
      for (std::size_t r = row; r < last; ++r) {
        segment.outliers.push_back(to_float(x[r * x_stride + k]));
      }
    }
    to.segments.push_back(std::move(segment));
    row = last;
  }
}

template <typename T>
void add_sequence(const T* x, std::size_t x_stride, std::size_t columns, std::size_t begin,
                  std::size_t end, std::uint8_t offset, CodedRows& to) {
  const std::size_t count = end - begin;
  std::vector<float> copies;
  std::span<const float> inputs;
  if constexpr (std::is_same_v<T, float>) {
    if (x_stride == columns) inputs = {x + begin * x_stride, count * columns};
  }
  if (inputs.empty()) {
    copies.resize(count * columns);
    for (std::size_t r = 0; r < count; ++r) {
      const T* from = x + (begin + r) * x_stride;
      std::transform(from, from + columns, copies.data() + r * columns,
                     [](T value) { return to_float(value); });
    }
    inputs = copies;
  }
  const Int8Inputs coded = quantise_inputs(inputs, count, columns);
  std::ranges::copy(coded.scales, to.scales.begin() + static_cast<std::ptrdiff_t>(begin));
  to.outlier_columns.push_back(coded.outlier_columns);
  parallel_for(count, kArrangeGrain / columns + 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t r = first; r < last; ++r) {
      place_codes(coded.codes.data() + r * columns, columns, begin + r, offset, to);
    }
  });
  add_segments(x, x_stride, begin, end, to);
}

template <typename T>
CodedRows code_rows(const T* x, std::size_t columns, const PackedMatrix::Rows& rows,
                    const ProductKernels& kernels) {
  CodedRows coded;
  const std::size_t row_size = (columns + kQuad - 1) / kQuad * kQuad;
  coded.codes = code_scratch.reserve(rows.count * row_size);
  coded.tiles = {.data = coded.codes,
                 .rows = rows.count,
                 .tile_rows = even_tile_rows(rows.count, kernels.tile_rows),
                 .row_size = row_size};
  coded.scales.resize(rows.count);
  std::size_t begin = 0;
  for (const std::size_t end : sequence_ends(rows)) {
    if (begin < end) {
      add_sequence(x, rows.x_stride, columns, begin, end, kernels.code_offset, coded);
    }
    begin = end;
  }
  return coded;
}

/// weights[i][o] of the panel's outputs for the outlier columns i.
void copy_columns(const PackedPanels& panels, std::size_t panel,
                  const std::vector<std::uint32_t>& columns, float* weights) {
  const float* scales = panels.scales.data() + panel * kPanel;
  for (const std::uint32_t k : columns) {
    const std::byte* from = panels.panel(panel) + k / kQuad * kPanel * kQuad + k % kQuad;
    for (std::size_t o = 0; o < kPanel; ++o, ++weights) {
      *weights = static_cast<float>(static_cast<std::int8_t>(from[o * kQuad])) * scales[o] / 127.0F;
    }
  }
}

class CodeProduct {
 public:
  CodeProduct(const PackedPanels& panels, const ProductKernels& kernels, const CodedRows& x)
      : panels_(panels), kernels_(kernels), x_(x) {}

  /// sums[p][row of the chunk][kPanel] for panels [first, first + count)
  void sum_codes(const RowChunk& chunk, std::size_t first, std::size_t count,
                 std::int32_t* sums) const {
    // Several tiles find a panel in the cache; one tile is faster with all panels at once.
    const std::size_t at_once = chunk.last_tile - chunk.first_tile == 1 ? count : 1;
    for (std::size_t p = 0; p < count; p += at_once, sums += chunk.rows * kPanel) {
      for (std::size_t t = chunk.first_tile; t < chunk.last_tile; ++t) {
        const std::size_t row = (t - chunk.first_tile) * x_.tiles.tile_rows;
        kernels_.multiply_codes({.weights = panels_.panel(first + p),
                                 .panel_bytes = panels_.panel_bytes,
                                 .panels = at_once,
                                 .x = x_.tiles.tile(t),
                                 .rows = x_.tiles.rows_of(t),
                                 .quads = x_.tiles.row_size / kQuad,
                                 .code_sums = panels_.code_sums.data() + (first + p) * kPanel,
                                 .sums = sums + row * kPanel,
                                 .panel_sums = chunk.rows * kPanel,
                                 .ahead = t == chunk.first_tile ? kAhead : 0});
      }
    }
  }

  /// sums[row of the chunk][kPanel] of the outlier columns, in floating point. False where no row
  /// has any.
  bool sum_outliers(const RowChunk& chunk, std::size_t panel, float* sums) const {
    if (x_.segments.empty()) return false;
    std::fill_n(sums, chunk.rows * kPanel, 0.0F);
    const auto by_row = [](const Segment& segment, std::size_t row) {
      return segment.first_row < row;
    };
    auto segment =
        std::lower_bound(x_.segments.begin(), x_.segments.end(), chunk.first_row, by_row);
    const std::vector<std::uint32_t>* columns = nullptr;
    float* weights = nullptr;
    for (; segment != x_.segments.end() && segment->first_row < chunk.first_row + chunk.rows;
         ++segment) {
      const auto* own = &x_.outlier_columns[segment->sequence];
      if (own != columns) {
        columns = own;
        weights = outlier_weight_scratch.reserve(columns->size() * kPanel);
        copy_columns(panels_, panel, *columns, weights);
      }
      kernels_.multiply_f32({.weights = reinterpret_cast<const std::byte*>(weights),
                             .panels = 1,
                             .x = segment->outliers.data(),
                             .rows = segment->rows,
                             .depth = columns->size(),
                             .sums = sums + (segment->first_row - chunk.first_row) * kPanel});
    }
    return true;
  }

 private:
  const PackedPanels& panels_;
  const ProductKernels& kernels_;
  const CodedRows& x_;
};

/// What becomes of the sums of a panel's outputs.
struct Outputs {
  std::size_t count = 0;
  float scales[kPanel] = {};
  float bias[kPanel] = {};
};

Outputs outputs_of(const PackedPanels& panels, std::size_t panel, const float* bias) {
  const std::size_t first = panel * kPanel;
  Outputs outputs = {.count = std::min(kPanel, panels.rows - first)};
  std::copy_n(panels.scales.data() + first, kPanel, outputs.scales);
  if (bias != nullptr) std::copy_n(bias + first, outputs.count, outputs.bias);
  return outputs;
}

/// Sums of a panel, and where they go.
template <typename T>
struct PanelSums {
  const std::int32_t* codes = nullptr;  ///< [rows][kPanel]
  const float* outliers = nullptr;      ///< [rows][kPanel]; null: none
  const float* scales = nullptr;        ///< [rows]
  std::size_t rows = 0;
  T* y = nullptr;
  std::size_t y_stride = 0;
};

/// y = codes * (scale of the row * scale of the output / 127^2) + bias + outliers
template <typename T>
[[gnu::always_inline]] inline void store_each(const PanelSums<T>& sums, const Outputs& outputs) {
  static constexpr float kNone[kPanel] = {};
  for (std::size_t r = 0; r < sums.rows; ++r) {
    const std::int32_t* codes = sums.codes + r * kPanel;
    const float* outliers = sums.outliers == nullptr ? kNone : sums.outliers + r * kPanel;
    T values[kPanel];
    for (std::size_t o = 0; o < kPanel; ++o) {
      const float factor = sums.scales[r] * outputs.scales[o] / (127.0F * 127.0F);
      values[o] =
          round_to<T>(static_cast<float>(codes[o]) * factor + outputs.bias[o] + outliers[o]);
    }
    std::copy_n(values, outputs.count, sums.y + r * sums.y_stride);
  }
}

SIGHTLINE_VECTORISED
void store_sums(const PanelSums<float>& sums, const Outputs& outputs) {
  store_each(sums, outputs);
}

SIGHTLINE_VECTORISED
void store_sums(const PanelSums<BFloat16>& sums, const Outputs& outputs) {
  store_each(sums, outputs);
}

}  // namespace

template <typename T>
void multiply_codes(const PackedPanels& panels, const ProductKernels& kernels, const T* x,
                    const float* bias, T* y, const PackedMatrix::Rows& rows) {
  if (rows.count == 0) return;
  const CodedRows coded = code_rows(x, panels.columns, rows, kernels);
  const CodeProduct product(panels, kernels, coded);
  const std::size_t chunks =
      chunk_count(coded.tiles.tiles(), coded.tiles.tile_rows, kChunkRows, panels.panels());
  const auto work = [&](std::size_t index, std::size_t first, std::size_t count) {
    const RowChunk chunk = coded.tiles.chunk(index, chunks);
    std::int32_t* sums = code_sum_scratch.reserve(count * chunk.rows * kPanel);
    float* outliers = outlier_scratch.reserve(chunk.rows * kPanel);
    product.sum_codes(chunk, first, count, sums);
    for (std::size_t p = 0; p < count; ++p) {
      const bool any = product.sum_outliers(chunk, first + p, outliers);
      store_sums(PanelSums<T>{.codes = sums + p * chunk.rows * kPanel,
                              .outliers = any ? outliers : nullptr,
                              .scales = coded.scales.data() + chunk.first_row,
                              .rows = chunk.rows,
                              .y = y + chunk.first_row * rows.y_stride + (first + p) * kPanel,
                              .y_stride = rows.y_stride},
                 outputs_of(panels, first + p, bias));
    }
  };
  for_each_group(chunks, panels.panels(), kPanelGroup, panels.panel_bytes,
                 kPanel * panels.columns * rows.count / chunks, work);
}

template void multiply_codes(const PackedPanels&, const ProductKernels&, const float*, const float*,
                             float*, const PackedMatrix::Rows&);
template void multiply_codes(const PackedPanels&, const ProductKernels&, const BFloat16*,
                             const float*, BFloat16*, const PackedMatrix::Rows&);

}  // namespace sightline
