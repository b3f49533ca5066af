#include "models/nn/layers.h"

#include <ATen/ATen.h>

#include <array>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

std::size_t rows_of(const at::Tensor& x) {
  return static_cast<std::size_t>(x.numel() / x.size(-1));
}
std::size_t width_of(const at::Tensor& x) {
  return static_cast<std::size_t>(x.size(-1));
}

/// Calls `work(const T* in, T* out)` for the type that the tensors hold.
template <typename Work>
void with_rows(const at::Tensor& in, const at::Tensor& out, const Work& work) {
  if (in.scalar_type() == at::kFloat) {
    work(in.data_ptr<float>(), out.data_ptr<float>());
  } else {
    work(reinterpret_cast<const BFloat16*>(in.data_ptr()),
         reinterpret_cast<BFloat16*>(out.data_ptr()));
  }
}

at::Tensor apply(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x * at::sigmoid(1.702 * x);
    case Activation::kSilu:
      return at::silu(x);
  }
  return x;
}

}  // namespace

RmsNorm::RmsNorm(Weights& weights, const Compute& compute, const std::string& name,
                 std::int64_t width, const RmsNormKind& kind)
    : compute_(compute), kind_(kind) {
  const at::Tensor stored = weights.take_floats(name + ".weight", {width});
  weight_ = stored.to(compute.dtype).to(at::kFloat).to(compute.device);
}

at::Tensor RmsNorm::operator()(const at::Tensor& x) const {
  if (compute_.kernels) {
    const at::Tensor in = x.contiguous();
    at::Tensor y = at::empty_like(in);
    with_rows(in, y, [&](const auto* from, auto* to) {
      rms_norm(from, weight_.data_ptr<float>(), to, rows_of(in), width_of(in), kind_);
    });
    return y;
  }
  const at::Tensor in = x.to(at::kFloat);
  const at::Tensor scaled = in * at::rsqrt(in.pow(2).mean(-1, true) + kind_.eps);
  const at::Tensor weight = kind_.one_plus_weight ? 1 + weight_ : weight_;
  if (!kind_.round_before_weight) return (scaled * weight).to(x.scalar_type());
  return scaled.to(x.scalar_type()) * weight.to(x.scalar_type());
}

LayerNorm::LayerNorm(Weights& weights, const Compute& compute, const std::string& name,
                     std::int64_t width, double eps)
    : compute_(compute), eps_(eps) {
  const at::ScalarType dtype = compute.kernels ? at::kFloat : compute.dtype;
  const auto load = [&](const char* part) {
    return weights.take_floats(name + part, {width}).to(compute.dtype).to(dtype).to(compute.device);
  };
  weight_ = load(".weight");
  bias_ = load(".bias");
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  if (!compute_.kernels) return at::layer_norm(x, {x.size(-1)}, weight_, bias_, eps_);
  const at::Tensor in = x.contiguous();
  at::Tensor y = at::empty_like(in);
  with_rows(in, y, [&](const auto* from, auto* to) {
    layer_norm(from, weight_.data_ptr<float>(), bias_.data_ptr<float>(), to, rows_of(in),
               width_of(in), static_cast<float>(eps_));
  });
  return y;
}

at::Tensor activate(const Compute& compute, at::Tensor x, Activation activation) {
  if (!compute.kernels) return apply(x, activation);
  with_rows(x, x, [&](const auto*, auto* to) {
    activate(to, static_cast<std::size_t>(x.numel()), activation);
  });
  return x;
}

at::Tensor soft_cap(const Compute& compute, at::Tensor x, double cap) {
  if (!compute.kernels) return at::tanh(x / cap) * cap;
  with_rows(x, x, [&](const auto*, auto* to) {
    soft_cap(to, static_cast<std::size_t>(x.numel()), static_cast<float>(cap));
  });
  return x;
}

Activation parse_activation(const std::string& name) {
  constexpr std::array<std::pair<const char*, Activation>, 6> kNames{
      {{"gelu", Activation::kGelu},
       {"gelu_pytorch_tanh", Activation::kGeluTanh},
       {"gelu_new", Activation::kGeluTanh},
       {"quick_gelu", Activation::kQuickGelu},
       {"silu", Activation::kSilu},
       {"swish", Activation::kSilu}}};
  for (const auto& [known, activation] : kNames) {
    if (name == known) return activation;
  }
  fail("the activation '{}' is not known; want gelu, gelu_pytorch_tanh, quick_gelu or silu", name);
}

Mlp::Mlp(Weights& weights, const Compute& compute, const std::string& prefix, const Config& config)
    : compute_(compute),
      activation_(config.activation),
      fc1_(weights, compute, {prefix + config.fc1, config.hidden}, config.in,
           {.bias = config.bias, .quantise = config.quantise}),
      fc2_(weights, compute, {prefix + config.fc2, config.out}, config.hidden,
           {.bias = config.bias, .quantise = config.quantise}) {}

at::Tensor Mlp::operator()(const at::Tensor& x, SequenceEnds ends) const {
  return fc2_(activate(compute_, fc1_(x, ends), activation_), ends);
}

GatedMlp::GatedMlp(Weights& weights, const Compute& compute, const std::string& prefix,
                   std::int64_t width, std::int64_t hidden, Activation activation)
    : compute_(compute), activation_(activation) {
  const std::array<Linear::Part, 2> parts{
      {{prefix + "gate_proj", hidden}, {prefix + "up_proj", hidden}}};
  gate_up_ = Linear(weights, compute, parts, width, {.bias = false});
  down_ = Linear(weights, compute, {prefix + "down_proj", width}, hidden, {.bias = false});
}

at::Tensor GatedMlp::operator()(const at::Tensor& x, SequenceEnds ends) const {
  const at::Tensor both = gate_up_(x, ends);
  const std::int64_t hidden = both.size(1) / 2;
  if (!compute_.kernels) {
    return down_(apply(both.narrow(1, 0, hidden), activation_) * both.narrow(1, hidden, hidden),
                 ends);
  }
  at::Tensor product = at::empty({both.size(0), hidden}, both.options());
  with_rows(both, product, [&](const auto* from, auto* to) {
    gate(from, to, rows_of(both), static_cast<std::size_t>(hidden), activation_);
  });
  return down_(product, ends);
}

}  // namespace sightline
