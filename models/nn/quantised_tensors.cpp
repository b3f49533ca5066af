#include "models/nn/quantised_tensors.h"

#include <ATen/ATen.h>

#include "models/kernels/quantise.h"

namespace sightline {

namespace {

template <typename T>
at::Tensor copy_of(std::span<const T> values, at::ScalarType dtype, at::Device device) {
  const auto count = static_cast<std::int64_t>(values.size());
  // from_blob wants a mutable pointer; the clone is all that is kept.
  return at::from_blob(const_cast<T*>(values.data()), {count}, dtype).clone().to(device);
}

std::span<const float> values_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// Exact integer products: sums may pass 2^24, beyond which float32 would round.
at::Tensor integer_product(const at::Tensor& a, const at::Tensor& b) {
  return at::matmul(a.to(at::kDouble), b.to(at::kDouble).t()).to(at::kFloat);
}

at::Tensor multiply_sequence(const at::Tensor& x, const Int8Tensors& weights) {
  constexpr float kSteps = 127;
  const at::Tensor is_outlier = x.abs() >= kOutlierThreshold;            // [rows, in]
  const at::Tensor outliers = is_outlier.any(0).nonzero().flatten();     // columns
  const at::Tensor scales = x.abs().masked_fill(is_outlier, 0).amax(1);  // [rows]
  const at::Tensor inverse = at::where(scales > 0, kSteps / scales, at::zeros_like(scales));
  at::Tensor codes = at::round(x * inverse.unsqueeze(1));
  codes.index_fill_(1, outliers, 0);
  const at::Tensor scale = scales.unsqueeze(1) * weights.scales.unsqueeze(0) / (kSteps * kSteps);
  at::Tensor y = integer_product(codes, weights.codes) * scale;
  if (outliers.numel() > 0) {
    const at::Tensor columns = weights.codes.index_select(1, outliers).to(at::kFloat) *
                               weights.scales.unsqueeze(1) / kSteps;
    y = y + at::matmul(x.index_select(1, outliers), columns.t());
  }
  return y;
}

}  // namespace

Int8Tensors quantise_int8_tensors(const at::Tensor& weight, at::Device device) {
  const auto rows = static_cast<std::size_t>(weight.size(0));
  const auto columns = static_cast<std::size_t>(weight.size(1));
  const Int8Rows quantised = quantise_int8(values_of(weight), rows, columns);
  return {copy_of<std::int8_t>(quantised.codes, at::kChar, device).view(weight.sizes()),
          copy_of<float>(quantised.scales, at::kFloat, device)};
}

Nf4Tensors quantise_nf4_tensors(const at::Tensor& weight, bool double_quantise, at::Device device) {
  const Nf4Blocks blocks = quantise_nf4(values_of(weight), double_quantise);
  return {copy_of<std::uint8_t>(blocks.packed, at::kByte, device),
          copy_of<float>(blocks.absmax, at::kFloat, device),
          copy_of<float>(std::span<const float>(kNf4Codebook), at::kFloat, device), weight.size(0),
          weight.size(1)};
}

at::Tensor dequantise(const Nf4Tensors& weights, at::ScalarType dtype) {
  const std::int64_t count = weights.out * weights.in;
  const at::Tensor high = at::bitwise_right_shift(weights.packed, 4);
  const at::Tensor low = at::bitwise_and(weights.packed, 15);
  const at::Tensor codes = at::stack({high, low}, 1).flatten().narrow(0, 0, count);
  const at::Tensor scales =
      weights.absmax.repeat_interleave(static_cast<std::int64_t>(Nf4Blocks::kBlock))
          .narrow(0, 0, count);
  const at::Tensor values = weights.codebook.index_select(0, codes.to(at::kInt)) * scales;
  return values.view({weights.out, weights.in}).to(dtype);
}

at::Tensor multiply_int8(const at::Tensor& x, const Int8Tensors& weights, SequenceEnds ends) {
  const at::Tensor inputs = x.to(at::kFloat);
  if (ends.size() <= 1) return multiply_sequence(inputs, weights);
  std::vector<at::Tensor> parts;
  std::int64_t begin = 0;
  for (const std::size_t end : ends) {
    const auto rows = static_cast<std::int64_t>(end) - begin;
    parts.push_back(multiply_sequence(inputs.narrow(0, begin, rows), weights));
    begin = static_cast<std::int64_t>(end);
  }
  return at::cat(parts);
}

}  // namespace sightline
