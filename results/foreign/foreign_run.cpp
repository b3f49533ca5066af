#include "results/foreign/foreign_run.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/parallel.h"
#include "results/foreign/foreign_files.h"
#include "results/foreign/foreign_results.h"
#include "results/foreign/foreign_samples.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kMatchedBy = "matched by";

using Notes = std::vector<std::string>;
using Metrics = std::vector<ForeignResults::Metric>;

bool are_distinct(const std::vector<std::string>& texts) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(texts.size());
  return std::ranges::all_of(texts,
                             [&](const std::string& text) { return seen.insert(text).second; });
}

bool has_empty(const std::vector<std::string>& texts) {
  return std::ranges::any_of(texts, &std::string::empty);
}

/// Decides what documents are known by, and says why it is not the hash.
bool knows_by_hash(const ForeignSamples& samples, const std::string& task, Notes& notes) {
  if (samples.doc_hashes.empty() || has_empty(samples.doc_hashes)) return false;
  if (are_distinct(samples.doc_hashes)) return true;
  notes.push_back(task + ": several documents have one doc_hash, so they are matched by doc_id");
  return false;
}

/// Of the samples' defined scores, with their number.
std::pair<double, std::int64_t> mean_of(const std::vector<double>& scores) {
  double sum = 0;
  std::int64_t count = 0;
  for (const double score : scores) {
    if (std::isnan(score)) continue;
    sum += score;
    ++count;
  }
  return {sum / static_cast<double>(count), count};
}

bool are_close(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

/// Numbers that may stand in percent.
bool are_fractions(const MetricValue& metric, const std::vector<double>* scores) {
  const auto is_outside = [](double x) { return x < 0 || x > 1; };
  if (metric.value && is_outside(*metric.value)) return false;
  return scores == nullptr || std::ranges::none_of(*scores, is_outside);
}

/// Sets the value to the mean of the samples where results say something else: what is compared is
/// what the samples say. The note has both numbers.
void take_mean(const std::vector<double>& scores, MetricValue& metric) {
  const auto [mean, count] = mean_of(scores);
  metric.n = count;
  if (metric.value && are_close(mean, *metric.value)) return;
  const std::string said = metric.value ? fmt::format("results say {}", *metric.value)
                                        : std::string("results have no value");
  metric.note = fmt::format("{}; the mean of the {} samples with a score is {}, and is what counts",
                            said, count, mean);
  metric.value = mean;
  metric.standard_error = std::nullopt;
}

/// A metric with a name of its own for its aggregate ("perplexity") is no mean over samples.
bool is_mean(const ForeignResults::Metric& metric) {
  constexpr std::array kOthers = {"median",        "perplexity", "weighted_perplexity",
                                  "bits_per_byte", "f1",         "matthews_corrcoef",
                                  "bleu",          "chrf",       "ter",
                                  "brier_score",   "bypass"};
  return std::ranges::find(kOthers, metric.aggregation) == kOthers.end();
}

/// The metrics of the task, checked against the samples; `values` keeps those that are means.
void add_metrics(const Metrics& metrics, TaskSamples& task, Notes& notes) {
  const std::string& name = task.result.name;
  for (const ForeignResults::Metric& metric : metrics) {
    const std::string& key = metric.value.key;
    const std::string subject = name + "/" + key + ": ";
    auto scores = task.values.find(key);
    if (scores != task.values.end() && !is_mean(metric)) {
      notes.push_back(subject + "its value is " + metric.aggregation +
                      " over all samples, not their mean, so samples are not paired");
      task.values.erase(scores);
      scores = task.values.end();
    }
    const bool has_scores = scores != task.values.end();
    if (!metric.value.value && !has_scores) continue;  // "submission"
    MetricValue value = metric.value;
    value.n = task.result.samples;
    if (has_scores) take_mean(scores->second, value);
    if (!are_fractions(value, has_scores ? &scores->second : nullptr)) value.unit = "";
    if (!value.note.empty()) notes.push_back(subject + value.note);
    if (!metric.has_direction) {
      notes.push_back(subject + "higher_is_better is not said; more is taken as better");
    }
    task.result.metrics.push_back(std::move(value));
  }
}

/// A hash of all answers with their scores, whatever the order of lines: a judge may score the same
/// words differently.
std::string hash_of_answers(const std::vector<std::string>& ids, const ForeignSamples& samples) {
  std::vector<std::size_t> order(ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t place) { return std::string_view(ids[place]); });
  Sha256 hash;
  for (const std::size_t place : order) {
    hash.update(ids[place]);
    hash.update("\n");
    hash.update(samples.answers[place]);
  }
  return hash.finish();
}

std::vector<std::string> take_images(ForeignSamples& samples, const std::string& task,
                                     Notes& notes) {
  if (!has_empty(samples.images)) return std::move(samples.images);
  notes.push_back(task +
                  ": the samples do not say which documents share an image, so each counts "
                  "as independent");
  return {};
}

void check_number_of_samples(std::int64_t asked, TaskSamples& task, Notes& notes) {
  if (asked == 0 || asked == task.result.samples) return;
  notes.push_back(fmt::format("{}: the samples file has {} documents, n-samples says {}",
                              task.result.name, task.result.samples, asked));
}

