#include "results/comparison/comparison.h"

#include <algorithm>

#include "harness/base/error.h"
#include "results/comparison/compare_task.h"
#include "results/comparison/conditions.h"

namespace sightline {

namespace {

/// Lengths of texts are neither good nor bad.
bool is_descriptive(const std::string& unit) {
  return unit == "characters" || unit == "sentences";
}

constexpr const char* kNotTested = "not tested";
constexpr const char* kNoDifference = "no difference shown";

/// p-values after Holm, and from them the verdicts.
void judge(const CompareSettings& settings, Comparison& comparison) {
  std::vector<MetricComparison*> tested;
  std::vector<double> p_values;
  for (TaskComparison& task : comparison.tasks) {
    for (MetricComparison& metric : task.metrics) {
      metric.verdict = kNotTested;
      if (!metric.p_value) continue;
      tested.push_back(&metric);
      p_values.push_back(*metric.p_value);
    }
  }
  const std::vector<double> adjusted = holm(p_values);
  bool better = false, worse = false;
  for (std::size_t i = 0; i < tested.size(); ++i) {
    MetricComparison& metric = *tested[i];
    metric.p_adjusted = adjusted[i];
    metric.verdict = kNoDifference;
    if (adjusted[i] > settings.alpha || metric.estimate->value == 0) continue;
    const bool up = metric.estimate->value > 0;
    if (is_descriptive(metric.unit)) {
      metric.verdict = up ? "larger" : "smaller";
      continue;
    }
    const bool gained = up == metric.higher_is_better;
    metric.verdict = gained ? "better" : "worse";
    (gained ? better : worse) = true;
  }
  comparison.verdict = better && worse  ? "mixed"
                       : better         ? "better"
                       : worse          ? "worse"
                       : tested.empty() ? kNotTested
                                        : kNoDifference;
}

const TaskSamples* find_task(const RunSamples& run, const std::string& name) {
  const auto found = std::ranges::find_if(
      run.tasks, [&](const TaskSamples& task) { return task.result.name == name; });
  return found == run.tasks.end() ? nullptr : &*found;
}

std::string names_of(const RunSamples& run) {
  std::vector<std::string> names;
  for (const TaskSamples& task : run.tasks) names.push_back(task.result.name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Both sides of the tasks that both runs have; a note on each that only one has.
std::vector<std::pair<const TaskSamples*, const TaskSamples*>> common_tasks(
    const RunSamples& base, const RunSamples& next, Comparison& comparison) {
  std::vector<std::pair<const TaskSamples*, const TaskSamples*>> common;
  for (const TaskSamples& task : base.tasks) {
    if (const TaskSamples* other = find_task(next, task.result.name)) {
      common.emplace_back(&task, other);
    } else {
      comparison.notes.push_back(fmt::format("{} is in the base only", task.result.name));
    }
  }
  for (const TaskSamples& task : next.tasks) {
    if (find_task(base, task.result.name) == nullptr) {
      comparison.notes.push_back(fmt::format("{} is in the new run only", task.result.name));
    }
  }
  if (common.empty()) {
    throw MismatchError(fmt::format(
        "the runs have no task in common: {} holds {}, {} holds {}; a task with other options is "
        "another task",
        base.folder, names_of(base), next.folder, names_of(next)));
  }
  return common;
}

/// Metrics that one side alone has, or in another unit.
void add_lone_metrics(const char* side, const TaskResult& task, const TaskResult& other,
                      std::vector<std::string>& notes) {
  for (const MetricValue& metric : task.metrics) {
    if (counterpart_of(metric, other) != nullptr) continue;
    notes.push_back(fmt::format("{}/{}{} is in {} only", task.name, metric.key,
                                metric.unit.empty() ? "" : " (" + metric.unit + ")", side));
  }
}

/// What a reader must know of samples that failed or were not reached.
void add_coverage(const char* side, const TaskResult& task, std::vector<std::string>& notes) {
  std::int64_t done = 0;
  std::string failures;
  for (const auto& [outcome, count] : task.outcomes) {
    done += count;
    if (outcome == "ok" || count == 0) continue;
    failures += fmt::format("{}{} {}", failures.empty() ? "" : ", ", count, outcome);
  }
  if (!task.outcomes.empty() && done < task.samples) {
    notes.push_back(fmt::format("{} of {} is unfinished: {} of {} samples", task.name, side, done,
                                task.samples));
  }
  if (!failures.empty()) {
    notes.push_back(fmt::format("{} of {}: {}, which count as wrong", task.name, side, failures));
  }
}

}  // namespace

Comparison compare_runs(const RunSamples& base, const RunSamples& next,
                        const CompareSettings& settings) {
  Comparison comparison{.base = base.label,
                        .next = next.label,
                        .base_folder = base.folder,
                        .next_folder = next.folder,
                        .base_origin = base.origin,
                        .next_origin = next.origin};
  for (const std::string& note : base.notes) comparison.notes.push_back("base: " + note);
  for (const std::string& note : next.notes) comparison.notes.push_back("new: " + note);
  const auto common = common_tasks(base, next, comparison);
  for (const auto& [left, right] : common) {
    for (ConditionDifference& found : condition_differences(*left, *right, settings.allow)) {
      comparison.comparable = comparison.comparable && found.allowed;
      comparison.differences.push_back(std::move(found));
    }
  }
  if (!comparison.comparable) {
    comparison.verdict = "not comparable";
    return comparison;
  }
  for (const auto& [left, right] : common) {
    comparison.tasks.push_back(
        with_context([&, task = left] { return fmt::format("comparing {}", task->result.name); },
                     [&, l = left, r = right] { return compare_task(*l, *r, settings); }));
    add_lone_metrics("the base", left->result, right->result, comparison.notes);
    add_lone_metrics("the new run", right->result, left->result, comparison.notes);
    add_coverage("the base", left->result, comparison.notes);
    add_coverage("the new run", right->result, comparison.notes);
  }
  judge(settings, comparison);
  return comparison;
}

}  // namespace sightline
