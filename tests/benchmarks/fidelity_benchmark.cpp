// Moments of features against a rank-k update of BLAS alone, the Fréchet distance, precision and
// recall, KID and the Inception Score, on features as wide as Inception's.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "metrics/fidelity/blas.h"
#include "metrics/fidelity/feature_moments.h"
#include "metrics/fidelity/frechet.h"
#include "metrics/fidelity/inception_score.h"
#include "metrics/fidelity/kid.h"
#include "metrics/fidelity/precision_recall.h"

namespace sightline {
namespace {

constexpr std::size_t kWidth = 2048;
constexpr std::size_t kClasses = 1008;

// Not negative, with columns of different spread, as pooled features are.
std::vector<float> features(std::size_t rows, std::size_t width, std::uint64_t seed) {
  std::vector<float> values(rows * width);
  Rng rng(seed);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double spread = 0.1 + 0.4 * static_cast<double>(i % width) / static_cast<double>(width);
    values[i] = static_cast<float>(spread * (rng.uniform() + rng.uniform() + rng.uniform()));
  }
  return values;
}

FeatureStatistics statistics_of(const std::vector<float>& values) {
  FeatureMoments moments(kWidth);
  moments.update(values);
  return moments.statistics();
}

void count_rate(benchmark::State& state, const char* unit, double per_iteration) {
  state.counters[unit] = benchmark::Counter(per_iteration * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

// Triangular updates count one multiply and one add for each of D (D + 1) / 2 sums a row.
double update_gigaflops(std::int64_t rows) {
  return static_cast<double>(rows) * static_cast<double>(kWidth * (kWidth + 1)) / 1e9;
}

void UpdateMoments(benchmark::State& state) {
  const std::vector<float> values = features(static_cast<std::size_t>(state.range(0)), kWidth, 1);
  FeatureMoments moments(kWidth);
  for (auto _ : state) moments.update(values);
  require(std::isfinite(moments.statistics().covariance[0]), "a covariance is not finite");
  count_rate(state, "Gflop/s", update_gigaflops(state.range(0)));
  count_rate(state, "GB/s", static_cast<double>(values.size() * sizeof(float)) / 1e9);
}
BENCHMARK(UpdateMoments)
    ->ArgName("rows")
    ->Arg(64)
    ->Arg(512)
    ->Arg(4096)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void RankUpdateOfBlasAlone(benchmark::State& state) {
  const std::vector<float> values = features(static_cast<std::size_t>(state.range(0)), kWidth, 1);
  const std::vector<double> rows(values.begin(), values.end());
  std::vector<double> scatter(kWidth * kWidth);
  const auto d = static_cast<blasint>(kWidth);
  const BlasThreads threads;
  for (auto _ : state) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, d, static_cast<blasint>(state.range(0)), 1.0,
                rows.data(), d, 1.0, scatter.data(), d);
    benchmark::DoNotOptimize(scatter.data());
  }
  count_rate(state, "Gflop/s", update_gigaflops(state.range(0)));
}
BENCHMARK(RankUpdateOfBlasAlone)
    ->ArgName("rows")
    ->Arg(512)
    ->Arg(4096)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// More rows than columns: by eigenvalues. Fewer: singular covariances, by singular values.
void DistanceOfFrechet(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const FeatureStatistics a = statistics_of(features(rows, kWidth, 1));
  const FeatureStatistics b = statistics_of(features(rows, kWidth, 2));
  require(std::abs(frechet_distance(a, a).value()) < 1e-9, "a set is distant from itself");
  for (auto _ : state) benchmark::DoNotOptimize(frechet_distance(a, b).value());
}
BENCHMARK(DistanceOfFrechet)
    ->ArgName("rows")
    ->Arg(1000)
    ->Arg(2100)
    ->Arg(8192)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void PrecisionAndRecall(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const std::vector<float> x = features(rows, kWidth, 1), y = features(rows, kWidth, 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(precision_recall({x, kWidth}, {y, kWidth}).recall());
  }
  count_rate(state, "Gflop/s", 4 * static_cast<double>(rows * rows * kWidth) / 1e9);
}
BENCHMARK(PrecisionAndRecall)
    ->ArgName("rows")
    ->Arg(2000)
    ->Arg(10000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void SubsetsOfKid(benchmark::State& state) {
  const std::vector<float> x = features(5000, kWidth, 1), y = features(5000, kWidth, 2);
  const KernelDistanceOptions options{.subsets = static_cast<std::size_t>(state.range(0))};
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernel_distance({x, kWidth}, {y, kWidth}, options).mean);
  }
  count_rate(state, "subsets/s", static_cast<double>(state.range(0)));
}
BENCHMARK(SubsetsOfKid)->ArgName("subsets")->Arg(10)->UseRealTime()->Unit(benchmark::kMillisecond);

void ScoreOfInception(benchmark::State& state) {
  const std::vector<float> logits = features(5000, kClasses, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        inception_score(logits, kClasses, InceptionScoreRules::kTorchFidelity).mean);
  }
  count_rate(state, "images/s", 5000);
}
BENCHMARK(ScoreOfInception)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline
