#include "models/torch/inception.h"

#include <algorithm>
#include <utility>

#include "models/torch/convolution.h"
#include "models/torch/inception_input.h"
#include "models/torch/inception_layers.h"
#include "models/torch/tensors.h"

namespace sightline {
namespace {

using Pooling = InceptionPooling;

constexpr double kEpsilon = 0.001;  // of the batch normalisation
constexpr std::size_t kInputSize = std::size_t{kInceptionSide} * kInceptionSide * 3;
// Images that go through the network together. On a CPU few, so that what one layer writes is still
// in the cache when the next one reads it.
constexpr std::size_t kCpuPart = 4, kGpuPart = 64;

// The convolution with the batch normalisation folded into its weights.
Convolution fold(const InceptionConvolution& layer, const std::string& name,
                 const InceptionBlock& block, bool relu, WeightReader& weights, at::Device device) {
  const std::int64_t out = layer.out;
  const at::Tensor kernel =
      weights.take(name + ".conv.weight", {out, layer.in, layer.kernel[0], layer.kernel[1]});
  const auto norm = [&](const char* part) {
    return weights.take(name + ".bn." + part, {out}).to(at::kDouble);
  };
  const at::Tensor scale = norm("weight") / (norm("running_var") + kEpsilon).sqrt();
  const at::Tensor bias = norm("bias") - norm("running_mean") * scale;
  const at::Tensor folded = kernel.to(at::kDouble) * scale.view({out, 1, 1, 1});
  return Convolution(folded.to(at::kFloat), bias.to(at::kFloat),
                     {.stride = {layer.stride, layer.stride},
                      .padding = layer.padding,
                      .relu = relu,
                      .input = block.input},
                     device);
}

struct Branch {
  Pooling pooling = Pooling::kNone;
  std::vector<Convolution> chain, fork;

  // Appends the results to `parts`.
  void run(const at::Tensor& x, std::vector<at::Tensor>& parts) const {
    if (pooling == Pooling::kHalve) return parts.push_back(at::max_pool2d(x, {3, 3}, {2, 2}));
    at::Tensor y = pooling == Pooling::kMaximum ? at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}) : x;
    for (const Convolution& convolution : chain) y = convolution(y);
    if (pooling == Pooling::kAverage) {
      // A 1x1 convolution and an average over neighbours may trade places: the average is of
      // fewer channels then. The ReLU comes behind both.
      y = at::avg_pool2d(y, {3, 3}, {1, 1}, {1, 1}, false, /*count_include_pad=*/false).relu_();
    }
    if (fork.empty()) return parts.push_back(y);
    for (const Convolution& convolution : fork) parts.push_back(convolution(y));
  }
};

struct Block {
  std::string name;
  std::vector<Branch> branches;

  at::Tensor operator()(const at::Tensor& x) const {
    std::vector<at::Tensor> parts;
    for (const Branch& branch : branches) branch.run(x, parts);
    return parts.size() == 1 ? parts[0] : at::cat(parts, 1);
  }
};

Block build(const InceptionBlock& layers, WeightReader& weights, at::Device device) {
  const std::string prefix = layers.name.empty() ? "" : layers.name + ".";
  Block block{layers.name, {}};
  for (const InceptionBranch& branch : layers.branches) {
    const bool relu = branch.pooling != Pooling::kAverage;
    const auto all = [&](const std::vector<InceptionConvolution>& convolutions) {
      std::vector<Convolution> built;
      for (const InceptionConvolution& layer : convolutions) {
        built.push_back(fold(layer, prefix + layer.name, layers, relu, weights, device));
      }
      return built;
    };
    block.branches.push_back({branch.pooling, all(branch.chain), all(branch.fork)});
  }
  return block;
}

// `rows` become the rows from `first` on of a matrix that has as many numbers a row.
void copy_rows(const at::Tensor& rows, std::size_t first, std::vector<float>& matrix) {
  const at::Tensor values = rows.cpu().contiguous();
  const auto width = static_cast<std::size_t>(values.numel() / values.size(0));
  std::copy_n(values.data_ptr<float>(), values.numel(), matrix.data() + first * width);
}

