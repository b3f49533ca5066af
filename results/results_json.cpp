#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "results/json_field.h"
#include "results/plain_text.h"
#include "results/run_results.h"

namespace sightline {

using nlohmann::json;

namespace {

// lm-evaluation-harness has this word where a metric has no standard error, and its tools test
// for it.
constexpr const char* kNoStandardError = "N/A";

/// A field that holds JSON as text; empty text stands for an empty object.
json object(const std::string& text, const std::string& what) {
  if (text.empty()) return json::object();
  json value = json::parse(text, nullptr, false);
  require(value.is_object(), "results.json: {} is no JSON object: {}", what, text);
  return value;
}

json json_of(const MetricValue& metric) {
  json object = {{"key", metric.key},   {"value", json_number(metric.value)},
                 {"n", metric.n},       {"stderr", json_number(metric.standard_error)},
                 {"unit", metric.unit}, {"higher_is_better", metric.higher_is_better},
                 {"note", metric.note}};
  if (!metric.rules.empty()) object["rules"] = metric.rules;
  if (metric.interval)
    object["ci95"] = {json_number(metric.interval->low), json_number(metric.interval->high)};
  return object;
}

json json_of(const Breakdowns& breakdowns) {
  json all = json::object();
  for (const auto& [name, groups] : breakdowns) {
    json& of_name = all[name] = json::object();
    for (const auto& [group, numbers] : groups) {
      json values = json::object();
      for (const auto& [key, value] : numbers.values) values[key] = json_number(value);
      of_name[group] = {{"n", numbers.n}, {"values", std::move(values)}};
    }
  }
  return all;
}

json json_of(const std::map<std::string, ScoreBounds>& bounds) {
  json all = json::object();
  for (const auto& [key, bound] : bounds) {
    all[key] = {{"failures_wrong", json_number(bound.failures_wrong)},
                {"failures_left_out", json_number(bound.failures_left_out)}};
  }
  return all;
}

/// All of a task, which the fields of lm-evaluation-harness have no place for.
json json_of(const TaskResult& task) {
  json metrics = json::array();
  for (const MetricValue& metric : task.metrics) metrics.push_back(json_of(metric));
  json fields = {{"name", task.name},
                 {"version", task.version},
                 {"rules", task.rules},
                 {"protocol", object(task.protocol, "the protocol of " + task.name)},
                 {"metrics", std::move(metrics)},
                 {"breakdowns", json_of(task.breakdowns)},
                 {"samples", task.samples},
                 {"samples_in_dataset", task.samples_in_dataset},
                 {"outcomes", task.outcomes},
                 {"bounds", json_of(task.bounds)},
                 {"answers_sha256", task.answers_sha256}};
  if (task.bootstrap_replicates > 0) fields["bootstrap_replicates"] = task.bootstrap_replicates;
  return fields;
}

/// The fields that tools for lm-evaluation-harness's results read.
void add_task(json& document, const TaskResult& task) {
  json& values = document["results"][task.name] = {{"alias", task.name}};
  json& direction = document["higher_is_better"][task.name] = json::object();
  for (const MetricValue& metric : task.metrics) {
    values[metric.key + ",none"] = json_number(metric.value);
    values[metric.key + "_stderr,none"] =
        metric.standard_error ? json_number(metric.standard_error) : json(kNoStandardError);
    direction[metric.key] = metric.higher_is_better;
  }
  document["configs"][task.name] = {
      {"task", task.name},
      {"num_fewshot", 0},
      {"metadata", {{"version", task.version}, {"rules", task.rules}}},
      {"protocol", object(task.protocol, "the protocol of " + task.name)}};
  document["versions"][task.name] = task.version;
  document["n-shot"][task.name] = 0;
  document["n-samples"][task.name] = {{"original", task.samples_in_dataset},
                                      {"effective", task.samples}};
}

void require_distinct(const std::vector<TaskResult>& tasks) {
  std::set<std::string> names;
  for (const TaskResult& task : tasks) {
    require(names.insert(task.name).second, "results.json: task {} is there twice", task.name);
  }
}

}  // namespace

json to_json(const RunResults& results) {
  require_distinct(results.tasks);
  json document = {{"model_name", results.model},
                   {"config", object(results.config, "the configuration")}};
  for (const char* field :
       {"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"}) {
    document[field] = json::object();
  }
  json tasks = json::array();
  for (const TaskResult& task : results.tasks) {
    add_task(document, task);
    tasks.push_back(json_of(task));
  }
  json manifest = object(results.manifest, "the manifest");
  require(!manifest.contains(kRunField), "results.json: the manifest has a field '{}' of its own",
          kRunField);
  document["date"] = manifest.value("date", json());
  manifest[kRunField] = {
      {"model", results.model}, {"finished", results.finished}, {"tasks", std::move(tasks)}};
  document["sightline"] = std::move(manifest);
  return well_formed(document);
}

}  // namespace sightline
