#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/api/precision.h"

namespace sightline {

/// A module that torch.jit.save wrote. Copies share it. Several threads may call it.
class ScriptModule {
 public:
  /// `precision`: what weights and inputs are converted to, fp32, bf16 or fp16; none: as they are.
  /// Throws `Error` for a file that is no TorchScript, and for a module without forward().
  static ScriptModule open(const std::filesystem::path& file, at::Device device,
                           std::optional<Precision> precision);

  at::Device device() const;
  /// Of its first parameter of floats; fp32 without one.
  Precision precision() const;
  /// "forward(x: Tensor) -> Tensor"
  std::string signature() const;
  /// How many tensors forward takes; no value when it needs anything else.
  std::optional<std::size_t> tensor_arguments() const;
  /// A number that the module keeps under `name`, as an attribute or a buffer.
  std::optional<double> number(const std::string& name) const;

  /// What forward gives, on the CPU, floats as float32: one tensor, or those of a tuple or list, in
  /// which numbers are tensors of one element. Throws `Error` with what TorchScript says, and for
  /// results of other types; std::bad_alloc for a lack of memory.
  std::vector<at::Tensor> operator()(const std::vector<at::Tensor>& inputs) const;

 private:
  struct State;
  explicit ScriptModule(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace sightline
