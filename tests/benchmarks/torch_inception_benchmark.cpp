// Inception features and LPIPS, against the same network run layer by layer as PyTorch would: not
// folded, channels outermost. The bound is the arithmetic at the rate of libtorch's own products of
// large matrices (sgemm) and of a convolution that suits oneDNN best: 5.71e9 multiply-adds an
// image. Run it with OMP_WAIT_POLICY=passive, as the module's loader sets it.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/torch/inception.h"
#include "models/torch/inception_input.h"
#include "models/torch/inception_layers.h"
#include "models/torch/lpips.h"
#include "models/torch/lpips_trunk.h"
#include "tests/support/deterministic_weights.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using testing::WeightKind;
using testing::WeightSpec;

std::vector<Image> pictures(std::size_t count, int side) {
  std::vector<Image> images(count, black_image(side, side));
  Rng rng(1);
  for (Image& image : images) {
    for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(rng.next());
  }
  return images;
}

std::vector<WeightSpec> inception_specs() {
  std::vector<WeightSpec> specs = {{.name = "fc.weight", .shape = {1008, 2048}},
                                   {.name = "fc.bias", .shape = {1008}, .kind = WeightKind::kBias}};
  const auto add = [&](const std::string& name, const InceptionConvolution& layer) {
    specs.push_back({.name = name + ".conv.weight",
                     .shape = {layer.out, layer.in, layer.kernel[0], layer.kernel[1]}});
    const std::pair<const char*, WeightKind> parts[] = {{"weight", WeightKind::kNormWeight},
                                                        {"bias", WeightKind::kNormBias},
                                                        {"running_mean", WeightKind::kNormMean},
                                                        {"running_var", WeightKind::kNormVariance}};
    for (const auto& [part, kind] : parts) {
      specs.push_back({.name = name + ".bn." + part, .shape = {layer.out}, .kind = kind});
    }
  };
  for (const InceptionBlock& block : inception_blocks()) {
    const std::string prefix = block.name.empty() ? "" : block.name + ".";
    for (const InceptionBranch& branch : block.branches) {
      for (const auto& layer : branch.chain) add(prefix + layer.name, layer);
      for (const auto& layer : branch.fork) add(prefix + layer.name, layer);
    }
  }
  return specs;
}

// A file of weights for as long as it is read.
class WeightFile {
 public:
  WeightFile(const std::string& name, const std::vector<WeightSpec>& specs)
      : path_(fs::temp_directory_path() / fmt::format("sightline_{}_{}", ::getpid(), name)) {
    testing::write_deterministic_weights(path_, specs);
  }
  ~WeightFile() { fs::remove(path_); }
  WeightFile(const WeightFile&) = delete;
  WeightFile& operator=(const WeightFile&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The network in eager form.
class EagerInception {
 public:
  EagerInception() {
    const c10::InferenceMode inference;
    for (const WeightSpec& spec : inception_specs()) {
      std::vector<float> values = testing::deterministic_weights(spec);
      weights_[spec.name] = at::from_blob(values.data(), spec.shape, at::kFloat).clone();
    }
  }

  at::Tensor operator()(at::Tensor x) const {
    const c10::InferenceMode inference;
    for (const InceptionBlock& block : blocks_) {
      std::vector<at::Tensor> parts;
      const std::string prefix = block.name.empty() ? "" : block.name + ".";
      for (const InceptionBranch& branch : block.branches) {
        at::Tensor y = pooled(branch.pooling, x);
        for (const auto& layer : branch.chain) y = convolve(prefix + layer.name, layer, y);
        if (branch.fork.empty()) parts.push_back(y);
        for (const auto& layer : branch.fork) {
          parts.push_back(convolve(prefix + layer.name, layer, y));
        }
      }
      x = parts.size() == 1 ? parts[0] : at::cat(parts, 1);
    }
    return x.mean({2, 3});
  }

 private:
  static at::Tensor pooled(InceptionPooling pooling, const at::Tensor& x) {
    switch (pooling) {
      case InceptionPooling::kAverage:
        return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, false, false);
      case InceptionPooling::kMaximum:
        return at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1});
      case InceptionPooling::kHalve:
        return at::max_pool2d(x, {3, 3}, {2, 2});
      default:
        return x;
    }
  }

  at::Tensor convolve(const std::string& name, const InceptionConvolution& layer,
                      const at::Tensor& x) const {
    const auto part = [&](const char* suffix) { return weights_.at(name + suffix); };
    const at::Tensor y = at::conv2d(x, part(".conv.weight"), {}, {layer.stride, layer.stride},
                                    at::IntArrayRef(layer.padding));
    return at::batch_norm(y, part(".bn.weight"), part(".bn.bias"), part(".bn.running_mean"),
                          part(".bn.running_var"), false, 0.1, 0.001, false)
        .relu();
  }

  std::vector<InceptionBlock> blocks_ = inception_blocks();
  std::map<std::string, at::Tensor> weights_;
};

