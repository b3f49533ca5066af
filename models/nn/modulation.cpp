#include "models/nn/modulation.h"

#include <ATen/ATen.h>

#include "models/kernels/row_functions.h"

namespace sightline {

namespace {

template <typename T>
T* data(const at::Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.data_ptr());
}

std::size_t size_of(std::int64_t count) {
  return static_cast<std::size_t>(count);
}

/// `work(sequence, values)` for the first value of each sequence of those that share a vector.
template <typename T>
void modulated_norm_rows(const at::Tensor& x, const Modulation& modulation, double eps,
                         const at::Tensor& to) {
  const std::int64_t groups = modulation.factor.size(0), width = x.size(1);
  const std::int64_t rows = x.size(0) / groups;
  for (std::int64_t i = 0; i < groups; ++i) {
    layer_norm(data<T>(x) + i * rows * width, data<float>(modulation.factor) + i * width,
               data<float>(modulation.shift) + i * width, data<T>(to) + i * rows * width,
               size_of(rows), size_of(width), static_cast<float>(eps));
  }
}

template <typename T>
void add_gated_rows(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  const std::int64_t groups = gate.size(0), width = x.size(1);
  const std::int64_t rows = x.size(0) / groups;
  for (std::int64_t i = 0; i < groups; ++i) {
    add_gated(data<T>(x) + i * rows * width, data<T>(y) + i * rows * width,
              data<float>(gate) + i * width, size_of(rows), size_of(width));
  }
}

template <typename T>
void norm_and_rotate_rows(const HeadShape& shape, const at::Tensor& x, const at::Tensor& scale,
                          double eps, const PairRotation& rotation, const at::Tensor& to) {
  const HeadRows rows{.rows = size_of(x.size(1)),
                      .heads = size_of(shape.heads),
                      .head_dim = size_of(shape.head_dim),
                      .x_stride = size_of(x.stride(1)),
                      .y_stride = size_of(to.stride(1))};
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    norm_rotate_pairs(data<T>(x) + i * x.stride(0), data<T>(to) + i * to.stride(0), rows,
                      data<float>(scale), static_cast<float>(eps), data<float>(rotation.cos),
                      data<float>(rotation.sin));
  }
}

/// [1 or sequences, 1, width] beside [sequences, positions, width].
at::Tensor by_sequence(const at::Tensor& x, const at::Tensor& vectors) {
  return x.view({vectors.size(0), -1, x.size(1)});
}

}  // namespace

Modulation no_modulation(const Compute& compute, std::int64_t width) {
  const at::TensorOptions options = at::TensorOptions().dtype(at::kFloat).device(compute.device);
  return {at::ones({1, width}, options), at::zeros({1, width}, options)};
}

at::Tensor modulated_norm(const Compute& compute, const at::Tensor& x, const Modulation& modulation,
                          double eps) {
  if (!compute.kernels) {
    const at::Tensor norm = at::layer_norm(x.to(at::kFloat), {x.size(1)}, {}, {}, eps);
    const at::Tensor scaled =
        by_sequence(norm, modulation.factor) * modulation.factor.unsqueeze(1) +
        modulation.shift.unsqueeze(1);
    return scaled.view(x.sizes()).to(x.scalar_type());
  }
  at::Tensor to = at::empty_like(x);
  if (x.scalar_type() == at::kFloat) {
    modulated_norm_rows<float>(x, modulation, eps, to);
  } else {
    modulated_norm_rows<BFloat16>(x, modulation, eps, to);
  }
  return to;
}

void add_gated(const Compute& compute, at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  if (!compute.kernels) {
    by_sequence(x, gate).add_(by_sequence(y, gate) * gate.to(x.scalar_type()).unsqueeze(1));
  } else if (x.scalar_type() == at::kFloat) {
    add_gated_rows<float>(x, y, gate);
  } else {
    add_gated_rows<BFloat16>(x, y, gate);
  }
}

PairRotation pair_rotation(const Compute& compute, const at::Tensor& angles) {
  const at::Tensor cos = at::cos(angles).to(at::kFloat), sin = at::sin(angles).to(at::kFloat);
  return {at::stack({cos, cos}, -1).flatten(1).to(compute.device),
          at::stack({-sin, sin}, -1).flatten(1).to(compute.device)};
}

void norm_and_rotate(const Compute& compute, const HeadShape& shape, const at::Tensor& x,
                     const at::Tensor& scale, double eps, const PairRotation& rotation,
                     at::Tensor to) {
  if (compute.kernels) {
    if (x.scalar_type() == at::kFloat) {
      return norm_and_rotate_rows<float>(shape, x, scale, eps, rotation, to);
    }
    return norm_and_rotate_rows<BFloat16>(shape, x, scale, eps, rotation, to);
  }
  const at::ScalarType dtype = x.scalar_type();
  const at::Tensor heads = x.unflatten(2, {shape.heads, shape.head_dim}).to(at::kFloat);
  const at::Tensor factor = at::rsqrt(heads.pow(2).mean(-1, true) + eps);
  const at::Tensor normed =
      ((heads * factor).to(dtype).to(at::kFloat) * scale).to(dtype).to(at::kFloat);
  const at::Tensor swapped = normed.unflatten(3, {shape.head_dim / 2, 2}).flip(-1).flatten(3);
  const at::Tensor turned =
      normed * rotation.cos.unsqueeze(1) + swapped * rotation.sin.unsqueeze(1);
  to.copy_(turned.flatten(2));
}

}  // namespace sightline
