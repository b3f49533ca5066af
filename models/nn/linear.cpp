#include "models/nn/linear.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "harness/base/error.h"
#include "models/nn/quantised_tensors.h"

namespace sightline {

struct Linear::Quantised {
  std::optional<Int8Tensors> int8;
  std::vector<Nf4Tensors> nf4;  ///< of each layer: blocks of 64 do not run from one to the next
};

namespace {

// The fixed number of rows of `Compute::batch_invariant`.
constexpr std::int64_t kPieceRows = 64;

bool is_quantised(Precision precision) {
  return precision == Precision::kInt8 || precision == Precision::kNf4;
}

/// Weights that are not quantised stay as they are stored where that loses nothing: products take
/// BF16 and F16 as the floats that they are.
Storage storage_for(const Compute& compute, DType stored, bool quantise) {
  if (quantise && compute.precision == Precision::kInt8) return Storage::kInt8;
  if (quantise && compute.precision == Precision::kNf4) return Storage::kNf4;
  if (compute.precision == Precision::kBf16 || stored == DType::kBF16) return Storage::kBF16;
  return stored == DType::kF16 ? Storage::kF16 : Storage::kF32;
}

const BFloat16* bits(const at::Tensor& tensor) {
  return reinterpret_cast<const BFloat16*>(tensor.data_ptr());
}

/// What is being loaded, for errors; rows of several tensors are counted through.
std::string describe(const Weights& weights, std::span<const Linear::Part> parts) {
  std::vector<std::string> names;
  for (const Linear::Part& part : parts) names.push_back(part.name + ".weight");
  return fmt::format("loading {} of {}", fmt::join(names, ", "), weights.place_of(names[0]));
}

at::Tensor multiply_in_pieces(const at::Tensor& x, const at::Tensor& weight,
                              const at::Tensor& bias) {
  const std::int64_t rows = x.size(0);
  std::vector<at::Tensor> parts;
  for (std::int64_t begin = 0; begin < rows; begin += kPieceRows) {
    const std::int64_t count = std::min(kPieceRows, rows - begin);
    at::Tensor piece = x.narrow(0, begin, count);
    if (count < kPieceRows) piece = at::constant_pad_nd(piece, {0, 0, 0, kPieceRows - count});
    parts.push_back(at::linear(piece, weight, bias).narrow(0, 0, count));
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

}  // namespace

Linear::Linear(Weights& weights, const Compute& compute, std::span<const Part> parts,
               std::int64_t in, const Options& options)
    : compute_(compute), in_(in) {
  const bool quantise = options.quantise && is_quantised(compute.precision);
  std::vector<at::Tensor> biases;
  for (const Part& part : parts) {
    out_ += part.out;
    if (options.bias) biases.push_back(weights.take_floats(part.name + ".bias", {part.out}));
    if (quantise) weights.count_quantised(part.name);
  }
  if (options.bias) {
    // The kernels add it in float32, libtorch in its own type.
    const at::ScalarType dtype = compute.kernels ? at::kFloat : compute.dtype;
    bias_ = (biases.size() == 1 ? biases[0] : at::cat(biases)).to(compute.dtype).to(dtype);
    bias_ = bias_.to(compute.device);
  }
  if (compute.kernels) {
    pack(weights, parts, quantise);
  } else {
    load_tensors(weights, parts, quantise);
  }
}

Linear::Linear(const Compute& compute, const at::Tensor& weight, const at::Tensor& bias)
    : compute_(compute), in_(weight.size(1)), out_(weight.size(0)) {
  bias_ = bias.to(compute.device, compute.kernels ? at::kFloat : compute.dtype);
  if (!compute.kernels) {
    weight_ = weight.to(compute.device, compute.dtype);
    return;
  }
  const at::Tensor rows = weight.contiguous();
  const std::span<const float> values(rows.data_ptr<float>(),
                                      static_cast<std::size_t>(rows.numel()));
  const TensorView view = view_of(values, {out_, in_});
  packed_ = PackedMatrix::pack({&view, 1}, storage_for(compute, DType::kF32, false));
}

void Linear::pack(Weights& weights, std::span<const Part> parts, bool quantise) {
  std::vector<TensorView> views;
  for (const Part& part : parts) {
    views.push_back(weights.take(part.name + ".weight", {part.out, in_}));
  }
  const bool alike = std::ranges::all_of(
      views, [&](const TensorView& view) { return view.dtype == views.front().dtype; });
  const Storage storage =
      storage_for(compute_, alike ? views.front().dtype : DType::kF32, quantise);
  const auto forget = [&](std::size_t part, std::span<const std::byte> bytes) {
    weights.forget(parts[part].name + ".weight", bytes);
  };
  packed_ = with_context(
      [&] { return describe(weights, parts); },
      [&] { return PackedMatrix::pack(views, storage, compute_.double_quantise, forget); });
  weights.count(packed_->bytes());
  for (const Part& part : parts) weights.release(part.name + ".weight");
}

void Linear::load_tensors(Weights& weights, std::span<const Part> parts, bool quantise) {
  std::vector<at::Tensor> tensors;
  for (const Part& part : parts) {
    tensors.push_back(to_floats(weights.take(part.name + ".weight", {part.out, in_})));
    if (!quantise) tensors.back() = tensors.back().to(compute_.device, compute_.dtype);
    weights.release(part.name + ".weight");
  }
  if (!quantise) {
    weight_ = tensors.size() == 1 ? tensors[0] : at::cat(tensors);
    return weights.count(weight_.nbytes());
  }
  with_context([&] { return describe(weights, parts); },
               [&] { quantised_ = quantise_tensors(tensors); });
  weights.count(bytes_of(*quantised_));
}

std::shared_ptr<const Linear::Quantised> Linear::quantise_tensors(
    const std::vector<at::Tensor>& tensors) const {
  auto quantised = std::make_shared<Quantised>();
  if (compute_.precision == Precision::kInt8) {
    const at::Tensor all = tensors.size() == 1 ? tensors[0] : at::cat(tensors);
    quantised->int8 = quantise_int8_tensors(all, compute_.device);
    return quantised;
  }
  for (const at::Tensor& tensor : tensors) {
    quantised->nf4.push_back(
        quantise_nf4_tensors(tensor, compute_.double_quantise, compute_.device));
  }
  return quantised;
}

std::size_t Linear::bytes_of(const Quantised& quantised) {
  std::size_t bytes = 0;
  if (quantised.int8) bytes += quantised.int8->codes.nbytes() + quantised.int8->scales.nbytes();
  for (const Nf4Tensors& part : quantised.nf4) bytes += part.packed.nbytes() + part.absmax.nbytes();
  return bytes;
}

at::Tensor Linear::dequantised(at::ScalarType dtype) const {
  std::vector<at::Tensor> parts;
  for (const Nf4Tensors& part : quantised_->nf4) parts.push_back(dequantise(part, dtype));
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

at::Tensor Linear::operator()(const at::Tensor& x, SequenceEnds ends) const {
  return packed_ ? multiply_packed(x, ends) : multiply_tensors(x, ends);
}

at::Tensor Linear::multiply_packed(const at::Tensor& x, SequenceEnds ends) const {
  const at::Tensor rows = x.stride(1) == 1 ? x : x.contiguous();
  at::Tensor y = at::empty({x.size(0), out_}, x.options());
  const PackedMatrix::Rows layout{.count = static_cast<std::size_t>(x.size(0)),
                                  .x_stride = static_cast<std::size_t>(rows.stride(0)),
                                  .y_stride = static_cast<std::size_t>(out_),
                                  .sequence_ends = ends};
  const float* bias = bias_.defined() ? bias_.data_ptr<float>() : nullptr;
  if (compute_.dtype == at::kFloat) {
    packed_->multiply(rows.data_ptr<float>(), bias, y.data_ptr<float>(), layout);
  } else {
    auto* out = reinterpret_cast<BFloat16*>(y.data_ptr());
    packed_->multiply(bits(rows), bias, out, layout);
  }
  return y;
}

at::Tensor Linear::multiply_tensors(const at::Tensor& x, SequenceEnds ends) const {
  if (quantised_ && quantised_->int8) {
    at::Tensor y = multiply_int8(x, *quantised_->int8, ends);
    if (bias_.defined()) y = y + bias_;
    return y.to(x.scalar_type());
  }
  const at::Tensor weight = quantised_ ? dequantised(x.scalar_type()) : weight_;
  if (compute_.batch_invariant) return multiply_in_pieces(x, weight, bias_);
  return at::linear(x, weight, bias_);
}

}  // namespace sightline
