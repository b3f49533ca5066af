#include "models/kernels/attention.h"

#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/kernels/attention_block.h"

namespace sightline {

namespace {

/// Rows of a block: enough to make up for rearranging keys and values, unless their scores would
/// take more than 4 MiB.
constexpr std::size_t kBlockRows = 144;
constexpr std::size_t kScoreFloats = std::size_t{1} << 20;
/// Blocks take different times; with some for each thread, all end at about the same time.
constexpr std::size_t kBlocksPerThread = 3;
/// Products worth a hand-over to another thread, some 5 us.
constexpr std::size_t kGrainProducts = std::size_t{1} << 19;

template <typename T>
struct Work {
  const AttentionCall<T>* call = nullptr;
  AttentionBlock block;
};

template <typename T>
void check(const AttentionCall<T>& call) {
  require(call.kv_heads > 0 && call.heads % call.kv_heads == 0,
          "attention: {} query heads cannot share {} key-value heads", call.heads, call.kv_heads);
  for (const KeyRange& range : call.ranges) {
    require(range.begin < range.end, "attention: a query sees the keys [{}, {}), which is none",
            range.begin, range.end);
  }
}

/// The most keys that a query of the call sees.
template <typename T>
std::size_t keys_of(const AttentionCall<T>& call) {
  std::size_t keys = 0;
  for (const KeyRange& range : call.ranges) keys = std::max(keys, range.end - range.begin);
  return keys;
}

/// The largest blocks that calls are divided into.
struct BlockSize {
  std::size_t rows = 0;   ///< queries times heads, at least those of a tile
  std::size_t heads = 0;  ///< of those that share a key-value head
};

template <typename T>
std::size_t queries_at_once(const AttentionCall<T>& call, const BlockSize& size,
                            std::size_t tile_rows) {
  const std::size_t rows = std::min(size.rows, kScoreFloats / keys_of(call));
  return std::max<std::size_t>(1, rows / (size.heads * tile_rows)) * tile_rows;
}

template <typename T>
void divide(const AttentionCall<T>& call, BlockSize size, std::size_t tile_rows,
            std::vector<Work<T>>& works) {
  if (call.ranges.empty()) return;
  const std::size_t group = call.heads / call.kv_heads;
  size.heads = std::min(size.heads, group);
  const std::size_t queries = queries_at_once(call, size, tile_rows);
  for (std::size_t first = 0; first < call.heads; first += group) {
    for (std::size_t head = first; head < first + group; head += size.heads) {
      for (std::size_t query = 0; query < call.ranges.size(); query += queries) {
        works.push_back({&call,
                         {.first_query = query,
                          .queries = std::min(queries, call.ranges.size() - query),
                          .first_head = head,
                          .heads = std::min(size.heads, first + group - head)}});
      }
    }
  }
}

/// Blocks for all threads. Where there are few sequences, blocks have fewer queries, and then the
/// heads that share keys are taken apart.
template <typename T>
std::vector<Work<T>> divide(std::span<const AttentionCall<T>> calls, std::size_t tile_rows) {
  BlockSize size = {.rows = 1, .heads = 1};
  for (const AttentionCall<T>& call : calls) {
    const std::size_t heads = call.heads / call.kv_heads;
    size.heads = std::max(size.heads, heads);
    size.rows = std::max(size.rows, std::min(kBlockRows, call.ranges.size() * heads));
  }
  for (;;) {
    std::vector<Work<T>> works;
    for (const AttentionCall<T>& call : calls) divide(call, size, tile_rows, works);
    if (size.rows > tile_rows && works.size() < kBlocksPerThread * thread_count()) {
      size.rows /= 2;
    } else if (size.heads > 1 && works.size() < thread_count()) {
      size.heads = (size.heads + 1) / 2;
    } else {
      return works;
    }
  }
}

/// How many blocks are worth a hand-over.
template <typename T>
std::size_t grain_of(const std::vector<Work<T>>& works) {
  const AttentionCall<T>& call = *works.front().call;
  const AttentionBlock& block = works.front().block;
  const std::size_t rearranging = 8;  // a key or value costs about as much as products of 8 rows
  const std::size_t products =
      keys_of(call) * call.head_dim * (2 * block.queries * block.heads + rearranging);
  return kGrainProducts / std::max<std::size_t>(1, products) + 1;
}

}  // namespace

template <typename T>
void attend(std::span<const AttentionCall<T>> calls, const AttentionKernels& kernels) {
  for (const AttentionCall<T>& call : calls) check(call);
  const std::vector<Work<T>> works = divide(calls, kernels.products->tile_rows);
  if (works.empty()) return;
  parallel_for(works.size(), grain_of(works), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      attend_block(*works[i].call, works[i].block, kernels);
    }
  });
}

template void attend(std::span<const AttentionCall<float>>, const AttentionKernels&);
template void attend(std::span<const AttentionCall<BFloat16>>, const AttentionKernels&);

void attend(std::span<const AttentionCall<float>> calls) {
  attend(calls, *attention_kernels().front());
}
void attend(std::span<const AttentionCall<BFloat16>> calls) {
  attend(calls, *attention_kernels().front());
}

}  // namespace sightline
