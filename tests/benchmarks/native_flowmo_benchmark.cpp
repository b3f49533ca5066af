// Sightline's FlowMo on a CPU: four images of 128 x 128 pixels, 25 steps with guidance, which are
// 31 passes of the decoder, by a model of 65 M parameters with random weights (hidden 384, 4 and 8
// blocks). The argument is the number of threads.

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/families/flowmo_network.h"
#include "models/torch/tensors.h"

namespace sightline {
namespace {

constexpr std::int64_t kImages = 4, kSide = 128, kWidth = 2, kEncoderDepth = 4, kDecoderDepth = 8;

FlowMoConfig small_config() {
  const nlohmann::json document = {{"model",
                                    {{"patch_size", 4},
                                     {"mup_width", kWidth},
                                     {"enc_mup_width", kWidth},
                                     {"code_length", 128},
                                     {"context_dim", 18},
                                     {"enc_depth", kEncoderDepth},
                                     {"dec_depth", kDecoderDepth}}},
                                   {"image", kSide}};
  return read_flowmo_config({document, "the benchmark's configuration"});
}

/// Weights of a size that keeps activations near 1.
class RandomWeights {
 public:
  explicit RandomWeights(const FlowMoConfig& config) {
    TensorTable table;
    std::uint64_t number = 0;
    for (const TensorSpec& spec : flowmo_tensors(config)) {
      Rng rng(1, number++);
      const std::size_t count = element_count(spec.shape).value();
      const bool is_scale = spec.name.ends_with("scale");
      const double size = spec.shape.size() == 1 ? 0.02 : 1 / std::sqrt(spec.shape.back());
      auto values = std::make_shared<std::vector<float>>(count);
      for (float& value : *values) {
        value = is_scale ? 1.0F : static_cast<float>(rng.uniform(-size, size) * 1.7);
      }
      table.tensors.push_back({spec.name, view_of(std::span<const float>(*values), spec.shape)});
      table.copies.push_back(values);
      parameters_ += count;
    }
    weights.add(TensorFile("random", std::move(table)), {});
  }
  std::size_t parameters() const { return parameters_; }

  Weights weights;

 private:
  std::size_t parameters_ = 0;
};

at::Tensor random_images(std::uint64_t seed) {
  const at::Tensor images = at::empty({kImages, 3, kSide, kSide});
  Rng rng(seed);
  float* to = images.data_ptr<float>();
  for (std::int64_t i = 0; i < images.numel(); ++i) to[i] = static_cast<float>(rng.normal());
  return images;
}

/// Products of one pass for one image, twice counted: multiplications and additions.
double pass_flops(const FlowMoStack& stack, double codes, double patches) {
  const auto width = static_cast<double>(stack.width), depth = static_cast<double>(stack.depth);
  const double tokens = codes + patches;
  return 2 * depth * tokens * (12 * width * width + 2 * tokens * width);
}

void reconstruct(benchmark::State& state, Precision precision, bool kernels) {
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  const FlowMoConfig config = small_config();
  RandomWeights random(config);
  Compute compute{.precision = precision, .kernels = kernels};
  if (precision == Precision::kBf16) compute.dtype = at::kBFloat16;
  const InferenceScope scope(kernels ? 1 : static_cast<std::size_t>(state.range(0)));
  const FlowMoNetwork network(random.weights, compute, config);
  const at::Tensor images = random_images(1).clamp(-1, 1), z = random_images(2);
  double flops = 0;
  const auto codes = static_cast<double>(config.code_length);
  const double patches = std::pow(static_cast<double>(kSide / config.patch_size), 2);
  for (const FlowStep& step : flow_steps(config.sampling)) {
    flops += (step.guided ? 2 : 1) * pass_flops(config.decoder, codes, patches);
  }
  flops = kImages * (flops + pass_flops(config.encoder, codes, patches));
  for (auto _ : state) {
    const at::Tensor code = at::where(network.encode(images) > 0, at::ones({1}), -at::ones({1}));
    benchmark::DoNotOptimize(network.sample(z, code, config.sampling).sum().item<float>());
  }
  state.counters["images/s"] =
      benchmark::Counter(kImages, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["GFLOP/s"] =
      benchmark::Counter(flops / 1e9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["parameters"] = static_cast<double>(random.parameters());
  set_thread_count(0);
}

BENCHMARK_CAPTURE(reconstruct, fp32, Precision::kFp32, true)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(reconstruct, fp32_libtorch, Precision::kFp32, false)
    ->Arg(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(reconstruct, bf16, Precision::kBf16, true)
    ->Arg(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(reconstruct, int8, Precision::kInt8, true)
    ->Arg(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(reconstruct, nf4, Precision::kNf4, true)
    ->Arg(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);

}  // namespace
}  // namespace sightline