// The eager network's input, with the resizing that ours does too.
at::Tensor eager_input(const std::vector<Image>& images) {
  const auto count = static_cast<std::int64_t>(images.size());
  at::Tensor pixels = at::empty({count, kInceptionSide, kInceptionSide, 3});
  const auto size = static_cast<std::size_t>(pixels.numel()) / images.size();
  for (std::size_t i = 0; i < images.size(); ++i) {
    fill_inception_input(images[i], InceptionInput::kPytorchFid,
                         {pixels.data_ptr<float>() + i * size, size});
  }
  return pixels.permute({0, 3, 1, 2}).contiguous();
}

void set_rate(benchmark::State& state, const char* unit, double count) {
  state.counters[unit] = benchmark::Counter(count * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

void check_same(const EagerInception& eager, InceptionNetwork& network,
                const std::vector<Image>& images) {
  const at::Tensor want = eager(eager_input(images)).contiguous();
  const std::vector<float> got = network.features(images).pool;
  const at::Tensor have = at::from_blob(const_cast<float*>(got.data()), want.sizes(), at::kFloat);
  const auto error = (have - want).abs().max().item<double>() / want.abs().max().item<double>();
  require(error < 1e-5, "the networks differ by {}", error);
}

void inception(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(thread_count()));
  static const EagerInception eager;
  static const auto network =
      make_inception({.weights = WeightFile("inception.safetensors", inception_specs()).path()});
  const auto images = pictures(static_cast<std::size_t>(state.range(0)), 256);
  check_same(eager, *network, images);
  for (auto _ : state) benchmark::DoNotOptimize(network->features(images));
  set_rate(state, "images/s", static_cast<double>(images.size()));
}

void inception_eager(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(thread_count()));
  static const EagerInception eager;
  const auto images = pictures(static_cast<std::size_t>(state.range(0)), 256);
  for (auto _ : state) benchmark::DoNotOptimize(eager(eager_input(images)));
  set_rate(state, "images/s", static_cast<double>(images.size()));
}

void lpips(benchmark::State& state, const std::string& trunk) {
  std::vector<WeightSpec> specs, linear;
  for (const TrunkLayer& layer : lpips_trunk(trunk)) {
    const std::string name = "features." + std::to_string(layer.index);
    specs.push_back(
        {.name = name + ".weight", .shape = {layer.out, layer.in, layer.kernel, layer.kernel}});
    specs.push_back({.name = name + ".bias", .shape = {layer.out}, .kind = WeightKind::kBias});
    if (!layer.compared) continue;
    linear.push_back({.name = fmt::format("{}.lin{}.weight", trunk, linear.size()),
                      .shape = {layer.out},
                      .kind = WeightKind::kNormWeight});
  }
  const auto network = make_perceptual({.trunk = trunk,
                                        .weights = WeightFile(trunk + ".safetensors", specs).path(),
                                        .linear = WeightFile("linear.safetensors", linear).path()});
  auto images = pictures(2 * static_cast<std::size_t>(state.range(0)), 256);
  const std::vector<Image> originals(images.begin() + state.range(0), images.end());
  images.resize(originals.size());
  for (auto _ : state) benchmark::DoNotOptimize(network->distances(images, originals));
  set_rate(state, "pairs/s", static_cast<double>(originals.size()));
}

void sgemm(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(thread_count()));
  const at::Tensor a = at::randn({2048, 2048}), b = at::randn({2048, 2048});
  for (auto _ : state) benchmark::DoNotOptimize(at::mm(a, b));
  set_rate(state, "MAC/s", 2048.0 * 2048 * 2048);
}

void best_convolution(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(thread_count()));
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor x = at::randn({4, 96, 35, 35}).contiguous(last);
  const at::Tensor weight = at::randn({96, 96, 3, 3}).contiguous(last);
  for (auto _ : state) benchmark::DoNotOptimize(at::conv2d(x, weight, {}, {1, 1}, {1, 1}));
  set_rate(state, "MAC/s", 4.0 * 35 * 35 * 96 * 96 * 9);
}

BENCHMARK(inception)
    ->Arg(1)
    ->Arg(8)
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(inception_eager)
    ->Arg(1)
    ->Arg(8)
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(lpips, alex, "alex")
    ->Arg(1)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK_CAPTURE(lpips, vgg, "vgg")
    ->Arg(1)
    ->Arg(8)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(sgemm)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(best_convolution)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace sightline
