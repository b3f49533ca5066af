#include "harness/engine/report_page.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/engine/run_samples.h"

namespace sightline {

namespace {

bool is_refused(const Comparison& comparison, const std::string& task) {
  return std::ranges::any_of(comparison.differences, [&](const ConditionDifference& difference) {
    return !difference.allowed && difference.task == task;
  });
}

/// Compares the tasks that are comparable; the fields in which others differ are kept.
Comparison compare_what_can_be(const RunSamples& base, RunSamples next) {
  const CompareSettings settings;
  Comparison all = compare_runs(base, next, settings);
  if (all.comparable) return all;
  std::erase_if(next.tasks,
                [&](const TaskSamples& task) { return is_refused(all, task.result.name); });
  const bool any = std::ranges::any_of(next.tasks, [&](const TaskSamples& task) {
    return std::ranges::any_of(base.tasks, [&](const TaskSamples& other) {
      return other.result.name == task.result.name;
    });
  });
  if (!any) return all;
  Comparison rest = compare_runs(base, next, settings);
  rest.differences.insert(rest.differences.end(), all.differences.begin(), all.differences.end());
  return rest;
}

void add_comparisons(const std::vector<std::filesystem::path>& folders, const TaskTable& tasks,
                     const std::filesystem::path& data_root, HtmlReport& report) {
  if (folders.size() < 2) return;
  const RunSamples base = load_run_samples(folders[0], tasks, data_root);
  for (std::size_t run = 1; run < folders.size(); ++run) {
    try {
      report.comparisons.push_back(
          {run, compare_what_can_be(base, load_run_samples(folders[run], tasks, data_root))});
    } catch (const MismatchError& error) {
      report.notes.push_back(fmt::format("{} is not compared with the first run: {}",
                                         report.runs[run].model, error.message()));
    }
  }
}

}  // namespace

HtmlReport read_report(const std::vector<std::filesystem::path>& folders,
                       std::vector<RunResults> runs, const TaskTable& tasks,
                       const std::filesystem::path& data_root, const GallerySettings& settings) {
  HtmlReport report{
      .runs = std::move(runs), .comparisons = {}, .galleries = {}, .published = {}, .notes = {}};
  add_comparisons(folders, tasks, data_root, report);
  report.galleries = read_galleries(folders, report.runs, tasks, data_root, settings);
  return report;
}

}  // namespace sightline
