#include <nlohmann/json.hpp>
#include <optional>

#include "results/comparison/comparison.h"
#include "results/json_field.h"
#include "results/plain_text.h"

namespace sightline {

using nlohmann::json;

namespace {

/// Counts of samples are only said of metrics that are means over them.
json count(const MetricComparison& metric, std::int64_t value) {
  return metric.has_samples ? json(value) : json();
}

json json_of(const MetricComparison& metric) {
  json object = {{"base", json_number(metric.base)},
                 {"new", json_number(metric.next)},
                 {"difference", nullptr},
                 {"stderr", nullptr},
                 {"ci95", nullptr},
                 {"n", metric.samples},
                 {"clusters", metric.clusters},
                 {"won", count(metric, metric.won)},
                 {"lost", count(metric, metric.lost)},
                 {"tied", count(metric, metric.tied)},
                 {"verdict", metric.verdict},
                 {"p_value", json_number(metric.p_value)},
                 {"p_holm", json_number(metric.p_adjusted)},
                 {"mcnemar_p", json_number(metric.mcnemar)},
                 {"method", metric.method},
                 {"unit", metric.unit},
                 {"higher_is_better", metric.higher_is_better},
                 {"note", metric.note}};
  if (!metric.estimate) return object;
  object["difference"] = json_number(metric.estimate->value);
  object["stderr"] = json_number(metric.estimate->standard_error);
  if (const std::optional<Interval> interval = interval_95(*metric.estimate)) {
    object["ci95"] = {json_number(interval->low), json_number(interval->high)};
  }
  return object;
}

json json_of(const Flip& flip) {
  return {{"id", flip.id},
          {"image", flip.image},
          {"question", flip.question},
          {"base_answer", flip.base_answer},
          {"new_answer", flip.next_answer},
          {"base_score", json_number(flip.base_score)},
          {"new_score", json_number(flip.next_score)}};
}

json json_of(const ConditionDifference& difference) {
  return {{"task", difference.task},
          {"field", difference.field.path},
          {"base", difference.field.left},
          {"new", difference.field.right},
          {"allowed", difference.allowed}};
}

json flips_of(const TaskComparison& task) {
  json samples = json::array();
  for (const Flip& flip : task.flips) samples.push_back(json_of(flip));
  return {{"metric", task.flip_metric}, {"total", task.all_flips}, {"samples", std::move(samples)}};
}

}  // namespace

json to_json(const Comparison& comparison) {
  json metrics = json::object(), flips = json::object(), same = json::object();
  for (const TaskComparison& task : comparison.tasks) {
    for (const MetricComparison& metric : task.metrics) metrics[metric.key()] = json_of(metric);
    if (!task.flip_metric.empty()) flips[task.task] = flips_of(task);
    same[task.task] = task.same_answers;
  }
  json differences = json::array();
  for (const ConditionDifference& difference : comparison.differences) {
    differences.push_back(json_of(difference));
  }
  return well_formed({{"comparable", comparison.comparable},
                      {"verdict", comparison.verdict},
                      {"base",
                       {{"label", comparison.base},
                        {"folder", comparison.base_folder},
                        {"origin", comparison.base_origin}}},
                      {"new",
                       {{"label", comparison.next},
                        {"folder", comparison.next_folder},
                        {"origin", comparison.next_origin}}},
                      {"metrics", std::move(metrics)},
                      {"flips", std::move(flips)},
                      {"same_answers", std::move(same)},
                      {"differences", std::move(differences)},
                      {"notes", comparison.notes}});
}

}  // namespace sightline
