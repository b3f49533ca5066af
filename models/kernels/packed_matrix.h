#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "harness/formats/tensor_view.h"
#include "models/kernels/storage.h"

namespace sightline {

/// A brain float, as a tensor of BF16 holds it: the upper half of a float.
struct BFloat16 {
  std::uint16_t bits = 0;
};

/// Some bytes of a matrix have been read.
using BytesRead = std::function<void(std::size_t part, std::span<const std::byte> bytes)>;

/// The weights of a linear layer, laid out for fast products on a CPU and kept in one of several
/// forms. Every output is a sum over the inputs in an order that does not depend on the number of
/// rows that are multiplied at once nor on the number of threads: a row's result is the same, bit
/// for bit, alone and in any batch.
class PackedMatrix {
 public:
  /// Parts [out_i, in] (F32, F16 or BF16) one below the other, as one matrix of the sum of their
  /// rows: query, key and value projections are multiplied at once. Each part is quantised by
  /// itself. Converting takes memory for a few rows beside the result.
  /// Throws `Error` for other types, parts of different width, and (kInt8, kNf4) NaN or infinity.
  /// @param on_read  called, by any thread, with bytes of a part that need not be kept any longer
  static PackedMatrix pack(std::span<const TensorView> parts, Storage storage,
                           bool double_quantise = false, const BytesRead& on_read = {});

  std::size_t rows() const;     ///< outputs
  std::size_t columns() const;  ///< inputs
  std::size_t bytes() const;    ///< of memory that the weights take
  Storage storage() const;

  /// y[i, o] = sum over k of x[i, k] * weight[o, k], plus bias[o] where there is a bias.
  /// Products are exact or fused, sums in float32; a BFloat16 result is rounded once, behind the
  /// bias. kInt8: as LLM.int8, with outlier columns common to the rows of a sequence.
  /// @param sequence_ends  kInt8: the row behind the last of each sequence, ascending, the last one
  ///                       `count`; empty: all rows are of one
  struct Rows {
    std::size_t count = 0;
    std::size_t x_stride = 0, y_stride = 0;  ///< elements from one row to the next
    std::span<const std::size_t> sequence_ends = {};
  };
  void multiply(const float* x, const float* bias, float* y, const Rows& rows) const;
  void multiply(const BFloat16* x, const float* bias, BFloat16* y, const Rows& rows) const;

  /// Row `row`, as a product uses it, to `columns()` floats.
  void copy_row(std::size_t row, float* to) const;

 private:
  struct State;
  explicit PackedMatrix(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace sightline
