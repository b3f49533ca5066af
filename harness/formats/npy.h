#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/formats/tensor_view.h"

namespace sightline {

/// An array of numpy's, read-only, last axis fastest. Copies share the numbers.
///
///     const NpyArray images = open_npy("images.npy");
///     for (std::size_t i = 0; i < images.rows(); ++i) look_at(images.row<std::uint8_t>(i));
class NpyArray {
 public:
  /// `bytes` is a whole .npy file that `owner` keeps, `file` too where it is mapped; `name` is what
  /// errors call it. Throws `Error` when header and bytes are damaged or do not fit together.
  /// Numbers in Fortran order, or not at a multiple of their size, are copied into memory.
  NpyArray(std::string name, std::string_view bytes, std::shared_ptr<const void> owner,
           std::shared_ptr<const MappedFile> file = nullptr);

  DType dtype() const { return view_.dtype; }
  const std::vector<std::int64_t>& shape() const { return view_.shape; }
  const TensorView& view() const { return view_; }
  /// What errors call it: its path.
  const std::string& name() const { return name_; }

  /// Entries along the first axis. Throws `Error` for a scalar.
  std::size_t rows() const;
  /// All numbers. Throws `Error` naming the array unless its dtype is that of `T`.
  template <typename T>
  std::span<const T> values() const;
  /// The numbers of entry `index` < rows() of the first axis.
  template <typename T>
  std::span<const T> row(std::size_t index) const;
  /// A copy of all numbers. Throws `Error` unless they are integers or reals.
  std::vector<double> to_doubles() const;

  /// Throws `Error` naming the array and `wanted` ("[N, H, W, 3]") unless it has `rank` axes.
  void require_rank(std::size_t rank, std::string_view wanted) const;

  /// Gives back the memory of rows [begin, end) of a mapped file, which stay readable: for one pass
  /// over an array that is larger than memory should be.
  void forget_rows(std::size_t begin, std::size_t end) const;

 private:
  void require_type(DType wanted) const;

  std::string name_;
  TensorView view_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const MappedFile> file_;  // null: the numbers lie elsewhere
};

/// Opens a .npy file of version 1 to 3. It is mapped: nothing is read before it is looked at.
/// Throws `Error` as `NpyArray` does.
NpyArray open_npy(const std::filesystem::path& path);

/// Writes a .npy file as a whole or not at all. Throws `Error` for a dtype that numpy lacks.
void write_npy(const std::filesystem::path& path, const TensorView& array);

template <typename T>
std::span<const T> NpyArray::values() const {
  require_type(dtype_of<T>());
  return {reinterpret_cast<const T*>(view_.bytes.data()), view_.bytes.size() / sizeof(T)};
}

template <typename T>
std::span<const T> NpyArray::row(std::size_t index) const {
  const std::size_t count = rows();
  require(index < count, "{} has no row {}, it has {}", name_, index, count);
  const std::span<const T> all = values<T>();
  return all.subspan(index * (all.size() / count), all.size() / count);
}

}  // namespace sightline
