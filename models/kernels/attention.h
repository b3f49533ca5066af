#pragma once

#include <cstddef>
#include <span>

#include "models/kernels/packed_matrix.h"

namespace sightline {

/// The keys that one query sees: [begin, end).
struct KeyRange {
  std::size_t begin = 0, end = 0;
};

/// Attention of the queries of one sequence, on a CPU: for every query head h and query i
///   s_j = softcap(scale * q_i . k_j), p = softmax(s) over the keys of ranges[i], o_i = sum p_j v_j
/// with softcap(s) = cap * tanh(s / cap); query head h uses key-value head h / (heads / kv_heads).
/// A result depends on its own query, keys and values alone: not on other queries of the call, nor
/// on threads, nor on the processor. (Its last bits depend on the keys' numbers: the same keys
/// under other numbers are summed in another order.) Keys outside a query's range may hold
/// anything. Where all scores of a query are -infinity, or one is NaN, its result is NaN. BFloat16
/// rounds as transformers' eager attention does: scores behind the product, the scale and the soft
/// cap; softmax in float32, its result; and the sum.
template <typename T>
struct AttentionCall {
  std::size_t heads = 0, kv_heads = 0, head_dim = 0;
  float scale = 1;
  float softcap = 0;             ///< 0: none
  const T* queries = nullptr;    ///< [queries, heads, head_dim], rows `query_stride` apart
  std::size_t query_stride = 0;  ///< elements
  const T* keys = nullptr;       ///< key j of head h at keys + j * key_stride + h * key_head_stride
  const T* values = nullptr;     ///< likewise
  std::size_t key_stride = 0, key_head_stride = 0;
  std::span<const KeyRange> ranges;  ///< one a query; none is empty, mostly alike or ascending
  T* out = nullptr;                  ///< [queries, heads, head_dim], rows `out_stride` apart
  std::size_t out_stride = 0;
};

/// Several sequences at once, spread over all threads. The results must not overlap the inputs.
/// Throws `Error` for a query without keys, and for heads that `kv_heads` does not divide.
void attend(std::span<const AttentionCall<float>> calls);
void attend(std::span<const AttentionCall<BFloat16>> calls);

}  // namespace sightline
