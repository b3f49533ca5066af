#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/formats/tensor_view.h"
#include "harness/formats/zip.h"

namespace sightline::testing {

/// What PyTorch calls a storage of this type.
inline std::string storage_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "FloatStorage";
    case DType::kF16:
      return "HalfStorage";
    case DType::kBF16:
      return "BFloat16Storage";
    case DType::kBool:
      return "BoolStorage";
    default:
      fail("no storage of {} is written here", name_of(dtype));
  }
}

/// A call of torch._utils._rebuild_tensor_v2 in pickle's protocol 0.
inline std::string tensor_pickle(const TensorView& view, const std::string& key) {
  const auto tuple = [](std::span<const std::int64_t> numbers) {
    std::string text = "(";
    for (const std::int64_t number : numbers) text += fmt::format("I{}\n", number);
    return text + "t";
  };
  std::vector<std::int64_t> strides(view.shape.size(), 1);
  for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * view.shape[i];
  return fmt::format(
      "ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n{}\nS'{}'\nS'cpu'\nI{}\ntQI0\n"
      "{}{}I00\nNtR",
      storage_name(view.dtype), key, view.elements(), tuple(view.shape), tuple(strides));
}

/// A state dict as torch.save writes it: a zip archive of a pickle and the numbers of each tensor.
inline void write_torch_checkpoint(const std::filesystem::path& path,
                                   std::span<const NamedTensor> tensors) {
  ZipWriter archive(path);
  const auto add = [&](const std::string& name, std::string_view bytes) {
    archive.add("archive/" + name, {&bytes, 1});
  };
  std::string pickle = "(d";
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    pickle += fmt::format("S'{}'\n{}s", tensors[i].name,
                          tensor_pickle(tensors[i].view, std::to_string(i)));
  }
  add("data.pkl", pickle + ".");
  add("byteorder", "little");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& bytes = tensors[i].view.bytes;
    add("data/" + std::to_string(i), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  add("version", "3\n");
  archive.commit();
}

}  // namespace sightline::testing
