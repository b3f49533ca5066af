#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/base/file.h"
#include "harness/formats/npy_header.h"

namespace sightline {

struct MatrixReaderOptions {
  /// Of one chunk of rows; a chunk has at least one row.
  std::size_t chunk_bytes = std::size_t{8} << 20;
  /// Throw `Error` naming row and column of the first number that is not finite.
  bool require_finite = true;
};

/// Reads a matrix [rows, columns] of a .npy file, chunk by chunk of rows, so that a file of any
/// size takes the memory of one chunk. `T` is float or double; numbers of 16, 32 or 64 bits are
/// converted, in C or Fortran order.
///
///     MatrixReader<float> features("features.npy");
///     for (auto chunk = features.next(); !chunk.empty(); chunk = features.next()) add(chunk);
template <typename T>
class MatrixReader {
 public:
  /// Throws `Error` naming the file unless it is a .npy file with a matrix of reals, of at least
  /// one row and one column.
  explicit MatrixReader(const std::filesystem::path& path, const MatrixReaderOptions& options = {});

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  /// Rows handed out so far: the index of the first row of the next chunk.
  std::size_t position() const { return position_; }

  /// The next rows, one behind the other: a multiple of columns() numbers; empty at the end. Valid
  /// until the next call.
  std::span<const T> next();

 private:
  std::span<const std::byte> numbers() const;
  std::span<const T> read_rows(std::size_t begin, std::size_t end);
  std::span<const T> gather_rows(std::size_t begin, std::size_t end);
  void forget_last();

  MappedFile file_;
  NpyHeader header_;
  MatrixReaderOptions options_;
  std::size_t rows_ = 0, columns_ = 0, position_ = 0, rows_of_chunk_ = 0;
  std::span<const std::byte> looked_at_;  // of the file, by the last call
  std::vector<T> converted_;
};

struct MatrixPlace {
  std::size_t row = 0, column = 0;
};

/// Where the first number that is infinite or NaN stands in rows of `columns` numbers.
template <typename T>
std::optional<MatrixPlace> find_not_finite(std::span<const T> rows, std::size_t columns);

}  // namespace sightline
