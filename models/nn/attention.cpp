#include "models/nn/attention.h"

#include "models/kernels/row_functions.h"

#include <ATen/ATen.h>

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

/// [n, m]: 0 where a query sees a key, else minus infinity.
at::Tensor mask_of(std::span<const KeyRange> ranges, std::int64_t keys, const at::Tensor& like) {
  at::Tensor mask = at::full({static_cast<std::int64_t>(ranges.size()), keys},
                             -std::numeric_limits<float>::infinity(), at::kFloat);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto begin = static_cast<std::int64_t>(ranges[i].begin);
    const auto count = static_cast<std::int64_t>(ranges[i].end) - begin;
    mask.select(0, static_cast<std::int64_t>(i)).narrow(0, begin, count).fill_(0);
  }
  return mask.to(like.options());
}

at::Tensor attend_with_tensors(const AttentionShape& shape, const AttentionPart& part) {
  const std::int64_t count = part.queries.size(0), keys = part.keys.size(0);
  const std::int64_t group = shape.heads / shape.kv_heads;
  const at::Tensor q =
      part.queries.reshape({count, shape.heads, shape.head_dim}).transpose(0, 1);  // [H, n, d]
  const auto by_head = [&](const at::Tensor& x) {
    const at::Tensor heads = x.transpose(0, 1);  // [K, m, d]
    return group == 1 ? heads : heads.repeat_interleave(group, 0);
  };
  const at::Tensor k = by_head(part.keys), v = by_head(part.values);
  const at::Tensor mask = mask_of(part.ranges, keys, q);
  const auto flat = [&](const at::Tensor& out) {
    return out.transpose(0, 1).reshape({count, shape.heads * shape.head_dim});
  };
#if defined(TORCH_VERSION_MAJOR) && \
    (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1))
  if (shape.softcap == 0) {
    return flat(at::scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0),
                                                 mask, 0.0, false, shape.scale)
                    .squeeze(0));
  }
#endif
  at::Tensor scores = at::matmul(q, k.transpose(1, 2)) * shape.scale;
  if (shape.softcap > 0) scores = at::tanh(scores / shape.softcap) * shape.softcap;
  const at::Tensor weights = at::softmax((scores + mask).to(at::kFloat), -1).to(q.scalar_type());
  return flat(at::matmul(weights, v));
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