/// The metrics whose samples are to be read.
std::vector<ForeignMetric> names_of(const Metrics& metrics) {
  std::vector<ForeignMetric> names;
  for (const auto& metric : metrics) names.push_back(metric.name);
  return names;
}

void require_numbers(const Metrics& metrics, const TaskSamples& task, const fs::path& file) {
  for (const auto& metric : metrics) {
    require(metric.is_number || !task.values.contains(metric.value.key),
            "{}: field results.{}.{},{} is no number, but its samples have scores", file.string(),
            task.result.name, metric.name.name, metric.name.filter);
  }
}

TaskSamples read_task(const ForeignFiles& files, const ForeignResults& results,
                      const std::string& name, bool by_id, Notes& notes) {
  const Metrics metrics = results.metrics(name);
  ForeignSamples samples = read_foreign_samples(samples_file(files, name), names_of(metrics));
  TaskSamples task;
  task.result = {.name = name,
                 .version = results.version(name),
                 .rules = results.rules(),
                 .protocol = results.protocol(name).dump(),
                 .metrics = {},
                 .breakdowns = {},
                 .outcomes = {},
                 .bounds = {},
                 .answers_sha256 = {}};
  const bool by_hash = !by_id && knows_by_hash(samples, name, notes);
  task.conditions = json{{kMatchedBy, by_hash ? "doc_hash" : "doc_id"}}.dump();
  task.model = results.identity().dump();
  task.ids = std::move(by_hash ? samples.doc_hashes : samples.doc_ids);
  task.result.samples = static_cast<std::int64_t>(task.ids.size());
  task.result.samples_in_dataset = std::max(results.documents(name), task.result.samples);
  task.result.outcomes = {{"ok", task.result.samples}};
  task.result.answers_sha256 = hash_of_answers(task.ids, samples);
  for (const std::string& note : samples.notes) notes.push_back(name + "/" + note);
  check_number_of_samples(results.documents_asked(name), task, notes);
  task.images = take_images(samples, name, notes);
  task.values = std::move(samples.values);
  require_numbers(metrics, task, files.results);
  add_metrics(metrics, task, notes);
  task.text = std::move(samples.text);
  task.why_not = results.origin() + " does not keep what it is computed from";
  return task;
}

bool has_foreign_results(const fs::path& folder) {
  std::error_code ignored;
  return std::ranges::any_of(fs::directory_iterator(folder, ignored),
                             [](const auto& entry) { return is_foreign_results(entry.path()); });
}

}  // namespace

bool is_foreign_run(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return is_foreign_results(path);
  if (fs::exists(path / "run.sqlite", ignored)) return false;
  if (has_foreign_results(path)) return true;
  return std::ranges::any_of(fs::directory_iterator(path, ignored), [&](const auto& entry) {
    return entry.is_directory(ignored) && has_foreign_results(entry.path());
  });
}

RunSamples read_foreign_run(const fs::path& path, const std::set<std::string>& tasks_by_id) {
  const ForeignFiles files = find_foreign_files(path);
  const ForeignResults results(files.results);
  RunSamples run{.label = results.model(),
                 .folder = path.string(),
                 .origin = results.origin(),
                 .tasks = {},
                 .notes = files.notes};
  for (const std::string& task : results.tasks()) {
    run.tasks.push_back(read_task(files, results, task, tasks_by_id.contains(task), run.notes));
  }
  for (const std::string& group : results.groups()) {
    run.notes.push_back("group " + group + " is left out; its tasks are there");
  }
  require(!run.tasks.empty(), "{}: field results holds no task", files.results.string());
  return run;
}

namespace {

std::pair<RunSamples, RunSamples> read_both(const fs::path& base, const fs::path& next,
                                            const std::set<std::string>& tasks_by_id) {
  std::pair<RunSamples, RunSamples> runs;
  parallel_invoke({[&] { runs.first = read_foreign_run(base, tasks_by_id); },
                   [&] { runs.second = read_foreign_run(next, tasks_by_id); }});
  return runs;
}

/// A metric that is no fraction in one run is none in the other.
void agree_on_units(TaskResult& one, TaskResult& other) {
  for (MetricValue& metric : one.metrics) {
    const auto found = std::ranges::find(other.metrics, metric.key, &MetricValue::key);
    if (found != other.metrics.end() && found->unit != metric.unit) found->unit = metric.unit = "";
  }
}

using TaskPairs = std::vector<std::pair<TaskSamples*, TaskSamples*>>;

TaskPairs common_tasks(RunSamples& base, RunSamples& next) {
  TaskPairs pairs;
  for (TaskSamples& task : base.tasks) {
    for (TaskSamples& other : next.tasks) {
      if (other.result.name == task.result.name) pairs.emplace_back(&task, &other);
    }
  }
  return pairs;
}

}  // namespace

std::pair<RunSamples, RunSamples> read_foreign_runs(const fs::path& base, const fs::path& next) {
  std::pair<RunSamples, RunSamples> runs = read_both(base, next, {});
  std::set<std::string> differing;
  for (const auto& [left, right] : common_tasks(runs.first, runs.second)) {
    if (left->conditions != right->conditions) differing.insert(left->result.name);
  }
  if (!differing.empty()) runs = read_both(base, next, differing);
  for (const auto& [left, right] : common_tasks(runs.first, runs.second)) {
    agree_on_units(left->result, right->result);
  }
  return runs;
}

}  // namespace sightline
