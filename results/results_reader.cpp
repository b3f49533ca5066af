#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.h"
#include "results/json_field.h"
#include "results/run_results.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::optional<Interval> read_interval(const JsonField& metric) {
  if (!metric.has("ci95")) return std::nullopt;
  const JsonField field = metric.at("ci95");
  std::vector<double> ends;
  field.each_element([&](const JsonField& end) { ends.push_back(end.number()); });
  if (ends.size() != 2) field.fail_type("an interval of two numbers");
  return Interval{ends[0], ends[1]};
}

MetricValue read_metric(const JsonField& field) {
  return {.key = field.at("key").text(),
          .value = field.at("value").optional_number(),
          .standard_error = field.at("stderr").optional_number(),
          .n = field.at("n").count(),
          .unit = field.at("unit").text(),
          .higher_is_better = field.at("higher_is_better").flag(),
          .interval = read_interval(field),
          .rules = field.has("rules") ? field.at("rules").text() : "",
          .note = field.at("note").text()};
}

Breakdowns read_breakdowns(const JsonField& field) {
  Breakdowns breakdowns;
  field.each_item([&](const std::string& name, const JsonField& groups) {
    auto& of_name = breakdowns[name];
    groups.each_item([&](const std::string& group, const JsonField& numbers) {
      BreakdownGroup& read = of_name[group];
      read.n = numbers.at("n").count();
      numbers.at("values").each_item([&](const std::string& key, const JsonField& value) {
        read.values[key] = value.number();
      });
    });
  });
  return breakdowns;
}

TaskResult read_task(const JsonField& field) {
  TaskResult task{.name = field.at("name").text(),
                  .version = field.at("version").text(),
                  .rules = field.at("rules").text(),
                  .protocol = field.at("protocol").object_text(),
                  .metrics = {},
                  .breakdowns = read_breakdowns(field.at("breakdowns")),
                  .samples = field.at("samples").count(),
                  .samples_in_dataset = field.at("samples_in_dataset").count(),
                  .outcomes = {},
                  .bounds = {},
                  .bootstrap_replicates = field.has("bootstrap_replicates")
                                              ? field.at("bootstrap_replicates").count()
                                              : 0,
                  .answers_sha256 = field.at("answers_sha256").text()};
  field.at("metrics").each_element(
      [&](const JsonField& metric) { task.metrics.push_back(read_metric(metric)); });
  field.at("outcomes").each_item([&](const std::string& name, const JsonField& count) {
    task.outcomes[name] = count.count();
  });
  field.at("bounds").each_item([&](const std::string& key, const JsonField& bound) {
    task.bounds[key] = {.failures_wrong = bound.at("failures_wrong").optional_number(),
                        .failures_left_out = bound.at("failures_left_out").optional_number()};
  });
  return task;
}

}  // namespace

RunResults read_results(const fs::path& file) {
  const json document = read_json_file(file);
  const JsonField top(document, "", file);
  const JsonField run = top.at("sightline").at(kRunField);
  RunResults results{.model = run.at("model").text(),
                     .tasks = {},
                     .config = top.at("config").object_text(),
                     .manifest = {},
                     .finished = run.at("finished").flag()};
  run.at("tasks").each_element(
      [&](const JsonField& task) { results.tasks.push_back(read_task(task)); });
  json manifest = document["sightline"];
  manifest.erase(kRunField);
  results.manifest = manifest.dump();
  return results;
}

}  // namespace sightline
