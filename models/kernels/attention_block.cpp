#include "models/kernels/attention_block.h"

#include <algorithm>
#include <vector>

#include "models/kernels/scratch.h"

namespace sightline {

namespace {

/// Values that are rearranged at once. Many rows: a panel of them stays in the first-level cache
/// while it serves all tiles. Few rows: all panels do.
constexpr std::size_t kValuesForManyRows = 128, kValuesForFewRows = 32;
/// Panels of keys at once. Up to three rows have few sums, each of which waits for its last
/// product: several panels fill the time.
constexpr std::size_t kFewRows = 3, kPanelsForFewRows = 4;
constexpr std::size_t kLanes = 16;  // rows that are transposed at once

thread_local Scratch<float> scratch;

std::size_t round_up(std::size_t x, std::size_t unit) {
  return (x + unit - 1) / unit * unit;
}

KeyRange intersection(const KeyRange& a, const KeyRange& b) {
  const std::size_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

bool is_empty(const KeyRange& range) {
  return range.begin >= range.end;
}

/// A few rows that are multiplied at once: queries of one head, or the heads of one query.
template <typename T>
struct Tile {
  const T* queries = nullptr;
  T* out = nullptr;
  std::size_t query_stride = 0, out_stride = 0;
  const KeyRange* ranges = nullptr;
  std::size_t range_step = 0;
  std::size_t rows = 0;
  KeyRange seen, common;  ///< keys of any, and of all rows
  // In the thread's scratch memory:
  float* packed_queries = nullptr;  ///< [head_dim][rows]
  float* scores = nullptr;          ///< [panels of keys][rows][kPanel]
  float* sums = nullptr;            ///< [panels of the head][rows][kPanel]
  float* divisors = nullptr;        ///< [rows]

  const KeyRange& range(std::size_t row) const { return ranges[row * range_step]; }
};

template <typename T>
class BlockWork {
 public:
  BlockWork(const AttentionCall<T>& call, const AttentionBlock& block,
            const AttentionKernels& kernels)
      : call_(call),
        kernels_(kernels.of<T>()),
        transpose_scores_(kernels.floats.transpose),
        products_(*kernels.products),
        head_panels_(round_up(call.head_dim, kPanel) / kPanel) {
    const std::size_t kv_head = block.first_head / (call.heads / call.kv_heads);
    keys_ = call.keys + kv_head * call.key_head_stride;
    values_ = call.values + kv_head * call.key_head_stride;
    make_tiles(block);
    if (tiles_.size() == 1) {
      values_at_once_ = kValuesForFewRows;
      if (tiles_.front().rows <= kFewRows) panels_at_once_ = kPanelsForFewRows;
    }
    reserve_memory();
  }

  void run() {
    for (Tile<T>& tile : tiles_) {
      kernels_.transpose(tile.queries, tile.query_stride, {0, tile.rows, call_.head_dim},
                         tile.packed_queries, tile.rows);
    }
    for (std::size_t key = first_key_; key < seen_.end; key += panels_at_once_ * kPanel) {
      multiply_keys(key);
    }
    for (Tile<T>& tile : tiles_) make_weights(tile);
    for (std::size_t key = first_key_; key < seen_.end; key += values_at_once_) add_values(key);
    for (const Tile<T>& tile : tiles_) store(tile);
  }

 private:
  void make_tiles(const AttentionBlock& block) {
    const AttentionCall<T>& call = call_;
    const bool across_heads = block.queries == 1;
    const std::size_t rows = across_heads ? block.heads : block.queries;
    for (std::size_t head = 0; head < (across_heads ? 1 : block.heads); ++head) {
      for (std::size_t row = 0; row < rows; row += products_.tile_rows) {
        const std::size_t query = block.first_query + (across_heads ? 0 : row);
        const std::size_t column = (block.first_head + (across_heads ? row : head)) * call.head_dim;
        add_tile({.queries = call.queries + query * call.query_stride + column,
                  .out = call.out + query * call.out_stride + column,
                  .query_stride = across_heads ? call.head_dim : call.query_stride,
                  .out_stride = across_heads ? call.head_dim : call.out_stride,
                  .ranges = &call.ranges[query],
                  .range_step = across_heads ? std::size_t{0} : std::size_t{1},
                  .rows = std::min(products_.tile_rows, rows - row)});
      }
    }
    first_key_ = seen_.begin / kPanel * kPanel;
  }

  void add_tile(Tile<T> tile) {
    tile.seen = tile.common = tile.range(0);
    for (std::size_t row = 1; row < tile.rows; ++row) {
      const KeyRange& range = tile.range(row);
      tile.common = intersection(tile.common, range);
      tile.seen = {std::min(tile.seen.begin, range.begin), std::max(tile.seen.end, range.end)};
    }
    if (tiles_.empty()) seen_ = tile.seen;
    seen_ = {std::min(seen_.begin, tile.seen.begin), std::max(seen_.end, tile.seen.end)};
    tiles_.push_back(tile);
  }

  void reserve_memory() {
    const std::size_t panel_floats =
        kPanel * std::max(panels_at_once_ * call_.head_dim, values_at_once_ * head_panels_);
    const std::size_t weight_floats = values_at_once_ * products_.tile_rows + kLanes;
    std::size_t rows = 0;
    for (const Tile<T>& tile : tiles_) rows += tile.rows;
    const std::size_t panels = (seen_.end - first_key_ + kPanel - 1) / kPanel;
    const std::size_t query_floats = round_up(rows * call_.head_dim + kLanes, kLanes);
    const std::size_t score_floats = rows * panels * kPanel;
    const std::size_t sum_floats = rows * head_panels_ * kPanel;
    float* next = scratch.reserve(panel_floats + round_up(weight_floats, kLanes) + score_floats +
                                  sum_floats + query_floats + rows);
    const auto take = [&](std::size_t floats) { return std::exchange(next, next + floats); };
    panel_ = take(panel_floats);
    weights_ = take(round_up(weight_floats, kLanes));
    for (Tile<T>& tile : tiles_) tile.scores = take(tile.rows * panels * kPanel);
    for (Tile<T>& tile : tiles_) tile.sums = take(tile.rows * head_panels_ * kPanel);
    for (Tile<T>& tile : tiles_) tile.divisors = take(tile.rows);
    // Last, since transposing writes up to sixteen floats beyond a tile: into the next one.
    for (Tile<T>& tile : tiles_) tile.packed_queries = take(tile.rows * call_.head_dim);
  }

  float* scores_of(const Tile<T>& tile, std::size_t key) const {
    const std::size_t panel = (key - first_key_) / kPanel;
    return tile.scores + panel * tile.rows * kPanel + (key - first_key_) % kPanel;
  }

  /// Keys [first, first + kPanel), of those that are seen, to [head_dim][kPanel].
  void arrange_keys(std::size_t first, float* panel) {
    for (std::size_t half = first; half < first + kPanel; half += kLanes) {
      const KeyRange keys = intersection(seen_, {half, half + kLanes});
      const std::size_t begin = keys.begin - half;
      kernels_.transpose(keys_ + half * call_.key_stride, call_.key_stride,
                         {.first = begin,
                          .last = begin + (keys.end - keys.begin),
                          .columns = call_.head_dim,
                          .next = kLanes},
                         panel + (half - first), kPanel);
    }
  }

  /// The scores of all rows with the keys of `panels_at_once_` panels.
  void multiply_keys(std::size_t first) {
    const KeyRange keys = intersection(seen_, {first, first + panels_at_once_ * kPanel});
    const std::size_t panels = (keys.end - first + kPanel - 1) / kPanel;
    const std::size_t panel_floats = call_.head_dim * kPanel;
    for (std::size_t p = 0; p < panels; ++p) {
      arrange_keys(first + p * kPanel, panel_ + p * panel_floats);
    }
    for (const Tile<T>& tile : tiles_) {
      if (is_empty(intersection(tile.seen, keys))) continue;
      products_.multiply_f32({.weights = reinterpret_cast<const std::byte*>(panel_),
                              .panel_bytes = panel_floats * sizeof(float),
                              .panels = panels,
                              .x = tile.packed_queries,
                              .rows = tile.rows,
                              .depth = call_.head_dim,
                              .sums = scores_of(tile, first),
                              .panel_floats = tile.rows * kPanel});
    }
  }

  void make_weights(Tile<T>& tile) {
    for (std::size_t row = 0; row < tile.rows; ++row) {
      const KeyRange range = {tile.range(row).begin - first_key_, tile.range(row).end - first_key_};
      const ScoreRow scores = {.scores = tile.scores + row * kPanel, .stride = tile.rows * kPanel};
      tile.divisors[row] = kernels_.softmax(scores, range, call_.scale, call_.softcap);
    }
    std::fill_n(tile.sums, tile.rows * head_panels_ * kPanel, 0.0F);
  }

  /// Adds the weighted values of the keys [first, first + values_at_once_).
  void add_values(std::size_t first) {
    const KeyRange keys = intersection(seen_, {first, first + values_at_once_});
    kernels_.copy_panels(values_ + keys.begin * call_.key_stride, call_.key_stride,
                         keys.end - keys.begin, call_.head_dim,
                         panel_ + (keys.begin - first) * kPanel, values_at_once_ * kPanel);
    for (const Tile<T>& tile : tiles_) {
      const KeyRange common = intersection(tile.common, keys);
      // Where a tile has no common keys, all of a row's keys come first; the order is kept, since
      // keys of other rows have no part in a row's sum.
      for (std::size_t row = 0; row < tile.rows; ++row) {
        KeyRange before = tile.range(row);
        if (!is_empty(tile.common)) before.end = std::min(before.end, tile.common.begin);
        add_row(tile, row, intersection(before, keys), first);
      }
      if (!is_empty(common)) add_tile_values(tile, common, first);
      if (is_empty(tile.common)) continue;
      for (std::size_t row = 0; row < tile.rows; ++row) {
        const KeyRange after = {tile.common.end, tile.range(row).end};
        add_row(tile, row, intersection(after, keys), first);
      }
    }
  }

  TileCall product(const KeyRange& keys, std::size_t first, float* sums, const Tile<T>& tile) {
    return {.weights = reinterpret_cast<const std::byte*>(panel_ + (keys.begin - first) * kPanel),
            .panel_bytes = values_at_once_ * kPanel * sizeof(float),
            .panels = head_panels_,
            .rows = 1,
            .depth = keys.end - keys.begin,
            .sums = sums,
            .panel_floats = tile.rows * kPanel,
            .go_on = true};
  }

  /// The keys of one row that not all rows of the tile see.
  void add_row(const Tile<T>& tile, std::size_t row, KeyRange keys, std::size_t first) {
    while (!is_empty(keys)) {
      const std::size_t panel_end = keys.begin / kPanel * kPanel + kPanel;
      const KeyRange some = {keys.begin, std::min(keys.end, panel_end)};
      TileCall call = product(some, first, tile.sums + row * kPanel, tile);
      call.x = scores_of(tile, some.begin) + row * kPanel;
      products_.multiply_f32(call);
      keys.begin = some.end;
    }
  }

  void add_tile_values(const Tile<T>& tile, const KeyRange& keys, std::size_t first) {
    for (std::size_t key = keys.begin / kLanes * kLanes; key < keys.end; key += kLanes) {
      transpose_scores_(scores_of(tile, key), kPanel, {0, tile.rows, kLanes},
                        weights_ + (key - first) * tile.rows, tile.rows);
    }
    TileCall call = product(keys, first, tile.sums, tile);
    call.x = weights_ + (keys.begin - first) * tile.rows;
    call.rows = tile.rows;
    products_.multiply_f32(call);
  }

  void store(const Tile<T>& tile) {
    for (std::size_t row = 0; row < tile.rows; ++row) {
      kernels_.divide(tile.sums + row * kPanel, tile.rows * kPanel, call_.head_dim,
                      tile.divisors[row], tile.out + row * tile.out_stride);
    }
  }

  const AttentionCall<T>& call_;
  const AttentionKernelsOf<T>& kernels_;
  decltype(AttentionKernelsOf<float>::transpose) transpose_scores_;
  const ProductKernels& products_;
  const std::size_t head_panels_;
  const T* keys_ = nullptr;
  const T* values_ = nullptr;
  std::vector<Tile<T>> tiles_;
  KeyRange seen_;
  std::size_t first_key_ = 0;  ///< the start of the panel that `seen_` begins in
  std::size_t panels_at_once_ = 1, values_at_once_ = kValuesForManyRows;
  // In the thread's scratch memory:
  /// Keys [panel][head_dim][kPanel], then values [panel][values_at_once_][kPanel].
  float* panel_ = nullptr;
  float* weights_ = nullptr;  ///< [values_at_once_][rows of a tile]
};

}  // namespace

template <typename T>
void attend_block(const AttentionCall<T>& call, const AttentionBlock& block,
                  const AttentionKernels& kernels) {
  BlockWork<T>(call, block, kernels).run();
}

template void attend_block(const AttentionCall<float>&, const AttentionBlock&,
                           const AttentionKernels&);
template void attend_block(const AttentionCall<BFloat16>&, const AttentionBlock&,
                           const AttentionKernels&);

}  // namespace sightline
