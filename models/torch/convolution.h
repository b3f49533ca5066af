#pragma once

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include <array>
#include <cstdint>
#include <string>

/// Private to this folder.
namespace sightline {

struct ConvolutionGeometry {
  std::array<std::int64_t, 2> stride = {1, 1};
  std::array<std::int64_t, 2> padding = {0, 0};
  bool relu = true;
  /// Height and width of the images it will mostly see; those of others give the same result.
  std::array<std::int64_t, 2> input = {64, 64};
};

/// A convolution with bias and (where asked for) the ReLU behind it, ready to run. Images keep
/// their channels innermost in memory ("channels last"), which spares oneDNN the reordering of
/// every input and output. On a CPU the weights are laid out for oneDNN once, and the ReLU is part
/// of the convolution.
class Convolution {
 public:
  /// @param weight  [out, in, kernel height, kernel width] float32
  /// @param bias    [out]
  Convolution(at::Tensor weight, at::Tensor bias, const ConvolutionGeometry& geometry,
              at::Device device);

  /// @param x  [N, in, H, W], channels last
  /// @return   [N, out, H', W'], channels last
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  ConvolutionGeometry geometry_;
  at::Tensor weight_, bias_;
  c10::IValue packed_;  ///< oneDNN's form of the weights; none where it is absent or switched off
};

}  // namespace sightline
