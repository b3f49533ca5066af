#include "results/report_columns.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "results/differences.h"
#include "results/plain_text.h"

namespace sightline {

using nlohmann::json;

namespace {

/// All that must be equal for two columns to be comparable.
json meaning_of(const TaskResult& task) {
  json meaning = json::parse(task.protocol, nullptr, false);
  if (!meaning.is_object()) meaning = {{"protocol", task.protocol}};
  meaning["rules"] = task.rules;
  meaning["task version"] = task.version;
  // A Fréchet distance falls with the number of images, so it is no measure across numbers.
  for (const MetricValue& metric : task.metrics) {
    if (metric.unit != "FID") continue;
    meaning["images of " + metric.key] = metric.value ? metric.n : task.samples;
  }
  return meaning;
}

/// "", "†", "‡", "§", "¶", then numbered.
std::string mark_of(std::size_t meaning) {
  constexpr std::array<const char*, 5> kMarks = {"", "†", "‡", "§", "¶"};
  return meaning < kMarks.size() ? kMarks[meaning] : fmt::format("†{}", meaning);
}

std::vector<std::string> labels_of(const std::vector<RunResults>& runs) {
  std::vector<std::string> labels;
  std::set<std::string> taken;
  for (const RunResults& run : runs) {
    const std::string name = run.model.empty() ? "(no name)" : one_line(run.model);
    std::string label = name;
    for (int copy = 2; !taken.insert(label).second; ++copy) {
      label = fmt::format("{} ({})", name, copy);
    }
    labels.push_back(label);
  }
  return labels;
}

const TaskResult* find_task(const RunResults& run, const std::string& name) {
  const auto found = std::ranges::find(run.tasks, name, &TaskResult::name);
  return found == run.tasks.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> task_names(const std::vector<RunResults>& runs) {
  std::vector<std::string> names;
  for (const RunResults& run : runs) {
    for (const TaskResult& task : run.tasks) {
      if (std::ranges::find(names, task.name) == names.end()) names.push_back(task.name);
    }
  }
  return names;
}

namespace {

/// Seconds, rate and stages of a task, as the run's manifest has them; "" where it has not.
std::string timing_of(const RunResults& run, const std::string& task) {
  const json manifest = json::parse(run.manifest, nullptr, false);
  const json::json_pointer place = json::json_pointer() / "tasks" / task;
  if (!manifest.is_object() || !manifest.contains(place)) return "";
  const json& note = manifest.at(place);
  const double rate = note.value("samples_per_second", 0.0);
  if (!note.contains("stage_seconds") || rate <= 0) return "";
  std::string text = fmt::format("{:.3g} s, {:.{}f} samples/s; seconds of all threads:",
                                 note.value("seconds", 0.0), rate, rate < 10 ? 1 : 0);
  const char* separator = " ";
  for (const char* stage : {"decode", "preprocess", "model", "score", "journal"}) {
    text += fmt::format("{}{} {:.3g}", separator, stage, note["stage_seconds"].value(stage, 0.0));
    separator = ", ";
  }
  return text;
}

}  // namespace

std::vector<ReportColumn> columns_of(const std::vector<RunResults>& runs, const std::string& name) {
  const std::vector<std::string> labels = labels_of(runs);
  std::vector<ReportColumn> columns;
  std::vector<json> meanings;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const TaskResult* task = find_task(runs[i], name);
    if (task == nullptr) continue;
    const json meaning = meaning_of(*task);
    const auto known = std::ranges::find(meanings, meaning);
    const auto number = static_cast<std::size_t>(known - meanings.begin());
    if (known == meanings.end()) meanings.push_back(meaning);
    columns.push_back({.task = task,
                       .label = labels[i],
                       .timing = timing_of(runs[i], name),
                       .mark = mark_of(number)});
  }
  return columns;
}

std::vector<std::string> protocol_notes(const std::vector<ReportColumn>& columns) {
  std::vector<std::string> notes;
  std::set<std::string> noted = {""};
  for (const ReportColumn& column : columns) {
    if (!noted.insert(column.mark).second) continue;
    std::string note = fmt::format("{} not comparable with {}: ", column.mark, columns[0].label);
    const char* separator = "";
    for (const FieldDifference& field :
         differences(meaning_of(*columns[0].task), meaning_of(*column.task))) {
      note += fmt::format("{}{} is {}, not {}", separator, field.path, field.right, field.left);
      separator = "; ";
    }
    notes.push_back(one_line(note));
  }
  return notes;
}

std::int64_t samples_done(const TaskResult& task) {
  std::int64_t done = 0;
  for (const auto& [outcome, count] : task.outcomes) done += count;
  return done;
}

std::int64_t samples_ok(const TaskResult& task) {
  const auto found = task.outcomes.find("ok");
  return found == task.outcomes.end() ? 0 : found->second;
}

}  // namespace sightline
