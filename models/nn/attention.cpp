#include "models/nn/attention.h"

#include "models/kernels/row_functions.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#if __has_include(<torch/version.h>)
#include <torch/version.h>
#endif

namespace sightline {

namespace {

template <typename T>
T* data(const at::Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.data_ptr());
}

std::size_t elements_between(const at::Tensor& tensor, std::int64_t axis) {
  return static_cast<std::size_t>(tensor.stride(axis));
}

template <typename T>
void attend_with_kernels(const AttentionShape& shape, std::span<const AttentionPart> parts,
                         const at::Tensor& out) {
  std::vector<AttentionCall<T>> calls;
  T* to = data<T>(out);
  for (const AttentionPart& part : parts) {
    AttentionCall<T> call{.heads = static_cast<std::size_t>(shape.heads),
                          .kv_heads = static_cast<std::size_t>(shape.kv_heads),
                          .head_dim = static_cast<std::size_t>(shape.head_dim),
                          .scale = static_cast<float>(shape.scale),
                          .softcap = static_cast<float>(shape.softcap)};
    call.queries = data<T>(part.queries);
    call.query_stride = elements_between(part.queries, 0);
    call.keys = data<T>(part.keys);
    call.values = data<T>(part.values);
    call.key_stride = elements_between(part.keys, 0);
    call.key_head_stride = elements_between(part.keys, 1);
    call.ranges = part.ranges;
    call.out = to;
    call.out_stride = static_cast<std::size_t>(shape.heads * shape.head_dim);
    to += part.ranges.size() * call.out_stride;
    calls.push_back(call);
  }
  attend(std::span<const AttentionCall<T>>(calls));
}

bool see_the_same(std::span<const KeyRange> ranges) {
  return std::ranges::all_of(ranges, [&](const KeyRange& range) {
    return range.begin == ranges[0].begin && range.end == ranges[0].end;
  });
}

/// [n, m]: whether a query sees a key.
at::Tensor mask_of(std::span<const KeyRange> ranges, std::int64_t keys, at::Device device) {
  std::vector<std::int64_t> bounds;
  for (const KeyRange& range : ranges) {
    bounds.push_back(static_cast<std::int64_t>(range.begin));
    bounds.push_back(static_cast<std::int64_t>(range.end));
  }
  const at::Tensor both = at::tensor(bounds, at::kLong).view({-1, 2}).to(device);
  const at::Tensor place = at::arange(keys, both.options()).unsqueeze(0);
  return at::logical_and(place >= both.narrow(1, 0, 1), place < both.narrow(1, 1, 1));
}

/// @param q     [kv_heads, rows, d]: the query heads of a group below each other
/// @param k, v  [kv_heads, m, d]
/// @param mask  [rows, m]; not defined where all rows see all keys
at::Tensor attend_heads(const AttentionShape& shape, const at::Tensor& q, const at::Tensor& k,
                        const at::Tensor& v, const at::Tensor& mask) {
#if defined(TORCH_VERSION_MAJOR) && \
    (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1))
  if (shape.softcap == 0) {
    const c10::optional<at::Tensor> seen =
        mask.defined() ? c10::optional<at::Tensor>(mask) : c10::nullopt;
    return at::scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), seen,
                                            0.0, false, shape.scale)
        .squeeze(0);
  }
#endif
  at::Tensor scores = at::matmul(q, k.transpose(1, 2)) * shape.scale;
  if (shape.softcap > 0) scores = at::tanh(scores / shape.softcap) * shape.softcap;
  if (mask.defined()) {
    scores = scores.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity());
  }
  return at::matmul(at::softmax(scores.to(at::kFloat), -1).to(q.scalar_type()), v);
}

