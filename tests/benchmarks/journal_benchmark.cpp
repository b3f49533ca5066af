#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/journal.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSamples = std::size_t{1} << 36;

fs::path run_folder() {
  return fs::temp_directory_path() / ("sightline_journal_benchmark_" + std::to_string(getpid()));
}

/// Rows as a question-answering task writes them: short texts, one score.
std::vector<JournalRow> small_rows(std::size_t count) {
  std::vector<JournalRow> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    rows[i].id = std::to_string(262148000 + i);
    rows[i].outcome = "ok";
    rows[i].response = "a red bus";
    rows[i].scores = R"({"vqa_accuracy":0.6})";
    rows[i].prompt_tokens = 20;
    rows[i].generated_tokens = 4;
    rows[i].seconds = 0.0125;
  }
  return rows;
}

std::size_t log_size(const fs::path& folder) {
  std::error_code absent;
  const auto size = fs::file_size(folder / "run.sqlite-wal", absent);
  return absent ? 0 : static_cast<std::size_t>(size);
}

/// Appending in data-set order. The journal begins anew every two million rows, off the clock, so
/// that the disk need not hold more than that.
void append_in_order(benchmark::State& state) {
  const fs::path folder = run_folder();
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::vector<JournalRow> rows = small_rows(batch);
  std::optional<Journal> journal;
  std::size_t next = 0, largest_log = 0;
  int task = 0;
  for (auto iteration : state) {
    if (!journal || next > 2'000'000) {
      state.PauseTiming();
      journal.reset();
      journal.emplace(Journal::open(folder, {{"model", "m"}}, true));
      task = journal->add_task({.name = "vqav2_val", .protocol = "{}", .samples = kSamples});
      next = 0;
      state.ResumeTiming();
    }
    for (JournalRow& row : rows) row.index = next++;
    journal->append(task, rows);
    largest_log = std::max(largest_log, log_size(folder));
  }
  if (journal->count(task) != next) state.SkipWithError("rows are missing");
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["log_MiB"] = static_cast<double>(largest_log) / (1 << 20);
  journal.reset();
  fs::remove_all(folder);
}
BENCHMARK(append_in_order)->Arg(100)->Arg(1'000)->Arg(4'000)->Arg(10'000)->UseRealTime();

void read_back(benchmark::State& state) {
  const fs::path folder = run_folder();
  constexpr std::size_t kCount = 1'000'000;
  {
    Journal journal = Journal::open(folder, {{"model", "m"}}, true);
    const int task = journal.add_task({.name = "t", .protocol = "{}", .samples = kCount});
    std::vector<JournalRow> rows = small_rows(kCount);
    for (std::size_t i = 0; i < kCount; ++i) rows[i].index = i;
    journal.append(task, rows);
  }
  const Journal journal = Journal::open_to_read(folder);
  for (auto iteration : state) {
    std::size_t seen = 0;
    journal.for_each(0, [&](const JournalRow& row) { seen += row.response.size() == 9; });
    if (seen != kCount) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t{kCount});
  fs::remove_all(folder);
}
BENCHMARK(read_back)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
