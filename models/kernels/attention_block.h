#pragma once

#include <cstddef>

#include "models/kernels/attention_kernels.h"

namespace sightline {

/// A part of an `AttentionCall` for one thread: some queries, with some of the query heads that
/// share a key-value head. Their keys and values are read and rearranged once.
struct AttentionBlock {
  std::size_t first_query = 0, queries = 0;
  std::size_t first_head = 0, heads = 0;
};

/// Scores of all keys first, then their softmax, then the weighted sum of the values. Every sum
/// runs over the dimensions of a head, or over the keys, in ascending order: what other rows a
/// block has does not change a result.
template <typename T>
void attend_block(const AttentionCall<T>& call, const AttentionBlock& block,
                  const AttentionKernels& kernels);

}  // namespace sightline
