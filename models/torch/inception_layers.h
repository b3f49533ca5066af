#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// The layers of the Inception-v3 network of 2015-12-05 (Szegedy et al., CVPR 2016, in the variant
/// that TensorFlow published for FID). Names are those of the state dict.
namespace sightline {

/// A convolution without bias, batch normalisation (eps 0.001) and ReLU.
struct InceptionConvolution {
  std::string name;
  std::int64_t in = 0, out = 0;
  std::array<std::int64_t, 2> kernel = {1, 1};  ///< height, width
  std::array<std::int64_t, 2> padding = {0, 0};
  std::int64_t stride = 1;
};

/// What a branch does before its convolutions. All windows are 3 x 3.
enum class InceptionPooling {
  kNone,
  kAverage,  ///< stride 1; padding does not count
  kMaximum,  ///< stride 1
  kHalve,    ///< the maximum, stride 2, no padding; no convolution follows
};

struct InceptionBranch {
  InceptionPooling pooling = InceptionPooling::kNone;
  std::vector<InceptionConvolution> chain;  ///< one after the other
  std::vector<InceptionConvolution> fork;   ///< each on the chain's result, joined
};

/// Branches on one input, their results joined along channels in this order.
struct InceptionBlock {
  std::string name;
  std::array<std::int64_t, 2> input = {0, 0};  ///< height and width
  std::vector<InceptionBranch> branches;
};

/// The whole trunk, from the image of 299 x 299 to Mixed_7c. The stem is blocks of one branch.
std::vector<InceptionBlock> inception_blocks();

}  // namespace sightline
