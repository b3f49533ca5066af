#include "models/torch/convolution.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <optional>
#include <utility>
#include <vector>

namespace sightline {
namespace {

constexpr std::int64_t kPlannedBatch = 4;

// libtorch has these operators only when it was built with oneDNN.
std::optional<c10::OperatorHandle> onednn_operator(const char* name) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, ""});
  if (!found.has_value()) return std::nullopt;
  return *found;
}

c10::IValue pack(const at::Tensor& weight, const at::Tensor& bias,
                 const ConvolutionGeometry& geometry) {
  static const auto prepack = onednn_operator("mkldnn_prepacked::conv2d_prepack");
  const bool wanted = at::globalContext().userEnabledMkldnn();
  if (!wanted || !prepack || !onednn_operator("mkldnn_prepacked::conv2d_run")) return {};
  const std::vector<std::int64_t> input = {kPlannedBatch, weight.size(1), geometry.input[0],
                                           geometry.input[1]};
  torch::jit::Stack stack;
  stack.emplace_back(weight);
  stack.emplace_back(bias);
  stack.emplace_back(at::IntArrayRef(geometry.stride));
  stack.emplace_back(at::IntArrayRef(geometry.padding));
  stack.emplace_back(std::vector<std::int64_t>{1, 1});  // dilation
  stack.emplace_back(std::int64_t{1});                  // groups
  stack.emplace_back(input);
  stack.emplace_back(std::string(geometry.relu ? "relu" : "none"));
  prepack->callBoxed(&stack);
  return stack.at(0);
}

}  // namespace

Convolution::Convolution(at::Tensor weight, at::Tensor bias, const ConvolutionGeometry& geometry,
                         at::Device device)
    : geometry_(geometry),
      weight_(weight.to(device).contiguous(at::MemoryFormat::ChannelsLast)),
      bias_(bias.to(device)) {
  if (device.is_cpu()) packed_ = pack(weight_, bias_, geometry_);
  if (!packed_.isNone()) weight_ = bias_ = at::Tensor();
}

at::Tensor Convolution::operator()(const at::Tensor& x) const {
  if (packed_.isNone()) {
    at::Tensor y = at::conv2d(x, weight_, bias_, geometry_.stride, geometry_.padding);
    return geometry_.relu ? y.relu_() : y;
  }
  static const auto run = onednn_operator("mkldnn_prepacked::conv2d_run");
  torch::jit::Stack stack;
  stack.emplace_back(x);
  stack.emplace_back(packed_);
  run->callBoxed(&stack);
  return std::move(stack.at(0)).toTensor();
}

}  // namespace sightline
