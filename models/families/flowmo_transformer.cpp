#include "models/families/flowmo_transformer.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sightline {

namespace {

constexpr double kNormEps = 1e-6;
constexpr std::int64_t kTimeValues = 256;

/// Small layers at both ends, which stay in full precision where others are quantised.
constexpr Linear::Options kUnquantised{.bias = true, .quantise = false};

at::Tensor angles_of(const FlowMoStack& stack, std::span<const std::array<double, 3>> positions) {
  constexpr double kTheta = 10'000;
  const at::Tensor angles =
      at::empty({static_cast<std::int64_t>(positions.size()), stack.head_dim() / 2}, at::kDouble);
  double* to = angles.data_ptr<double>();
  for (const std::array<double, 3>& position : positions) {
    for (std::size_t axis = 0; axis < position.size(); ++axis) {
      const auto dim = static_cast<double>(stack.axes[axis]);
      for (std::int64_t k = 0; k < stack.axes[axis] / 2; ++k) {
        *to++ = position[axis] / std::pow(kTheta, static_cast<double>(2 * k) / dim);
      }
    }
  }
  return angles;
}

}  // namespace

at::Tensor time_embedding(std::span<const float> times) {
  constexpr std::int64_t kHalf = kTimeValues / 2;
  const at::Tensor embedding =
      at::empty({static_cast<std::int64_t>(times.size()), kTimeValues}, at::kFloat);
  float* to = embedding.data_ptr<float>();
  for (const float time : times) {
    for (std::int64_t k = 0; k < kHalf; ++k) {
      const auto exponent = static_cast<float>(-std::log(10'000.0)) * static_cast<float>(k) /
                            static_cast<float>(kHalf);
      const float angle = 1000.0F * time * std::exp(exponent);
      to[k] = std::cos(angle);
      to[kHalf + k] = std::sin(angle);
    }
    to += kTimeValues;
  }
  return embedding;
}

at::Tensor code_angles(const FlowMoStack& stack, std::int64_t length) {
  std::vector<std::array<double, 3>> positions;
  for (std::int64_t n = 0; n < length; ++n) {
    const auto at = static_cast<double>(n);
    positions.push_back({at, at, at});
  }
  return angles_of(stack, positions);
}

at::Tensor patch_angles(const FlowMoStack& stack, std::int64_t rows, std::int64_t columns) {
  std::vector<std::array<double, 3>> positions;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      positions.push_back({0, static_cast<double>(row), static_cast<double>(column)});
    }
  }
  return angles_of(stack, positions);
}

FlowMoTransformer::FlowMoTransformer(Weights& weights, const Compute& compute,
                                     const std::string& prefix, const FlowMoStack& stack,
                                     const FlowMoConfig& config, FlowMoStream output)
    : compute_(compute), stack_(stack), output_(output), timed_(output == FlowMoStream::kImage) {
  const std::int64_t width = stack.width;
  const bool image = output == FlowMoStream::kImage;
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    return Linear(weights, compute, {prefix + name, out}, in, kUnquantised);
  };
  image_in_ = linear("img_in", width, config.patch_values());
  code_in_ = linear("txt_in", width, stack.code_in);
  const std::string last = image ? "final_layer_img." : "final_layer_txt.";
  final_ = linear(last + "linear", image ? config.patch_values() : stack.code_out, width);
  if (timed_) {
    time_in_ = linear("time_in.in_layer", width, kTimeValues);
    time_out_ = linear("time_in.out_layer", width, width);
    final_modulation_ = linear(last + "adaLN_modulation.1", 2 * width, width);
  }
  const auto dim = static_cast<double>(stack.head_dim());
  const double scale = config.enable_mup ? 8 / dim : 1 / std::sqrt(dim);
  for (std::int64_t i = 0; i < stack.depth; ++i) {
    const std::string name = prefix + "double_blocks." + std::to_string(i) + ".";
    blocks_.emplace_back(weights, compute, name, stack, scale, timed_);
  }
}

at::Tensor FlowMoTransformer::condition(std::span<const float> times,
                                        const FlowMoTrace& trace) const {
  const at::Tensor embedding = time_embedding(times);
  if (trace) trace("timestep_embedding", embedding);
  const at::Tensor hidden = activate(
      compute_, time_in_(embedding.to(compute_.device, compute_.dtype)), Activation::kSilu);
  const at::Tensor vector = time_out_(hidden);
  if (trace) trace("vec", vector);
  return activate(compute_, vector.clone(), Activation::kSilu);
}

FlowMoPass FlowMoTransformer::new_pass(const Input& input) const {
  FlowMoPass pass;
  pass.sequences = input.patches.size(0);
  pass.lengths = {input.code.size(1), input.patches.size(1)};
  pass.rotations = {pair_rotation(compute_, code_angles(stack_, pass.lengths[0])),
                    pair_rotation(compute_, patch_angles(stack_, input.rows, input.columns))};
  return pass;
}

at::Tensor FlowMoTransformer::read_out(const at::Tensor& tokens, const FlowMoPass& pass) const {
  const std::int64_t width = stack_.width;
  const Modulation none = no_modulation(compute_, width);
  at::Tensor x = tokens;
  if (timed_) {
    const at::Tensor both = final_modulation_(pass.condition);
    const Modulation modulation{(1 + both.narrow(1, width, width)).to(at::kFloat).contiguous(),
                                both.narrow(1, 0, width).to(at::kFloat).contiguous()};
    x = modulated_norm(compute_, x, modulation, kNormEps);
  }
  // With time the norm comes twice, as in the reference.
  const at::Tensor out = final_(modulated_norm(compute_, x, none, kNormEps));
  return out.to(at::kFloat).view({pass.sequences, -1, out.size(1)});
}

at::Tensor FlowMoTransformer::operator()(const Input& input, const FlowMoTrace& trace) const {
  FlowMoPass pass = new_pass(input);
  const auto rows = [&](const at::Tensor& x) {
    return x.flatten(0, 1).to(compute_.device, compute_.dtype);
  };
  FlowMoTokens tokens{code_in_(rows(input.code)), image_in_(rows(input.patches))};
  const auto note = [&](const std::string& name) {
    if (trace) {
      trace(name.empty() ? "txt_in" : name + "_txt", tokens[0].clone());
      trace(name.empty() ? "img_in" : name + "_img", tokens[1].clone());
    }
  };
  note("");
  if (timed_) pass.condition = condition(input.times, trace);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const bool last = i + 1 == blocks_.size();
    blocks_[i].run(tokens, pass, last ? std::span(&output_, 1) : std::span(kFlowMoStreams));
    note("block" + std::to_string(i));
  }
  return read_out(tokens[static_cast<std::size_t>(output_)], pass);
}

}  // namespace sightline
