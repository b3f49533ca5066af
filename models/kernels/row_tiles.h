#pragma once

#include <algorithm>
#include <cstddef>

#include "harness/base/parallel.h"
#include "models/kernels/product_kernels.h"

/// How the rows of a product are divided: in tiles, whose sums fit a processor's registers, and
/// chunks of tiles, whose inputs fit its cache.
namespace sightline {

/// Rows [first_row, first_row + rows), which are the tiles [first_tile, last_tile).
struct RowChunk {
  std::size_t first_tile = 0, last_tile = 0, first_row = 0, rows = 0;
};

/// Inputs of a product, tile by tile; all tiles but the last have `tile_rows` rows.
template <typename T>
struct RowTiles {
  const T* data = nullptr;
  std::size_t rows = 0, tile_rows = 0;
  std::size_t row_size = 0;  ///< a row's share of its tile

  std::size_t tiles() const { return (rows + tile_rows - 1) / tile_rows; }
  std::size_t rows_of(std::size_t tile) const {
    return std::min(tile_rows, rows - tile * tile_rows);
  }
  const T* tile(std::size_t index) const { return data + index * tile_rows * row_size; }

  RowChunk chunk(std::size_t index, std::size_t chunks) const {
    RowChunk result = {.first_tile = tiles() * index / chunks,
                       .last_tile = tiles() * (index + 1) / chunks};
    result.first_row = result.first_tile * tile_rows;
    result.rows = std::min(rows, result.last_tile * tile_rows) - result.first_row;
    return result;
  }
};

/// Rows of a tile, at most `most`, such that a few tiles are about the same size.
inline std::size_t even_tile_rows(std::size_t rows, std::size_t most) {
  const std::size_t tiles = (rows + most - 1) / most;
  return (rows + tiles - 1) / tiles;
}

/// Into how many chunks tiles are divided: such that inputs stay in the cache, and into more where
/// there are fewer panels than all threads need.
inline std::size_t chunk_count(std::size_t tiles, std::size_t tile_rows, std::size_t chunk_rows,
                               std::size_t panels) {
  constexpr std::size_t kLeastTiles = 4;
  const std::size_t for_cache = (tiles * tile_rows + chunk_rows - 1) / chunk_rows;
  const std::size_t for_threads = (4 * thread_count() + panels - 1) / panels;
  return std::max(for_cache, std::min(for_threads, tiles / kLeastTiles));
}

/// Calls `work(chunk index, first panel, panels)` for all panels of all chunks, in parallel, for up
/// to `group` panels at once. `panel_bytes` and `products` tell the work there is in one panel with
/// a chunk.
template <typename Work>
void for_each_group(std::size_t chunks, std::size_t panels, std::size_t group,
                    std::size_t panel_bytes, std::size_t products, Work&& work) {
  // About 5 us.
  constexpr std::size_t kGrainBytes = std::size_t{1} << 17;
  constexpr std::size_t kGrainProducts = std::size_t{1} << 19;
  const std::size_t grain = std::min(kGrainBytes / panel_bytes, kGrainProducts / products) + 1;
  parallel_for(chunks * panels, grain, [&](std::size_t begin, std::size_t end) {
    while (begin < end) {
      const std::size_t panel = begin % panels;
      const std::size_t count = std::min({group, panels - panel, end - begin});
      work(begin / panels, panel, count);
      begin += count;
    }
  });
}

}  // namespace sightline
