#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "harness/base/error.h"
#include "harness/formats/tensor_file.h"

/// What the networks of this folder share. Private to it: this header costs seconds to compile.
namespace sightline {

/// "cpu", "cuda" or "cuda:N". Throws `UsageError` for other names, `Error` for a GPU that this
/// libtorch cannot use.
at::Device device_named(const std::string& name);

/// As long as it lives, this thread's calls of libtorch record nothing for gradients and use
/// `threads` threads.
class InferenceScope {
 public:
  explicit InferenceScope(std::size_t threads = 1);

 private:
  c10::InferenceMode inference_;
};

/// Calls `work(begin, end)` in an `InferenceScope` for consecutive parts of [0, count) of at most
/// `most` each: on a CPU several at a time, each on its own thread, on a GPU one after the other.
/// Networks run faster so than when all threads work on one part and wait for each other behind
/// every layer. When there are fewer parts than threads, a part has several, but never more than 4:
/// with these oneDNN was seen to add in the same order as with one, so that results do not depend
/// on the number of threads or on what else is in a batch.
void for_each_part(std::size_t count, std::size_t most, at::Device device,
                   const std::function<void(std::size_t begin, std::size_t end)>& work);

/// Runs `work`; a fault of libtorch (no memory on a GPU) leaves it as an `Error`.
template <typename Work>
decltype(auto) with_torch_errors(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    fail("libtorch: {}", error.what_without_backtrace());
  }
}

/// The parameters of one network, taken from a file by name and checked one by one.
class WeightReader {
 public:
  /// Throws `Error` as `open_tensor_file`.
  explicit WeightReader(const std::filesystem::path& path);

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  /// The tensor `name` as float32 on the CPU, a copy; F16 and BF16 are converted. Throws `Error`
  /// naming file and tensor when it is missing, of another shape, or of another type.
  at::Tensor take(const std::string& name, at::IntArrayRef shape);
  /// Throws `Error` naming tensors that were not taken, unless they begin with `ignored_prefix`
  /// (where that is not empty) or count the batches that a normalisation was trained with.
  void require_all_taken(const std::string& ignored_prefix = "") const;
  const TensorFile& file() const { return file_; }

 private:
  TensorFile file_;
  std::set<std::string> taken_;
};

}  // namespace sightline
