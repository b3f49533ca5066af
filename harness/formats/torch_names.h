#pragma once

#include <optional>
#include <string_view>

#include "harness/formats/tensor_view.h"

/// Python names that PyTorch writes into checkpoints, as "module.name".
namespace sightline::torch_names {

inline constexpr std::string_view kOrderedDict = "collections.OrderedDict";
inline constexpr std::string_view kTensor = "torch._utils._rebuild_tensor_v2";
/// As kTensor, its dtype told apart from its storage.
inline constexpr std::string_view kTensorWithDType = "torch._utils._rebuild_tensor_v3";
inline constexpr std::string_view kParameter = "torch._utils._rebuild_parameter";
inline constexpr std::string_view kParameterWithState =
    "torch._utils._rebuild_parameter_with_state";

/// Whether a checkpoint may name it. All others could stand for code, and are refused.
bool is_allowed(std::string_view global);

/// Of "torch.float32"; no value when it is no dtype that is read.
std::optional<DType> dtype_of(std::string_view global);
/// Of "torch.FloatStorage"; of a storage without type that of its bytes, kU8.
std::optional<DType> dtype_of_storage(std::string_view global);

}  // namespace sightline::torch_names
