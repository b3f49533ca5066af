#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "models/kernels/row_functions.h"
#include "models/nn/compute.h"
#include "models/nn/linear.h"
#include "models/nn/weights.h"

/// What stands between attention layers. Activations are [rows, width] in `Compute::dtype`.
namespace sightline {

/// `name`.weight [width]; formula in row_functions.h.
class RmsNorm {
 public:
  RmsNorm() = default;
  RmsNorm(Weights& weights, const Compute& compute, const std::string& name, std::int64_t width,
          const RmsNormKind& kind);
  /// @param x  [..., width], contiguous
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Compute compute_;
  RmsNormKind kind_;
  at::Tensor weight_;
};

/// `name`.weight and `name`.bias [width].
class LayerNorm {
 public:
  LayerNorm() = default;
  LayerNorm(Weights& weights, const Compute& compute, const std::string& name, std::int64_t width,
            double eps);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Compute compute_;
  double eps_ = 0;
  at::Tensor weight_, bias_;
};

/// act(x); `x` itself may be overwritten.
at::Tensor activate(const Compute& compute, at::Tensor x, Activation activation);
/// cap * tanh(x / cap); `x` itself may be overwritten.
at::Tensor soft_cap(const Compute& compute, at::Tensor x, double cap);
/// The activation that transformers' configurations call `name`. Throws `Error` listing them.
Activation parse_activation(const std::string& name);

/// fc2(act(fc1(x))), of the layers `fc1` and `fc2`.
class Mlp {
 public:
  Mlp() = default;
  struct Config {
    std::string fc1 = "fc1", fc2 = "fc2";  ///< behind the prefix
    std::int64_t in = 0, hidden = 0, out = 0;
    Activation activation = Activation::kGelu;
    bool bias = true;
    bool quantise = true;
  };
  Mlp(Weights& weights, const Compute& compute, const std::string& prefix, const Config& config);
  at::Tensor operator()(const at::Tensor& x, SequenceEnds ends = {}) const;

 private:
  Compute compute_;
  Activation activation_ = Activation::kGelu;
  Linear fc1_, fc2_;
};

/// down(act(gate(x)) * up(x)), of the layers gate_proj, up_proj and down_proj, without biases.
class GatedMlp {
 public:
  GatedMlp() = default;
  GatedMlp(Weights& weights, const Compute& compute, const std::string& prefix, std::int64_t width,
           std::int64_t hidden, Activation activation);
  at::Tensor operator()(const at::Tensor& x, SequenceEnds ends = {}) const;

 private:
  Compute compute_;
  Activation activation_ = Activation::kSilu;
  Linear gate_up_, down_;
};

}  // namespace sightline
