#include "harness/engine/run_samples.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/engine/conclude.h"
#include "harness/engine/stored_run.h"
#include "metrics/statistics.h"
#include "results/foreign/foreign_run.h"
#include "results/journal.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// The first image of a stored request, as JSON has it; "" without any. Quotes within the prompt
/// are escaped, so that the key cannot stand there.
std::string_view first_image(std::string_view request) {
  constexpr std::string_view kKey = ",\"images\":[\"";
  const std::size_t key = request.rfind(kKey);
  if (key == std::string_view::npos) return "";
  const std::string_view rest = request.substr(key + kKey.size());
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  return rest.substr(0, end);
}

double score_of(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

/// The scores of one row, which begins the columns of keys not seen before.
void add_scores(const std::string& scores, std::size_t place, TaskSamples& samples) {
  const json numbers = json::parse(scores);
  for (const auto& [key, value] : numbers.items()) {
    samples.values[key].resize(place, std::numeric_limits<double>::quiet_NaN());
    samples.values[key].push_back(score_of(value));
  }
}

/// Whether a metric is the mean of `values`: of those that samples have.
bool is_mean_of(const MetricValue& metric, const std::vector<double>& values) {
  if (!metric.value || !metric.standard_error) return false;
  std::vector<double> defined;
  for (const double value : values) {
    if (!std::isnan(value)) defined.push_back(value);
  }
  const std::optional<double> average = mean(defined);
  if (!average || static_cast<std::int64_t>(defined.size()) != metric.n) return false;
  return std::abs(*average - *metric.value) <= 1e-9 * std::max(1.0, std::abs(*metric.value));
}

/// Samples' scores of metrics that are no means of them (recall of an image, say) are not compared.
void keep_means(TaskSamples& samples) {
  std::map<std::string, std::vector<double>> means;
  for (const MetricValue& metric : samples.result.metrics) {
    const auto found = samples.values.find(metric.key);
    if (found == samples.values.end()) continue;
    found->second.resize(samples.ids.size(), std::numeric_limits<double>::quiet_NaN());
    if (is_mean_of(metric, found->second)) means[metric.key] = std::move(found->second);
  }
  samples.values = std::move(means);
}

/// Where the words of samples and the answers to score again come from.
struct Source {
  Journal journal;
  const TaskTable& tasks;
  fs::path data_root;
};

SampleText text_of(const Source& source, int task, std::size_t index) {
  const std::optional<JournalRow> row = source.journal.row(task, index);
  if (!row) return {};
  const json request = json::parse(row->request, nullptr, false);
  return {.question = request.is_object() ? request.value("prompt", "") : "",
          .answer = row->response.empty() ? row->answer : row->response,
          .outcome = row->outcome};
}

TaskSamples read_task(const std::shared_ptr<Source>& source, int number, const JournalTask& record,
                      TaskResult result) {
  TaskSamples samples{.result = std::move(result)};
  const json identity = json::parse(record.protocol);
  samples.conditions = json{{"data", identity.at("data")}}.dump();
  json model = identity.at("model");
  if (identity.contains("geometry")) model["geometry"] = identity.at("geometry");
  samples.model = model.dump();
  const auto indices = std::make_shared<std::vector<std::size_t>>();
  source->journal.for_each_score(number, [&](const JournalRow& row) {
    const std::size_t place = samples.ids.size();
    samples.ids.push_back(row.id);
    samples.images.emplace_back(first_image(row.request));
    indices->push_back(row.index);
    add_scores(row.scores, place, samples);
  });
  keep_means(samples);
  samples.text = [source, number, indices](std::size_t place) {
    return text_of(*source, number, indices->at(place));
  };
  samples.rescore = [source, number, indices, rules = samples.result.rules](
                        std::span<const std::size_t> places, const Bootstrap& bootstrap) {
    const StoredTask stored =
        reopen_task(source->journal, number, source->tasks, source->data_root);
    std::vector<std::size_t> chosen;
    for (const std::size_t place : places) chosen.push_back(indices->at(place));
    return resample_task(stored.task, rules, source->journal, number, chosen, bootstrap);
  };
  return samples;
}

RunSamples load_own_run(const fs::path& folder, const TaskTable& tasks, const fs::path& data_root) {
  RunResults results = load_run(folder, tasks, data_root);
  const std::shared_ptr<Source> source(new Source{Journal::open_to_read(folder), tasks, data_root});
  RunSamples run{.label = results.model, .folder = folder.string(), .origin = "sightline"};
  int number = 0;
  for (const JournalTask& record : source->journal.tasks()) {
    const int here = number++;
    const auto found = std::ranges::find(results.tasks, record.name, &TaskResult::name);
    if (found == results.tasks.end()) continue;
    run.tasks.push_back(
        with_context([&] { return fmt::format("reading {} of {}", record.name, folder.string()); },
                     [&] { return read_task(source, here, record, std::move(*found)); }));
  }
  return run;
}

}  // namespace

RunSamples load_run_samples(const fs::path& folder, const TaskTable& tasks,
                            const fs::path& data_root) {
  if (fs::exists(folder / Journal::kFileName)) return load_own_run(folder, tasks, data_root);
  if (is_foreign_run(folder)) return read_foreign_run(folder);
  fail(
      "{} holds no run: want a folder that `sightline run` wrote, or a result folder of "
      "lm-evaluation-harness or lmms-eval (results JSON and samples JSONL)",
      folder.string());
}

std::pair<RunSamples, RunSamples> load_run_pair(const fs::path& base, const fs::path& next,
                                                const TaskTable& tasks, const fs::path& data_root) {
  const auto is_own = [](const fs::path& folder) {
    return fs::exists(folder / Journal::kFileName);
  };
  if (!is_own(base) && !is_own(next) && is_foreign_run(base) && is_foreign_run(next)) {
    return read_foreign_runs(base, next);
  }
  std::pair<RunSamples, RunSamples> runs;
  parallel_invoke({[&] { runs.first = load_run_samples(base, tasks, data_root); },
                   [&] { runs.second = load_run_samples(next, tasks, data_root); }});
  return runs;
}

}  // namespace sightline
