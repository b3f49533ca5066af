#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/formats/tensor_view.h"
#include "models/kernels/packed_matrix.h"

namespace sightline {

/// Rows of one matrix or part of it.
struct RowRange {
  std::size_t part = 0;
  std::size_t first = 0, count = 0;
};

/// The rows of several matrices, one below the other, as float32.
class StackedRows {
 public:
  /// Throws `Error` unless all are matrices of F32, F16 or BF16 of the same width, and not empty.
  explicit StackedRows(std::span<const TensorView> parts, const BytesRead& on_read = {});

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t parts() const { return parts_.size(); }
  std::size_t rows_of(std::size_t part) const {
    return static_cast<std::size_t>(parts_[part].shape[0]);
  }

  /// The part of row `row`, and how many rows from it on, up to `count`, are of the same part.
  RowRange find(std::size_t row, std::size_t count) const;
  DType dtype_of(std::size_t part) const { return parts_[part].dtype; }
  /// Numbers [begin, begin + to.size()) of a part, row-major.
  void read(std::size_t part, std::size_t begin, std::span<float> to) const;
  /// The same as they are stored, where that is in 16 bits.
  void read_stored(std::size_t part, std::size_t begin, std::span<std::uint16_t> to) const;
  /// Says that rows [first, end) have been read; there need not be as many.
  void note_read(std::size_t first, std::size_t end) const;

 private:
  std::span<const TensorView> parts_;
  BytesRead on_read_;
  std::size_t rows_ = 0, columns_ = 0;
};

}  // namespace sightline
