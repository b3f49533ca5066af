// The engine with a model that answers at once: what Sightline itself costs a sample.
//
// items_per_second counts samples through load, model, score and journal, and then the scores'
// recomputation from the journal. peak_MB is the greatest resident memory of the process so far:
// run one size at a time (--benchmark_filter) to see how memory grows.

#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>

#include "harness/base/error.h"
#include "harness/engine/manifest.h"
#include "harness/engine/run.h"
#include "models/adapters/standard_models.h"
#include "tests/support/fake_task.h"

namespace sightline {
namespace {

void BM_EngineWithNullModel(benchmark::State& state) {
  const auto samples = static_cast<std::size_t>(state.range(0));
  const TaskTable tasks = testing::number_tasks(samples);
  const auto folder = std::filesystem::temp_directory_path() / "sightline_engine_benchmark";
  RunSettings settings;
  settings.model = "null";
  settings.tasks = parse_task_choices("numbers");
  settings.output_path = folder;
  settings.progress = ProgressMode::kNone;
  settings.fresh = true;
  for (auto _ : state) {
    Registry registry;
    add_standard_models(registry);
    const std::atomic<bool> stop{false};
    const RunEnd end = run(settings, registry, tasks, stop);
    const TaskResult& task = end.results.tasks.front();
    std::int64_t done = 0;
    for (const auto& [outcome, count] : task.outcomes) done += count;
    if (done != state.range(0)) state.SkipWithError("a sample is missing");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["peak_MB"] = static_cast<double>(peak_memory_bytes()) / 1e6;
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_EngineWithNullModel)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline
