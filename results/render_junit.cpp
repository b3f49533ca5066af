#include <cmath>

#include "harness/base/error.h"
#include "results/junit.h"
#include "results/plain_text.h"
#include "results/report_columns.h"
#include "results/report_layout.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

std::string output_of(const MetricValue& metric) {
  std::string text =
      fmt::format("value: {}\n", metric.value ? fmt::format("{}", *metric.value) : "undefined");
  const NumberStyle style = style_of(metric.unit, std::abs(metric.value.value_or(0)));
  if (metric.value) text += fmt::format("shown: {} {}\n", show(*metric.value, style), style.unit);
  if (metric.standard_error) text += fmt::format("stderr: {}\n", *metric.standard_error);
  if (metric.interval) {
    text += fmt::format("ci95: [{}, {}]\n", metric.interval->low, metric.interval->high);
  }
  text += fmt::format("n: {}\n", metric.n);
  if (!metric.rules.empty()) text += "rules: " + metric.rules + "\n";
  if (!metric.note.empty()) text += "note: " + metric.note + "\n";
  return text;
}

/// A metric that is undefined was not tested.
JunitCase case_of(const MetricValue& metric) {
  JunitCase one{.name = metric.key, .output = output_of(metric)};
  if (metric.value) return one;
  one.outcome = JunitOutcome::kSkipped;
  one.message = metric.note.empty() ? "undefined" : metric.note;
  return one;
}

/// Whether every sample was asked and answered.
JunitCase coverage_of(const TaskResult& task) {
  const std::int64_t done = samples_done(task), ok = samples_ok(task);
  JunitCase one{.name = "coverage",
                .output = fmt::format("samples: {}\ndone: {}\nok: {}\n", task.samples, done, ok)};
  std::string failures;
  for (const auto& [outcome, count] : task.outcomes) {
    if (outcome == "ok" || count == 0) continue;
    failures += fmt::format("{}{} {}", failures.empty() ? "" : ", ", count, outcome);
    one.output += fmt::format("{}: {}\n", outcome, count);
  }
  if (done < task.samples) {
    one.outcome = JunitOutcome::kError;
    one.type = "unfinished";
    one.message = fmt::format("unfinished: {} of {} samples{}", done, task.samples,
                              failures.empty() ? "" : "; not ok: " + failures);
  } else if (!failures.empty()) {
    one.outcome = JunitOutcome::kFailed;
    one.type = "coverage";
    one.message = fmt::format("{} of {} samples are not ok: {}", done - ok, done, failures);
  }
  return one;
}

JunitSuite suite_of(const ReportColumn& column, bool several_runs) {
  const std::string name = one_line(column.task->name);
  JunitSuite suite{several_runs ? column.label + ": " + name : name, {}};
  for (const MetricValue& metric : column.task->metrics) suite.cases.push_back(case_of(metric));
  suite.cases.push_back(coverage_of(*column.task));
  return suite;
}

}  // namespace

std::string render_junit(const std::vector<RunResults>& runs) {
  std::vector<JunitSuite> suites;
  for (const std::string& name : task_names(runs)) {
    for (const ReportColumn& column : columns_of(runs, name)) {
      suites.push_back(suite_of(column, runs.size() > 1));
    }
  }
  for (const RunResults& run : runs) {
    if (run.finished || !run.tasks.empty()) continue;
    suites.push_back({one_line(run.model),
                      {{.name = "coverage",
                        .outcome = JunitOutcome::kError,
                        .type = "unfinished",
                        .message = "unfinished: no task has begun"}}});
  }
  return render_junit("sightline report", suites);
}

}  // namespace sightline
