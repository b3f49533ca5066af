// What gates decide and after how many samples, by simulation; speed of differences and of the
// sequential gate.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "metrics/decision/difference.h"
#include "metrics/decision/sequential.h"

namespace sightline {
namespace {

constexpr std::size_t kSamples = 5000;
constexpr std::size_t kLook = 100;  // a naive reader looks at the fixed test after so many samples
constexpr double kAlpha = 0.05;

/// New minus base of one simulated run; samples of one image lie side by side.
struct Drawn {
  std::vector<double> differences;
  std::vector<std::uint32_t> images;
};

/// Scores of 0 and 1 of which a share flips. Each question of an image copies the flip of the image
/// with probability `alike`, else has its own.
struct Population {
  double lost, won;
  std::size_t per_image;
  double alike;

  double flip(Rng& rng) const {
    const double draw = rng.uniform();
    return draw < lost ? -1 : (draw < lost + won ? 1 : 0);
  }

  Drawn draw(Rng& rng) const {
    Drawn drawn;
    double shared = 0;
    for (std::size_t i = 0; i < kSamples; ++i) {
      if (i % per_image == 0) shared = flip(rng);
      drawn.differences.push_back(rng.chance(alike) ? shared : flip(rng));
      drawn.images.push_back(static_cast<std::uint32_t>(i / per_image));
    }
    return drawn;
  }
};

/// Counts over all runs.
struct Decisions {
  double regressions = 0, passes = 0, samples = 0;

  void put(benchmark::State& state, const std::string& name, double runs) const {
    state.counters[name + "_regression_%"] = 100 * regressions / runs;
    state.counters[name + "_pass_%"] = 100 * passes / runs;
    state.counters[name + "_samples"] = samples / runs;
  }
};

void run_sequential(const Drawn& drawn, std::size_t per_image, double margin,
                    Decisions& decisions) {
  SequentialGate gate({.margin = margin, .largest_cluster = per_image});
  for (std::size_t i = 0; i < kSamples; i += per_image) {
    double sum_of_drops = 0;
    for (std::size_t k = i; k < i + per_image; ++k) sum_of_drops -= drawn.differences[k];
    gate.update(sum_of_drops, per_image);
    if (gate.verdict() != SequentialVerdict::kUndecided) break;
  }
  decisions.regressions += gate.verdict() == SequentialVerdict::kRegression;
  decisions.passes += gate.verdict() == SequentialVerdict::kPass;
  decisions.samples += static_cast<double>(gate.samples());
}

/// True once the fixed test has a verdict on the first `samples`.
bool run_fixed(const Drawn& drawn, std::size_t samples, double margin, Decisions& decisions) {
  const auto estimate = mean_difference(std::span(drawn.differences).first(samples),
                                        std::span(drawn.images).first(samples));
  const bool regression = *estimate.standard_error > 0 && *upper_bound(estimate, kAlpha) < -margin;
  const bool pass = *estimate.standard_error > 0 && *lower_bound(estimate, kAlpha) >= -margin;
  if (regression || pass || samples == kSamples) {
    decisions.regressions += regression;
    decisions.passes += pass;
    decisions.samples += static_cast<double>(samples);
  }
  return regression || pass;
}

/// Arguments: margin and true drop in tenths of a point, questions an image, runs.
void gates(benchmark::State& state) {
  const double margin = static_cast<double>(state.range(0)) / 1000;
  const double drop = static_cast<double>(state.range(1)) / 1000;
  const auto per_image = static_cast<std::size_t>(state.range(2));
  const auto runs = static_cast<std::uint64_t>(state.range(3));
  const double share = drop > 0.04 ? 0.06 : 0.04;  // that flips; a drop needs as many
  const Population population = {(share + drop) / 2, (share - drop) / 2, per_image,
                                 per_image > 1 ? 0.5 : 0};
  Decisions sequential, fixed, naive;
  for (auto _ : state) {
    for (std::uint64_t run = 0; run < runs; ++run) {
      Rng rng(20260104, run);
      const Drawn drawn = population.draw(rng);
      run_sequential(drawn, per_image, margin, sequential);
      run_fixed(drawn, kSamples, margin, fixed);
      for (std::size_t n = kLook; n <= kSamples; n += kLook) {
        if (run_fixed(drawn, n, margin, naive)) break;
      }
    }
  }
  const auto all = static_cast<double>(runs);
  sequential.put(state, "sequential", all);
  fixed.put(state, "fixed", all);
  naive.put(state, "peeking", all);
  if (drop <= margin) {
    require(sequential.regressions / all <= kAlpha, "false alarms in {} of {} runs",
            sequential.regressions, runs);
  }
}

Drawn questions(std::size_t n) {
  Rng rng(1);
  Drawn drawn;
  const Population population = {0.028, 0.012, 1, 0};
  for (std::size_t i = 0; i < n; ++i) {
    drawn.differences.push_back(population.flip(rng));
    drawn.images.push_back(static_cast<std::uint32_t>(i / 5));
  }
  return drawn;
}

void difference(benchmark::State& state) {
  const Drawn drawn = questions(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto estimate = mean_difference(drawn.differences, drawn.images);
    benchmark::DoNotOptimize(interval_95(estimate));
  }
  state.counters["samples/s"] = benchmark::Counter(static_cast<double>(state.range(0)),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}

/// Never decides: its levels are out of reach.
SequentialGate undecided_gate() {
  return SequentialGate({.margin = 0.01, .alpha_regression = 1e-300, .alpha_pass = 1e-300});
}

void update(benchmark::State& state) {
  SequentialGate gate = undecided_gate();
  const Drawn drawn = questions(kSamples);
  std::size_t i = 0;
  for (auto _ : state) {
    gate.update(-drawn.differences[i], 1);
    i = (i + 1) % kSamples;
  }
  state.counters["updates/s"] =
      benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}

void confidence_sequence(benchmark::State& state) {
  SequentialGate gate = undecided_gate();
  for (const double difference : questions(static_cast<std::size_t>(state.range(0))).differences) {
    gate.update(-difference, 1);
  }
  for (auto _ : state) benchmark::DoNotOptimize(gate.confidence_sequence());
}

void every_case(benchmark::internal::Benchmark* gate) {
  for (const int margin : {0, 10}) {
    for (const int drop : {0, 8, 16, 30, 50}) gate->Args({margin, drop, 1, 5000});
  }
  for (const int margin : {0, 10}) {
    for (const int drop : {0, 16, 30}) gate->Args({margin, drop, 5, 2000});
  }
}

BENCHMARK(gates)->Apply(every_case)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(difference)->Arg(214354)->Arg(1000000)->Unit(benchmark::kMillisecond);
BENCHMARK(update)->Iterations(1000000);
BENCHMARK(confidence_sequence)->Arg(5000)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
