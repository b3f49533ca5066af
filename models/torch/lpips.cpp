#include "models/torch/lpips.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "models/torch/convolution.h"
#include "models/torch/lpips_distance.h"
#include "models/torch/lpips_trunk.h"
#include "models/torch/tensors.h"

namespace sightline {
namespace {

// Pixels that go through a trunk together: AlexNet's first layer shrinks them at once, VGG's first
// layers turn each into 64 numbers.
constexpr std::size_t kAlexPixels = std::size_t{1} << 20, kVggPixels = std::size_t{1} << 17;

struct Layer {
  TrunkLayer shape;
  Convolution convolution;
  std::vector<float> weights;  // of the linear layer, where it is compared
};

std::vector<float> linear_weights(WeightReader& linear, const std::string& trunk, int place,
                                  std::int64_t channels) {
  const std::string own = fmt::format("{}.lin{}.weight", trunk, place);
  const std::string other = fmt::format("lin{}.model.1.weight", place);
  require(linear.has(own) || linear.has(other), "{} has neither {} nor {}",
          linear.file().path().string(), own, other);
  const at::Tensor weights =
      linear.has(own) ? linear.take(own, {channels}) : linear.take(other, {1, channels, 1, 1});
  const float* values = weights.data_ptr<float>();
  return {values, values + channels};
}

std::vector<Layer> build(const std::string& trunk, WeightReader& weights, WeightReader& linear,
                         at::Device device) {
  std::vector<Layer> layers;
  std::int64_t side = 256;
  int place = 0;
  for (const TrunkLayer& layer : lpips_trunk(trunk)) {
    if (layer.pool > 0) side = (side - layer.pool) / 2 + 1;
    const std::string name = fmt::format("features.{}.", layer.index);
    const at::Tensor kernel =
        weights.take(name + "weight", {layer.out, layer.in, layer.kernel, layer.kernel});
    layers.push_back(
        {layer,
         Convolution(kernel, weights.take(name + "bias", {layer.out}),
                     {.stride = {layer.stride, layer.stride},
                      .padding = {layer.padding, layer.padding},
                      .input = {side, side}},
                     device),
         layer.compared ? linear_weights(linear, trunk, place, layer.out) : std::vector<float>()});
    if (layer.compared) ++place;
    side = (side + 2 * layer.padding - layer.kernel) / layer.stride + 1;
  }
  return layers;
}

// The network's input for a sample in [0, 255] of a channel: v / 127.5 - 1, shifted and scaled to
// what the trunks were trained on.
float input_of(float sample, std::size_t channel) {
  constexpr std::array<float, 3> kShift = {-.030F, -.088F, -.188F};
  constexpr std::array<float, 3> kScale = {.458F, .448F, .450F};
  return (sample / 127.5F - 1 - kShift[channel]) / kScale[channel];
}

std::array<std::array<float, 3>, 256> input_table() {
  std::array<std::array<float, 3>, 256> table{};
  for (std::size_t v = 0; v < table.size(); ++v) {
    for (std::size_t c = 0; c < 3; ++c) table[v][c] = input_of(static_cast<float>(v), c);
  }
  return table;
}

void fill_input(const Image& image, float* to) {
  static const auto table = input_table();
  for (std::size_t i = 0; i < image.pixels.size(); ++i) to[i] = table[image.pixels[i]][i % 3];
}

void fill_input(const FloatImage& image, float* to) {
  for (std::size_t i = 0; i < image.samples.size(); ++i) to[i] = input_of(image.samples[i], i % 3);
}

std::size_t sample_count(const Image& image) {
  return image.pixels.size();
}
std::size_t sample_count(const FloatImage& image) {
  return image.samples.size();
}

class TorchPerceptual final : public PerceptualDistance {
 public:
  explicit TorchPerceptual(const PerceptualSettings& settings)
      : trunk_(settings.trunk),
        smallest_(smallest_side(lpips_trunk(trunk_))),
        device_(device_named(settings.device)) {
    const InferenceScope inference;
    WeightReader weights(settings.weights), linear(settings.linear);
    layers_ = build(trunk_, weights, linear, device_);
    weights.require_all_taken("classifier.");
    sha256_ = weights.file().sha256() + "+" + linear.file().sha256();
  }

  std::vector<double> distances(std::span<const Image> reconstructions,
                                std::span<const Image> originals) override {
    return measure_all(reconstructions, originals);
  }
  std::vector<double> float_distances(std::span<const FloatImage> reconstructions,
                                      std::span<const FloatImage> originals) override {
    return measure_all(reconstructions, originals);
  }

  const std::string& weights_sha256() const override { return sha256_; }

 private:
  template <typename AnyImage>
  std::vector<double> measure_all(std::span<const AnyImage> reconstructions,
                                  std::span<const AnyImage> originals) const {
    require(reconstructions.size() == originals.size(),
            "LPIPS was given {} reconstructions of {} originals", reconstructions.size(),
            originals.size());
    std::map<std::pair<int, int>, std::vector<std::size_t>> pairs_of_size;
    for (std::size_t i = 0; i < originals.size(); ++i) {
      check_pair(reconstructions[i], originals[i], i);
      pairs_of_size[{originals[i].width, originals[i].height}].push_back(i);
    }
    std::vector<double> results(originals.size());
    for (const auto& [size, pairs] : pairs_of_size) {
      const std::span<const std::size_t> all = pairs;
      for_each_part(
          all.size(), most_pairs(originals[all[0]]), device_,
          [&](std::size_t begin, std::size_t end) {
            const auto part = all.subspan(begin, end - begin);
            with_torch_errors([&] { measure(reconstructions, originals, part, results); });
          });
    }
    return results;
  }

  template <typename AnyImage>
  void check_pair(const AnyImage& reconstruction, const AnyImage& original, std::size_t i) const {
    require(reconstruction.width == original.width && reconstruction.height == original.height,
            "pair {} of LPIPS: the reconstruction has {} x {} pixels, the original {} x {}", i,
            reconstruction.width, reconstruction.height, original.width, original.height);
    require(original.width >= smallest_ && original.height >= smallest_,
            "pair {} of LPIPS: images of {} x {} pixels are too small for the trunk {}, which "
            "needs {} x {}",
            i, original.width, original.height, trunk_, smallest_, smallest_);
  }

  template <typename AnyImage>
  std::size_t most_pairs(const AnyImage& image) const {
    const std::size_t pixels = 2 * sample_count(image) / 3;
    return std::max<std::size_t>(1, (trunk_ == "alex" ? kAlexPixels : kVggPixels) / pixels);
  }

  // Adds the distances of some pairs of equal size, by their indices.
  template <typename AnyImage>
  void measure(std::span<const AnyImage> reconstructions, std::span<const AnyImage> originals,
               std::span<const std::size_t> pairs, std::vector<double>& results) const {
    at::Tensor x = input(reconstructions, originals, pairs);  // [2n, 3, H, W]
    for (const Layer& layer : layers_) {
      if (layer.shape.pool > 0) {
        x = at::max_pool2d(x, {layer.shape.pool, layer.shape.pool}, {2, 2});
      }
      x = layer.convolution(x);
      if (!layer.shape.compared) continue;
      const at::Tensor features = x.cpu().contiguous(at::MemoryFormat::ChannelsLast);
      const auto one = static_cast<std::size_t>(features.numel()) / (2 * pairs.size());
      const auto image = [&](std::size_t i) {
        return std::span<const float>(features.data_ptr<float>() + i * one, one);
      };
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        results[pairs[i]] += lpips_layer_distance(image(i), image(pairs.size() + i), layer.weights);
      }
    }
  }

  // The reconstructions, and behind them the originals.
  template <typename AnyImage>
  at::Tensor input(std::span<const AnyImage> reconstructions, std::span<const AnyImage> originals,
                   std::span<const std::size_t> pairs) const {
    const AnyImage& any = originals[pairs[0]];
    const auto count = static_cast<std::int64_t>(2 * pairs.size());
    const at::Tensor pixels = at::empty({count, any.height, any.width, 3}, at::kFloat);
    float* all = pixels.data_ptr<float>();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      fill_input(reconstructions[pairs[i]], all + i * sample_count(any));
      fill_input(originals[pairs[i]], all + (pairs.size() + i) * sample_count(any));
    }
    return pixels.to(device_).permute({0, 3, 1, 2});
  }

  std::string trunk_;
  std::int64_t smallest_;  // pixels of a side
  at::Device device_;
  std::vector<Layer> layers_;
  std::string sha256_;
};

}  // namespace

std::unique_ptr<PerceptualDistance> make_perceptual(const PerceptualSettings& settings) {
  lpips_trunk(settings.trunk);
  return with_context(
      [&] {
        return fmt::format(
            "opening LPIPS; it needs torchvision's {} (.pth or .safetensors) and the linear layers "
            "of LPIPS v0.1",
            settings.trunk == "alex" ? "alexnet-owt-7be5be79.pth" : "vgg16-397923af.pth");
      },
      [&] {
        require(!settings.weights.empty(), "no file with the weights of the trunk was given");
        require(!settings.linear.empty(), "no file with the linear layers was given");
        return with_torch_errors([&]() -> std::unique_ptr<PerceptualDistance> {
          return std::make_unique<TorchPerceptual>(settings);
        });
      });
}

}  // namespace sightline
