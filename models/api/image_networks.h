#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/media/image.h"
#include "harness/media/resize_float.h"
#include "models/api/registry.h"

namespace sightline {

/// How an image becomes the 299 x 299 input of the Inception network. Each gives another FID.
enum class InceptionInput {
  kPytorchFid,  ///< "pytorch-fid": half-pixel bilinear without antialias, 2x - 1
  kTf,          ///< "tf": bilinear without half-pixel centres as TensorFlow 1, (v - 128) / 128
  kClean        ///< "clean-fid": Pillow's bicubic in float, clipped, (v - 128) / 128
};
std::string_view name_of(InceptionInput input);
InceptionInput parse_inception_input(std::string_view name);  ///< throws `UsageError` listing them

struct InceptionSettings {
  std::filesystem::path weights;  ///< .pth or .safetensors of the 2015-12-05 network
  InceptionInput input = InceptionInput::kPytorchFid;
  bool spatial = false;  ///< also sFID's features
  bool logits = false;   ///< also the Inception Score's
  std::string device = "cpu";
};

/// Features of N images, row by row. Empty where not asked for.
struct InceptionFeatures {
  static constexpr std::size_t kPool = 2048;     ///< global mean of Mixed_7c
  static constexpr std::size_t kSpatial = 2023;  ///< 7 channels of Mixed_6d's 1x1 branch, 17 x 17
  static constexpr std::size_t kLogits = 1008;   ///< without the bias of the last layer
  std::vector<float> pool;                       ///< [N, 2048]
  std::vector<float> spatial;                    ///< [N, 2023], in order of row, column, channel
  std::vector<float> logits;                     ///< [N, 1008]
};

/// The Inception-v3 network of 2015-12-05 behind FID and its kin. Not thread-safe: one call at a
/// time, which uses all threads itself.
class InceptionNetwork {
 public:
  virtual ~InceptionNetwork() = default;
  /// Features of a batch; images may differ in size.
  virtual InceptionFeatures features(std::span<const Image> images) = 0;
  /// The same of samples in [0, 255] that were not rounded to 8 bits. Throws `Error` when the
  /// network takes 8-bit images only.
  virtual InceptionFeatures float_features(std::span<const FloatImage> images);
  /// SHA-256 of the weight file.
  virtual const std::string& weights_sha256() const = 0;
};

struct PerceptualSettings {
  std::string trunk = "alex";     ///< "alex" or "vgg"
  std::filesystem::path weights;  ///< torchvision's AlexNet or VGG16, .pth or .safetensors
  std::filesystem::path linear;   ///< the linear layers of LPIPS v0.1, .pth or .safetensors
  std::string device = "cpu";
};

/// LPIPS v0.1 (Zhang et al., CVPR 2018). Not thread-safe, as above.
class PerceptualDistance {
 public:
  virtual ~PerceptualDistance() = default;
  /// One distance a pair; 0 for equal images. Both images of a pair have the same size. Throws
  /// `Error` for pairs of different size and images too small for the trunk.
  virtual std::vector<double> distances(std::span<const Image> reconstructions,
                                        std::span<const Image> originals) = 0;
  /// The same of samples in [0, 255] that were not rounded to 8 bits. Throws `Error` when the
  /// network takes 8-bit images only.
  virtual std::vector<double> float_distances(std::span<const FloatImage> reconstructions,
                                              std::span<const FloatImage> originals);
  /// SHA-256 of trunk and linear weights, joined with '+'.
  virtual const std::string& weights_sha256() const = 0;
};

/// Open a network, loading its module first. Throw `Error` for weights that cannot be used.
std::unique_ptr<InceptionNetwork> open_inception(Registry& registry,
                                                 const InceptionSettings& settings);
std::unique_ptr<PerceptualDistance> open_perceptual(Registry& registry,
                                                    const PerceptualSettings& settings);

}  // namespace sightline
