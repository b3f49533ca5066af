#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/formats/tensor_file.h"

namespace sightline {

/// Names that begin with `prefix` in a file begin with `canonical` here.
struct NameRule {
  std::string prefix, canonical;
};

/// The weights of one network, of one file or several, under canonical names whatever the age of
/// the checkpoint. Each tensor is taken once, by the layer that it belongs to; what is left over in
/// the end is an error, because then the network is not that of the file.
class Weights {
 public:
  /// Adds the tensors of `file`; the first rule whose prefix fits names a tensor, others keep their
  /// names. Throws `Error` for two tensors of one canonical name.
  void add(TensorFile file, std::span<const NameRule> rules);

  bool has(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }
  /// The tensor as it is stored. Throws `Error` naming file and tensor when it is missing, has
  /// another shape, or is not F32, F16 or BF16.
  const TensorView& take(const std::string& name, std::span<const std::int64_t> shape);
  const TensorView& take(const std::string& name, std::initializer_list<std::int64_t> shape) {
    return take(name, std::span(shape.begin(), shape.size()));
  }
  /// Makes a tensor of shape `from` (else `Error`) one of shape `to`, of as many elements.
  void reshape(const std::string& name, std::initializer_list<std::int64_t> from,
               std::vector<std::int64_t> to);
  /// What keeps the bytes of a tensor, for a layer that reads it in place.
  const TensorFile& file_of(const std::string& name) const { return files_[find(name).file]; }
  /// The same as a copy in float32 on the CPU. Counts as memory of the network. Throws `Error` also
  /// for numbers that are not finite.
  at::Tensor take_floats(const std::string& name, std::initializer_list<std::int64_t> shape);
  /// The pages of some of a tensor's bytes leave memory: they will not be read again.
  void forget(const std::string& name, std::span<const std::byte> bytes) const {
    files_[find(name).file].forget(bytes);
  }
  /// The file that holds a tensor, for errors.
  std::string place_of(const std::string& name) const { return place_of(find(name)); }
  /// Called when a layer has its own copy of a tensor: the file's pages leave memory.
  void release(const std::string& name);

  /// Tensors that the network does not use: those under a prefix, or with an ending.
  void ignore_prefix(std::string prefix) { ignored_prefixes_.push_back(std::move(prefix)); }
  void ignore_suffix(std::string suffix) { ignored_suffixes_.push_back(std::move(suffix)); }
  /// Throws `Error` for a tensor that nobody took and that is not ignored.
  void require_all_taken() const;

  /// What layers report: memory of weights in bytes, and names of those kept in 8 or 4 bits.
  void count(std::size_t bytes) { bytes_ += bytes; }
  void count_quantised(std::string name) { quantised_.push_back(std::move(name)); }
  std::size_t bytes() const { return bytes_; }
  const std::vector<std::string>& quantised() const { return quantised_; }
  /// The type of most of the stored numbers.
  DType usual_dtype() const;
  /// SHA-256 of the files, by file name, and by folder where two have one name. Reads them whole.
  std::map<std::string, std::string> hashes() const;

  /// Called after every released tensor with the bytes done and in all.
  std::function<void(std::size_t done, std::size_t all)> on_progress;

 private:
  struct Entry {
    std::size_t file = 0;
    std::string stored_name;
    TensorView view;
    bool taken = false;
  };
  const Entry& find(const std::string& name) const;
  std::string place_of(const Entry& entry) const;
  std::string places() const;  ///< all files, for errors
  void require_shape(const Entry& entry, std::span<const std::int64_t> shape) const;

  std::vector<TensorFile> files_;
  std::map<std::string, Entry, std::less<>> tensors_;
  std::vector<std::string> ignored_prefixes_, ignored_suffixes_;
  std::size_t bytes_ = 0, stored_bytes_ = 0, released_bytes_ = 0;
  std::vector<std::string> quantised_;
};

/// A copy of a stored F32, F16 or BF16 tensor as float32 on the CPU.
at::Tensor to_floats(const TensorView& view);

}  // namespace sightline
