#pragma once

#include <ATen/ATen.h>

#include "models/families/flowmo.h"
#include "models/torch/tensors.h"
#include "tests/models/families/golden_family.h"

namespace sightline::testing {

/// A small FlowMo, and what the reference made of it.
class FlowMoGolden {
 public:
  explicit FlowMoGolden(const std::string& name, const ImageTokenizerSettings& settings = {})
      : folder_(golden_roots("flowmo/" + name).front() / "flowmo" / name),
        config_(read_json_file(folder_ / "config.json")),
        golden_(open_tensor_file(folder_ / "golden.safetensors")),
        opened_(open(folder_, settings)) {}

  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& config() const { return config_; }
  const FlowMoNetwork& network() const { return opened_.network; }
  const OpenedFlowMo& opened() const { return opened_; }
  const TensorFile& file() const { return golden_; }

  at::Tensor tensor(const std::string& name) const { return to_floats(golden_.at(name)); }
  std::vector<std::int64_t> whole(const std::string& name) const {
    return golden_.at(name).values<std::int64_t>();
  }

 private:
  static OpenedFlowMo open(const std::filesystem::path& folder, ImageTokenizerSettings settings) {
    settings.path = folder;
    return open_flowmo(settings);
  }

  std::filesystem::path folder_;
  nlohmann::json config_;
  TensorFile golden_;
  OpenedFlowMo opened_;
};

inline std::span<const float> floats(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The largest difference, as a part of the largest number that there should be.
inline double relative_difference(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor own = got.to(at::kFloat).contiguous(), other = want.contiguous();
  return max_difference(floats(own), floats(other)) / other.abs().max().item<float>();
}

}  // namespace sightline::testing
