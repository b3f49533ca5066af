#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/kernels/packed_matrix.h"
#include "models/nn/compute.h"
#include "models/nn/weights.h"

namespace sightline {

/// The row behind the last of each sequence, ascending; the last one is the number of rows. Empty:
/// all rows are of one sequence. Only LLM.int8 looks at it: outlier columns are found by sequence.
using SequenceEnds = std::span<const std::size_t>;

/// y = x W^T + b, for one layer or several with the same input side by side (query, key and value;
/// gate and up), which a single product computes.
class Linear {
 public:
  /// One layer: `name`.weight [out, in] and, if it has one, `name`.bias [out].
  struct Part {
    std::string name;
    std::int64_t out = 0;
  };
  struct Options {
    bool bias = true;
    bool quantise = true;  ///< kept in 8 or 4 bits where the precision says so
  };

  Linear() = default;
  Linear(Weights& weights, const Compute& compute, std::span<const Part> parts, std::int64_t in,
         const Options& options);
  Linear(Weights& weights, const Compute& compute, const Part& part, std::int64_t in,
         const Options& options)
      : Linear(weights, compute, std::span(&part, 1), in, options) {}

  /// From weights [out, in] and a bias [out] in float32, which are kept as they are.
  Linear(const Compute& compute, const at::Tensor& weight, const at::Tensor& bias);

  /// @param x  [rows, in]
  /// @return   [rows, sum of out]
  at::Tensor operator()(const at::Tensor& x, SequenceEnds ends = {}) const;
  std::int64_t out() const { return out_; }

 private:
  struct Quantised;  // weights in 8 or 4 bits for libtorch's operations

  void pack(Weights& weights, std::span<const Part> parts, bool quantise);
  void load_tensors(Weights& weights, std::span<const Part> parts, bool quantise);
  std::shared_ptr<const Quantised> quantise_tensors(const std::vector<at::Tensor>& tensors) const;
  static std::size_t bytes_of(const Quantised& quantised);
  at::Tensor dequantised(at::ScalarType dtype) const;
  at::Tensor multiply_packed(const at::Tensor& x, SequenceEnds ends) const;
  at::Tensor multiply_tensors(const at::Tensor& x, SequenceEnds ends) const;

  Compute compute_;
  std::int64_t in_ = 0, out_ = 0;
  std::optional<PackedMatrix> packed_;
  std::shared_ptr<const Quantised> quantised_;
  at::Tensor weight_, bias_;
};

}  // namespace sightline
