#include "models/kernels/attention.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/quantise.h"
#include "models/kernels/row_functions.h"

namespace {

using namespace sightline;

template <typename T>
std::vector<T> random_numbers(std::size_t count) {
  Rng rng(1);
  std::vector<T> numbers(count);
  for (T& number : numbers) number = round_to<T>(static_cast<float>(rng.uniform(-1, 1)));
  return numbers;
}

void report_rate(benchmark::State& state, const char* name, double amount) {
  state.counters[name] = benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate,
                                            benchmark::Counter::kIs1000);
}

struct Sizes {
  std::size_t sequences, queries, keys, heads, kv_heads, head_dim;
  bool causal = false;
  bool heads_first = false;  ///< keys and values [kv_heads, tokens, d], else [tokens, kv_heads, d]
};

/// The first result with the formula, before anything is timed.
template <typename T>
bool is_right(const AttentionCall<T>& call) {
  std::vector<double> weights;
  double total = 0, sum = 0;
  const KeyRange range = call.ranges[0];
  for (std::size_t j = range.begin; j < range.end; ++j) {
    double score = 0;
    for (std::size_t k = 0; k < call.head_dim; ++k) {
      score += double{to_float(call.queries[k])} * to_float(call.keys[j * call.key_stride + k]);
    }
    const double weight = std::exp(score * call.scale);
    total += weight;
    sum += weight * to_float(call.values[j * call.key_stride]);
  }
  return std::abs(to_float(call.out[0]) - sum / total) < (sizeof(T) == 4 ? 1e-5 : 1e-2);
}

template <typename T>
void attention(benchmark::State& state, const Sizes& sizes) {
  const std::size_t width = sizes.heads * sizes.head_dim, kv = sizes.kv_heads * sizes.head_dim;
  const std::size_t sequences = sizes.sequences;
  const auto queries = random_numbers<T>(sequences * sizes.queries * width);
  const auto keys = random_numbers<T>(sequences * sizes.keys * kv), values = keys;
  std::vector<T> out(queries.size());
  std::vector<KeyRange> ranges;
  double pairs = 0;
  for (std::size_t i = 0; i < sizes.queries; ++i) {
    ranges.push_back({0, sizes.causal ? sizes.keys - sizes.queries + i + 1 : sizes.keys});
    pairs += static_cast<double>(ranges.back().end * sizes.heads * sequences);
  }
  std::vector<AttentionCall<T>> calls;
  for (std::size_t s = 0; s < sequences; ++s) {
    calls.push_back(
        {.heads = sizes.heads,
         .kv_heads = sizes.kv_heads,
         .head_dim = sizes.head_dim,
         .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(sizes.head_dim))),
         .queries = queries.data() + s * sizes.queries * width,
         .query_stride = width,
         .keys = keys.data() + s * sizes.keys * kv,
         .values = values.data() + s * sizes.keys * kv,
         .key_stride = kv,
         .key_head_stride = sizes.head_dim,
         .ranges = ranges,
         .out = out.data() + s * sizes.queries * width,
         .out_stride = width});
  }
  const std::span<const AttentionCall<T>> all(calls);
  attend(all);
  if (!is_right(calls[0])) state.SkipWithError("the result is not that of the formula");
  for (auto _ : state) {
    attend(all);
    benchmark::DoNotOptimize(out.data());
  }
  report_rate(state, "flop/s", 4 * pairs * static_cast<double>(sizes.head_dim));
  report_rate(state, "bytes/s", 2.0 * static_cast<double>(keys.size() * sizeof(T)));
}

struct Case {
  const char* name;
  Sizes sizes;
};
const Case kCases[] = {
    // One new token: PaliGemma 2 3B, Qwen2 7B, PaliGemma 3B (one key-value head).
    {"decode_300", {1, 1, 300, 8, 4, 256}},
    {"decode_300_heads_first", {1, 1, 300, 8, 4, 256, false, true}},
    {"decode_4000", {1, 1, 4000, 28, 4, 128}},
    {"decode_4000_heads_first", {1, 1, 4000, 28, 4, 128, false, true}},
    {"decode_one_head_1100", {1, 1, 1100, 8, 1, 256}},
    {"decode_batch_16x300", {16, 1, 300, 8, 4, 256}},
    {"decode_batch_16x300_heads_first", {16, 1, 300, 8, 4, 256, false, true}},
    // Prompts: PaliGemma (bidirectional) and Qwen2 (causal).
    {"prefill_288", {1, 288, 288, 8, 4, 256}},
    {"prefill_288_of_128", {1, 288, 288, 8, 4, 128}},
    {"prefill_1000_causal", {1, 1000, 1000, 14, 2, 64, true}},
    {"prefill_4000_causal", {1, 4000, 4000, 4, 2, 128, true}},
    // Vision towers: SigLIP's heads of 64 and, in SO400M, of 72.
    {"image_256x6x64", {1, 256, 256, 6, 6, 64}},
    {"image_729x16x72", {1, 729, 729, 16, 16, 72}},
};