at::Tensor attend_with_tensors(const AttentionShape& shape, const AttentionPart& part) {
  const std::int64_t count = part.queries.size(0), d = shape.head_dim;
  const std::int64_t group = shape.heads / shape.kv_heads;
  at::Tensor keys = part.keys, values = part.values, mask;
  if (see_the_same(part.ranges)) {
    const auto begin = static_cast<std::int64_t>(part.ranges[0].begin);
    const auto seen = static_cast<std::int64_t>(part.ranges[0].end) - begin;
    keys = keys.narrow(0, begin, seen);
    values = values.narrow(0, begin, seen);
  } else {
    mask = mask_of(part.ranges, keys.size(0), keys.device()).repeat({group, 1});
  }
  const at::Tensor q = part.queries.reshape({count, shape.kv_heads, group, d})
                           .permute({1, 2, 0, 3})
                           .reshape({shape.kv_heads, group * count, d});
  return attend_heads(shape, q, keys.transpose(0, 1), values.transpose(0, 1), mask)
      .reshape({shape.kv_heads, group, count, d})
      .permute({2, 0, 1, 3})
      .reshape({count, shape.heads * d});
}

}  // namespace

at::Tensor attend(const Compute& compute, const AttentionShape& shape,
                  std::span<const AttentionPart> parts) {
  if (!compute.kernels) {
    std::vector<at::Tensor> out;
    for (const AttentionPart& part : parts) out.push_back(attend_with_tensors(shape, part));
    return out.size() == 1 ? out[0] : at::cat(out);
  }
  std::int64_t rows = 0;
  for (const AttentionPart& part : parts) rows += part.queries.size(0);
  at::Tensor out =
      at::empty({rows, shape.heads * shape.head_dim}, at::TensorOptions().dtype(compute.dtype));
  if (compute.dtype == at::kFloat) {
    attend_with_kernels<float>(shape, parts, out);
  } else {
    attend_with_kernels<BFloat16>(shape, parts, out);
  }
  return out;
}

std::vector<KeyRange> all_keys(std::size_t count) {
  return std::vector<KeyRange>(count, {0, count});
}

std::vector<KeyRange> causal_keys(std::size_t count) {
  std::vector<KeyRange> ranges(count);
  for (std::size_t i = 0; i < count; ++i) ranges[i] = {0, i + 1};
  return ranges;
}

Rotary::Rotary(const Compute& compute, std::int64_t head_dim, double theta) : compute_(compute) {
  for (std::int64_t i = 0; i < head_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(head_dim);
    inverse_frequencies_.push_back(1.0F / std::pow(static_cast<float>(theta), exponent));
  }
}

Rotary::Rotary(const Compute& compute, std::vector<float> inverse_frequencies)
    : compute_(compute), inverse_frequencies_(std::move(inverse_frequencies)) {}

Rotation Rotary::at(std::span<const std::int64_t> positions) const {
  const std::size_t half = inverse_frequencies_.size();
  const at::Tensor cos = at::empty(
      {static_cast<std::int64_t>(positions.size()), static_cast<std::int64_t>(half)}, at::kFloat);
  const at::Tensor sin = at::empty_like(cos);
  float* c = cos.data_ptr<float>();
  float* s = sin.data_ptr<float>();
  for (std::size_t r = 0; r < positions.size(); ++r) {
    for (std::size_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(positions[r]) * inverse_frequencies_[i];
      c[r * half + i] = std::cos(angle);
      s[r * half + i] = std::sin(angle);
    }
  }
  if (compute_.kernels) return {cos, sin};
  return {cos.to(compute_.device, compute_.dtype), sin.to(compute_.device, compute_.dtype)};
}

void rotate(const Compute& compute, at::Tensor& x, const Rotation& rotation) {
  const std::int64_t half = rotation.cos.size(1);
  if (compute.kernels) {
    const auto run = [&](auto* values) {
      rotate_halves(values, static_cast<std::size_t>(x.size(0)), elements_between(x, 0),
                    static_cast<std::size_t>(x.size(1)), static_cast<std::size_t>(2 * half),
                    rotation.cos.data_ptr<float>(), rotation.sin.data_ptr<float>());
    };
    if (compute.dtype == at::kFloat) return run(data<float>(x));
    return run(data<BFloat16>(x));
  }
  const at::Tensor cos = rotation.cos.unsqueeze(1), sin = rotation.sin.unsqueeze(1);
  const at::Tensor low = x.narrow(2, 0, half), high = x.narrow(2, half, half);
  x.copy_(at::cat({low * cos - high * sin, high * cos + low * sin}, 2));
}

}  // namespace sightline
