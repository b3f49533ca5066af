#include <initializer_list>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "results/plain_text.h"
#include "results/report_columns.h"
#include "results/report_layout.h"
#include "results/report_published.h"

namespace sightline {

namespace {

/// A field of RFC 4180: in quotes where it holds a separator, a quote or a line break. Broken UTF-8
/// becomes U+FFFD; every other character stays as it is.
std::string field(const std::string& text) {
  const std::string repaired =
      is_utf8(text) ? text : well_formed(nlohmann::json(text)).get<std::string>();
  if (repaired.find_first_of(",\"\r\n") == std::string::npos) return repaired;
  std::string quoted = "\"";
  for (const char c : repaired) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string field(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string field(std::int64_t value) {
  return std::to_string(value);
}

void add_row(std::string& text, std::initializer_list<std::string> fields) {
  const char* separator = "";
  for (const std::string& one : fields) {
    text += separator + one;
    separator = ",";
  }
  text += "\r\n";
}

void add_metric(std::string& text, const RunResults& run, const TaskResult& task,
                const MetricValue& metric) {
  const auto found = task.bounds.find(metric.key);
  const ScoreBounds bounds = found == task.bounds.end() ? ScoreBounds{} : found->second;
  std::optional<double> low, high;
  if (metric.interval) low = metric.interval->low, high = metric.interval->high;
  add_row(text, {field(run.model), field(task.name), field(task.version),
                 field(metric.rules.empty() ? task.rules : metric.rules), field(metric.key),
                 field(metric.value), field(metric.standard_error), field(low), field(high),
                 field(metric.n), field(metric.unit), metric.higher_is_better ? "true" : "false",
                 field(samples_ok(task)), field(samples_done(task)), field(task.samples),
                 field(bounds.failures_wrong), field(bounds.failures_left_out),
                 field(task.protocol), field(metric.note)});
}

void add_published(std::string& text, const PublishedNumber& number) {
  const MetricValue& metric = number.metric;
  const std::string n = metric.n > 0 ? field(metric.n) : "";
  const std::string note = fmt::format("not measured here: {}{}", number.source,
                                       number.from_memory ? " (from memory)" : "");
  add_row(text, {field("published: " + number.label), field(number.task), "", "", field(metric.key),
                 field(metric.value), "", "", "", n, field(metric.unit),
                 metric.higher_is_better ? "true" : "false", "", "", "", "", "",
                 field(number.protocol), field(note)});
}

}  // namespace

std::string render_csv(const std::vector<RunResults>& runs,
                       const std::vector<PublishedNumber>& published) {
  std::string text;
  add_row(text, {"run", "task", "version", "rules", "metric", "value", "stderr", "ci95_low",
                 "ci95_high", "n", "unit", "higher_is_better", "ok", "done", "asked",
                 "failures_wrong", "failures_left_out", "protocol", "note"});
  for (const RunResults& run : runs) {
    for (const TaskResult& task : run.tasks) {
      for (const MetricValue& metric : task.metrics) add_metric(text, run, task, metric);
    }
  }
  for (const PublishedNumber& number : published) {
    if (stands_beside(number, runs)) add_published(text, number);
  }
  return text;
}

}  // namespace sightline