template <typename T>
void register_cases(const std::string& type) {
  for (const Case& c : kCases) {
    const auto run = [&c](benchmark::State& state) { attention<T>(state, c.sizes); };
    benchmark::RegisterBenchmark((std::string(c.name) + "/" + type).c_str(), run)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}
[[maybe_unused]] const bool registered = [] {
  register_cases<float>("f32");
  register_cases<BFloat16>("bf16");
  return true;
}();

template <typename T, Activation kActivation>
void gates(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0)), width = std::size_t{2304};
  const auto x = random_numbers<T>(rows * 2 * width);
  std::vector<T> y(rows * width);
  for (auto _ : state) {
    gate(x.data(), y.data(), rows, width, kActivation);
    benchmark::DoNotOptimize(y.data());
  }
  report_rate(state, "numbers/s", static_cast<double>(rows * width));
}
BENCHMARK(gates<float, Activation::kGeluTanh>)->Arg(1)->Arg(288)->UseRealTime();
BENCHMARK(gates<float, Activation::kSilu>)->Arg(288)->UseRealTime();
BENCHMARK(gates<BFloat16, Activation::kGeluTanh>)->Arg(288)->UseRealTime();

void activations(benchmark::State& state, Activation activation) {
  auto x = random_numbers<float>(729 * 4304);
  for (auto _ : state) {
    activate(x.data(), x.size(), activation);
    benchmark::DoNotOptimize(x.data());
  }
  report_rate(state, "numbers/s", static_cast<double>(x.size()));
}
BENCHMARK_CAPTURE(activations, gelu, Activation::kGelu)->UseRealTime();
BENCHMARK_CAPTURE(activations, gelu_tanh, Activation::kGeluTanh)->UseRealTime();

template <typename T>
void norms(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0)), width = std::size_t{2304};
  const auto x = random_numbers<T>(rows * width);
  const auto weight = random_numbers<float>(width);
  std::vector<T> y(x.size());
  for (auto _ : state) {
    rms_norm(x.data(), weight.data(), y.data(), rows, width, {});
    benchmark::DoNotOptimize(y.data());
  }
  report_rate(state, "bytes/s", 2.0 * static_cast<double>(x.size() * sizeof(T)));
}
BENCHMARK(norms<float>)->Arg(1)->Arg(288)->UseRealTime();
BENCHMARK(norms<BFloat16>)->Arg(1)->Arg(288)->UseRealTime();

void layer_norms(benchmark::State& state) {
  const std::size_t rows = 729, width = 1152;
  const auto x = random_numbers<float>(rows * width), weight = random_numbers<float>(width);
  std::vector<float> y(x.size());
  for (auto _ : state) {
    layer_norm(x.data(), weight.data(), weight.data(), y.data(), rows, width, 1e-6F);
    benchmark::DoNotOptimize(y.data());
  }
  report_rate(state, "bytes/s", 2.0 * static_cast<double>(x.size() * sizeof(float)));
}
BENCHMARK(layer_norms)->UseRealTime();

void rotations(benchmark::State& state) {
  const std::size_t rows = 288, heads = 12, head_dim = 256;
  auto x = random_numbers<float>(rows * heads * head_dim);
  const std::vector<float> cos(rows * head_dim / 2, 0.6F), sin(rows * head_dim / 2, 0.8F);
  for (auto _ : state) {
    rotate_halves(x.data(), rows, heads * head_dim, heads, head_dim, cos.data(), sin.data());
    benchmark::DoNotOptimize(x.data());
  }
  report_rate(state, "bytes/s", 2.0 * static_cast<double>(x.size() * sizeof(float)));
}
BENCHMARK(rotations)->UseRealTime();

void quantising_int8(benchmark::State& state) {
  const auto weights = random_numbers<float>(2304 * 9216);
  for (auto _ : state) benchmark::DoNotOptimize(quantise_int8(weights, 2304, 9216));
  report_rate(state, "weights/s", static_cast<double>(weights.size()));
}
BENCHMARK(quantising_int8)->UseRealTime()->Unit(benchmark::kMillisecond);

void quantising_nf4(benchmark::State& state) {
  const auto weights = random_numbers<float>(2304 * 9216);
  for (auto _ : state) benchmark::DoNotOptimize(quantise_nf4(weights, true));
  report_rate(state, "weights/s", static_cast<double>(weights.size()));
}
BENCHMARK(quantising_nf4)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
