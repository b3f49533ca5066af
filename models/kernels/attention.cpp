#include "models/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/parallel.h"
#include "models/kernels/bfloat16.h"

namespace sightline {

namespace {

template <typename T>
float rounded(float x) {
  return to_float(round_to<T>(x));
}

template <typename T>
float score(const AttentionCall<T>& call, const T* query, const T* key) {
  float sum = 0;
  for (std::size_t d = 0; d < call.head_dim; ++d) {
    sum = std::fma(to_float(query[d]), to_float(key[d]), sum);
  }
  sum = rounded<T>(rounded<T>(sum) * call.scale);
  if (call.softcap == 0) return sum;
  return rounded<T>(rounded<T>(std::tanh(rounded<T>(sum / call.softcap))) * call.softcap);
}

template <typename T>
void attend_one(const AttentionCall<T>& call, std::size_t query, std::size_t head) {
  const KeyRange range = call.ranges[query];
  const std::size_t kv_head = head / (call.heads / call.kv_heads);
  const T* keys = call.keys + kv_head * call.key_head_stride;
  const T* values = call.values + kv_head * call.key_head_stride;
  const T* q = call.queries + query * call.query_stride + head * call.head_dim;
  std::vector<float> weights;
  for (std::size_t j = range.begin; j < range.end; ++j) {
    weights.push_back(score(call, q, keys + j * call.key_stride));
  }
  const float largest = *std::ranges::max_element(weights);
  float total = 0;
  for (float& weight : weights) total += weight = std::exp(weight - largest);
  std::vector<float> sums(call.head_dim);
  for (std::size_t j = range.begin; j < range.end; ++j) {
    const float weight = rounded<T>(weights[j - range.begin] / total);
    const T* value = values + j * call.key_stride;
    for (std::size_t d = 0; d < call.head_dim; ++d) sums[d] += weight * to_float(value[d]);
  }
  T* out = call.out + query * call.out_stride + head * call.head_dim;
  std::ranges::transform(sums, out, round_to<T>);
}

template <typename T>
void attend_all(std::span<const AttentionCall<T>> calls) {
  for (const AttentionCall<T>& call : calls) {
    parallel_for(call.ranges.size() * call.heads, 4, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) attend_one(call, i / call.heads, i % call.heads);
    });
  }
}

}  // namespace

void attend(std::span<const AttentionCall<float>> calls) {
  attend_all(calls);
}
void attend(std::span<const AttentionCall<BFloat16>> calls) {
  attend_all(calls);
}

}  // namespace sightline
