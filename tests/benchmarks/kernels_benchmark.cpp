// Products of packed matrices: one row against the rate at which this machine reads memory, many
// rows against BLAS and against the rate of multiply-adds.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/kernels/bfloat16.h"
#include "models/kernels/packed_matrix.h"

namespace sightline {
namespace {

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.uniform(-1, 1));
  return values;
}

void count_rate(benchmark::State& state, const char* unit, double per_iteration) {
  state.counters[unit] = benchmark::Counter(per_iteration * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

struct Shape {
  std::size_t rows, outputs, inputs;
};

/// rows, outputs, inputs, threads
Shape shape_of(const benchmark::State& state) {
  set_thread_count(static_cast<std::size_t>(state.range(3)));
  return {static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)),
          static_cast<std::size_t>(state.range(2))};
}

PackedMatrix random_matrix(const Shape& shape, Storage storage) {
  const std::vector<float> weights = random_floats(shape.outputs * shape.inputs, 1);
  const TensorView view = view_of(std::span(weights), {static_cast<std::int64_t>(shape.outputs),
                                                       static_cast<std::int64_t>(shape.inputs)});
  return PackedMatrix::pack(std::span(&view, 1), storage);
}

double gigaflops(const Shape& shape) {
  return 2e-9 * static_cast<double>(shape.rows * shape.outputs * shape.inputs);
}

/// Each call takes other weights than the last, as the layers of a model do, until together they
/// are larger than the caches.
void Product(benchmark::State& state, Storage storage) {
  const Shape shape = shape_of(state);
  std::vector<PackedMatrix> matrices;
  std::size_t bytes = 0;
  do {
    matrices.push_back(random_matrix(shape, storage));
    bytes += matrices.back().bytes();
  } while (bytes < (std::size_t{200} << 20) && shape.rows <= 16);
  const std::vector<float> x = random_floats(shape.rows * shape.inputs, 2);
  std::vector<float> y(shape.rows * shape.outputs);
  std::size_t next = 0;
  for (auto _ : state) {
    matrices[next].multiply(
        x.data(), nullptr, y.data(),
        {.count = shape.rows, .x_stride = shape.inputs, .y_stride = shape.outputs});
    next = (next + 1) % matrices.size();
  }
  count_rate(state, "Gflop/s", gigaflops(shape));
  count_rate(state, "GB/s", 1e-9 * static_cast<double>(matrices[0].bytes()));
}

void Blas(benchmark::State& state) {
  const Shape shape = shape_of(state);
  openblas_set_num_threads(static_cast<int>(state.range(3)));
  const std::vector<float> weights = random_floats(shape.outputs * shape.inputs, 1);
  const std::vector<float> x = random_floats(shape.rows * shape.inputs, 2);
  std::vector<float> y(shape.rows * shape.outputs);
  const int rows = static_cast<int>(shape.rows), outputs = static_cast<int>(shape.outputs),
            inputs = static_cast<int>(shape.inputs);
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, outputs, inputs, 1, x.data(), inputs,
                weights.data(), inputs, 0, y.data(), outputs);
  }
  count_rate(state, "Gflop/s", gigaflops(shape));
}

void few_rows(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "outputs", "inputs", "threads"})->UseRealTime();
  for (const std::int64_t rows : {1, 8}) {
    for (const std::int64_t threads : {1, 2}) benchmark->Args({rows, 2304, 2304, threads});
  }
}
void many_rows(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "outputs", "inputs", "threads"})->UseRealTime();
  for (const std::int64_t threads : {1, 2}) {
    benchmark->Args({288, 2304, 768, threads});
    benchmark->Args({256, 1536, 384, threads});
    benchmark->Args({1024, 4096, 4096, threads});
  }
}
BENCHMARK_CAPTURE(Product, f32, Storage::kF32)->Apply(few_rows)->Apply(many_rows);
BENCHMARK_CAPTURE(Product, bf16, Storage::kBF16)->Apply(few_rows)->Apply(many_rows);
BENCHMARK_CAPTURE(Product, f16, Storage::kF16)->Apply(few_rows)->Apply(many_rows);
BENCHMARK_CAPTURE(Product, int8, Storage::kInt8)->Apply(few_rows)->Apply(many_rows);
BENCHMARK_CAPTURE(Product, nf4, Storage::kNf4)->Apply(few_rows)->Apply(many_rows);
BENCHMARK(Blas)->Apply(many_rows);

/// Adds up floats of more memory than the caches hold: the rate that products of one row can reach.
void ReadMemory(benchmark::State& state) {
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  const std::vector<float> floats(std::size_t{64} << 20, 1);
  for (auto _ : state) {
    parallel_for(floats.size() >> 16, 1, [&](std::size_t begin, std::size_t end) {
      float sums[64] = {};
      for (std::size_t i = begin << 16; i < end << 16; i += 64) {
        for (std::size_t j = 0; j < 64; ++j) sums[j] += floats[i + j];
      }
      benchmark::DoNotOptimize(sums);
    });
  }
  count_rate(state, "GB/s", 1e-9 * static_cast<double>(floats.size() * sizeof(float)));
}
BENCHMARK(ReadMemory)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

/// What it costs to have work begun and ended on two threads, while the second is awake.
void HandOver(benchmark::State& state) {
  set_thread_count(2);
  for (auto _ : state) {
    std::atomic<int> inside{0};
    parallel_for(2, 1, [&](std::size_t, std::size_t) {
      ++inside;
      while (inside < 2) {
      }
    });
  }
}
BENCHMARK(HandOver)->UseRealTime();

}  // namespace
}  // namespace sightline