void refuse_other_networks(const TensorFile& file) {
  for (const std::string& name : file.names()) {
    if (!name.starts_with("AuxLogits.")) continue;
    fail(
        "{} holds torchvision's Inception-v3 (it has {}): a network trained otherwise, whose "
        "features give another FID",
        file.path().string(), name);
  }
}

class TorchInception final : public InceptionNetwork {
 public:
  explicit TorchInception(const InceptionSettings& settings)
      : settings_(settings), device_(device_named(settings.device)) {
    const InferenceScope inference;
    WeightReader weights(settings.weights);
    refuse_other_networks(weights.file());
    for (const InceptionBlock& layers : inception_blocks()) {
      blocks_.push_back(build(layers, weights, device_));
    }
    classes_ = weights.take("fc.weight", {InceptionFeatures::kLogits, InceptionFeatures::kPool})
                   .to(device_);
    weights.take("fc.bias", {InceptionFeatures::kLogits});
    weights.require_all_taken();
    sha256_ = weights.file().sha256();
  }

  InceptionFeatures features(std::span<const Image> images) override { return all_of(images); }
  InceptionFeatures float_features(std::span<const FloatImage> images) override {
    return all_of(images);
  }

  const std::string& weights_sha256() const override { return sha256_; }

 private:
  template <typename AnyImage>
  InceptionFeatures all_of(std::span<const AnyImage> images) const {
    InceptionFeatures features;
    features.pool.resize(images.size() * InceptionFeatures::kPool);
    if (settings_.spatial) features.spatial.resize(images.size() * InceptionFeatures::kSpatial);
    if (settings_.logits) features.logits.resize(images.size() * InceptionFeatures::kLogits);
    for_each_part(
        images.size(), device_.is_cpu() ? kCpuPart : kGpuPart, device_,
        [&](std::size_t begin, std::size_t end) {
          with_torch_errors([&] { run(images.subspan(begin, end - begin), begin, features); });
        });
    return features;
  }

  // `first` is the index of images[0] in the caller's batch, and the row of its features.
  template <typename AnyImage>
  void run(std::span<const AnyImage> images, std::size_t first, InceptionFeatures& features) const {
    at::Tensor x = input(images, first);  // [N, 3, 299, 299]
    for (const Block& block : blocks_) {
      x = block(x);
      if (settings_.spatial && block.name == "Mixed_6d") {
        // Its first branch is branch1x1.
        copy_rows(x.narrow(1, 0, 7).permute({0, 2, 3, 1}), first, features.spatial);
      }
    }
    const at::Tensor pool = x.mean({2, 3});  // [N, 2048]
    copy_rows(pool, first, features.pool);
    if (settings_.logits) copy_rows(at::linear(pool, classes_), first, features.logits);
  }

  template <typename AnyImage>
  at::Tensor input(std::span<const AnyImage> images, std::size_t first) const {
    const auto count = static_cast<std::int64_t>(images.size());
    const at::Tensor pixels = at::empty({count, kInceptionSide, kInceptionSide, 3}, at::kFloat);
    const std::span<float> all(pixels.data_ptr<float>(), images.size() * kInputSize);
    for (std::size_t i = 0; i < images.size(); ++i) {
      with_context([&] { return fmt::format("preparing image {} of a batch", first + i); },
                   [&] {
                     fill_inception_input(images[i], settings_.input,
                                          all.subspan(i * kInputSize, kInputSize));
                   });
    }
    return pixels.to(device_).permute({0, 3, 1, 2});
  }

  InceptionSettings settings_;
  at::Device device_;
  std::vector<Block> blocks_;
  at::Tensor classes_;  ///< [1008, 2048]
  std::string sha256_;
};

}  // namespace

std::unique_ptr<InceptionNetwork> make_inception(const InceptionSettings& settings) {
  return with_context(
      [] {
        return "opening the Inception network; it needs pytorch-fid's file "
               "pt_inception-2015-12-05-6726825d.pth (91 MiB, SHA-256 beginning 6726825d) or the "
               "same tensors as .safetensors";
      },
      [&] {
        require(!settings.weights.empty(), "no file with the weights of Inception was given");
        return with_torch_errors([&]() -> std::unique_ptr<InceptionNetwork> {
          return std::make_unique<TorchInception>(settings);
        });
      });
}

}  // namespace sightline
