#include "models/torch/tensors.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "harness/base/parallel.h"

namespace sightline {
namespace {

constexpr std::size_t kMostThreads = 4;  // on one part

at::ScalarType scalar_type(const TensorView& view) {
  switch (view.dtype) {
    case DType::kF32:
      return at::kFloat;
    case DType::kF16:
      return at::kHalf;
    case DType::kBF16:
      return at::kBFloat16;
    default:
      fail("has the type {}, want F32, F16 or BF16", name_of(view.dtype));
  }
}

}  // namespace

at::Device device_named(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  const bool digits =
      name.size() > 5 && name.size() < 8 &&
      std::all_of(name.begin() + 5, name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name != "cuda" && !(name.starts_with("cuda:") && digits)) {
    throw UsageError(fmt::format("there is no device '{}'; want cpu, cuda or cuda:N", name));
  }
  require(at::hasCUDA(),
          "device '{}': this libtorch cannot use a GPU (it was built without CUDA, or there is "
          "none); use the device cpu, or build sightline_torch against a libtorch with CUDA",
          name);
  const at::Device device(name);
  const auto count = static_cast<int>(at::getNumGPUs());
  require(device.index() < count, "device '{}': there are {} GPUs, counted from 0", name, count);
  return device;
}

InferenceScope::InferenceScope(std::size_t threads) {
  // libtorch keeps the number for each calling thread.
  at::set_num_threads(static_cast<int>(threads));
}

void for_each_part(std::size_t count, std::size_t most, at::Device device,
                   const std::function<void(std::size_t, std::size_t)>& work) {
  if (count == 0) return;
  const std::size_t threads = thread_count();
  const std::size_t workers = device.is_cpu() ? std::min(count, threads) : 1;
  const std::size_t part = std::min(most, (count + workers - 1) / workers);
  const std::size_t parts = (count + part - 1) / part;
  const std::size_t share = std::clamp<std::size_t>(threads / parts, 1, kMostThreads);
  const auto run = [&](std::size_t first, std::size_t end) {
    const InferenceScope inference(share);
    for (std::size_t i = first; i < end; ++i) work(i * part, std::min(count, (i + 1) * part));
  };
  if (workers == 1) return run(0, parts);
  parallel_for(parts, 1, run);
}

WeightReader::WeightReader(const std::filesystem::path& path) : file_(open_tensor_file(path)) {}

at::Tensor WeightReader::take(const std::string& name, at::IntArrayRef shape) {
  const TensorView& view = file_.at(name);
  require(at::IntArrayRef(view.shape) == shape, "{}: the tensor {} has the shape {}, want {}",
          file_.path().string(), name, shape_text(view.shape),
          shape_text({shape.data(), shape.size()}));
  const auto type = with_context(
      [&] { return fmt::format("reading the tensor {} of {}", name, file_.path().string()); },
      [&] { return scalar_type(view); });
  // Copied as bytes: in its file a tensor may lie at any address.
  at::Tensor tensor = at::empty(shape, type);
  std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  taken_.insert(name);
  return tensor.to(at::kFloat);
}

void WeightReader::require_all_taken(const std::string& ignored_prefix) const {
  std::vector<std::string> left;
  for (const std::string& name : file_.names()) {
    const bool ignored = name.ends_with("num_batches_tracked") ||
                         (!ignored_prefix.empty() && name.starts_with(ignored_prefix));
    if (!ignored && !taken_.contains(name)) left.push_back(name);
  }
  if (left.empty()) return;
  fail("{}: the tensor {}{} belongs to no layer of this network: the file is of another one",
       file_.path().string(), left[0],
       left.size() > 1 ? fmt::format(" (and {} others)", left.size() - 1) : "");
}

}  // namespace sightline
