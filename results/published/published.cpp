#include "results/published/published.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "results/report_published.h"

namespace sightline {

using nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& word) {
  return to_lower(text).find(to_lower(word)) != std::string::npos;
}

/// The metric of a row's task in the runs; null where no run has it.
const MetricValue* find_counterpart(const std::vector<RunResults>& runs,
                                    const PublishedResult& row) {
  for (const RunResults& run : runs) {
    for (const TaskResult& task : run.tasks) {
      if (name_without_options(task.name) != row.task_name) continue;
      const auto found = std::ranges::find(task.metrics, row.metric_key, &MetricValue::key);
      if (found != task.metrics.end()) return &*found;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<PublishedResult> filter_published(std::vector<PublishedResult> rows,
                                              const std::string& task, const std::string& model) {
  std::erase_if(rows, [&](const PublishedResult& row) {
    const bool of_task = holds(row.task_key, task) || holds(row.task + " " + row.split, task);
    return !of_task || !(holds(label_of(row), model) || holds(row.id, model));
  });
  return rows;
}

const PublishedResult& find_published(const std::vector<PublishedResult>& rows,
                                      const std::string& id) {
  const auto found = std::ranges::find(rows, id, &PublishedResult::id);
  if (found != rows.end()) return *found;
  std::vector<std::string> ids;
  for (const PublishedResult& row : rows) ids.push_back(row.id);
  throw UsageError(
      fmt::format("there is no published result '{}'{}; `sightline list published` shows "
                  "all",
                  id, did_you_mean(id, ids)));
}

std::string label_of(const PublishedResult& row) {
  return row.variant.empty() ? row.model : row.model + ", " + row.variant;
}

std::string source_of(const PublishedResult& row) {
  return row.source + (row.from_memory ? " (from memory)" : "");
}

std::string value_of(const PublishedResult& row) {
  return fmt::format("{:.{}f}{}{}", row.value, row.decimals, row.unit.empty() ? "" : " ", row.unit);
}

json to_json(const PublishedResult& row) {
  json fields = {{"id", row.id},
                 {"model", row.model},
                 {"variant", row.variant},
                 {"task", row.task},
                 {"split", row.split},
                 {"metric", row.metric},
                 {"value", row.value},
                 {"unit", row.unit},
                 {"higher_is_better", nullptr},
                 {"source", row.source},
                 {"confidence", row.from_memory ? "from memory" : "read in source"}};
  if (row.higher_is_better) fields["higher_is_better"] = *row.higher_is_better;
  if (!row.note.empty()) fields["note"] = row.note;
  if (!row.task_key.empty()) fields["task_key"] = row.task_key;
  if (row.is_comparable()) {
    fields["metric_key"] = row.metric_key;
    fields["factor"] = row.factor;
  }
  if (row.n) fields["n"] = *row.n;
  if (!row.protocol.empty()) fields["protocol"] = row.protocol;
  return fields;
}

std::vector<PublishedNumber> numbers_beside(const std::vector<RunResults>& runs,
                                            const std::vector<PublishedResult>& rows) {
  std::vector<PublishedNumber> numbers;
  for (const PublishedResult& row : rows) {
    if (!row.is_comparable()) continue;
    const MetricValue* counterpart = find_counterpart(runs, row);
    if (counterpart == nullptr) continue;
    PublishedNumber& number = numbers.emplace_back();
    number.id = row.id;
    number.label = label_of(row);
    number.task = row.task_name;
    number.metric.key = row.metric_key;
    number.metric.value = row.value_in_files();
    number.metric.n = row.n.value_or(0);
    number.metric.unit = counterpart->unit;
    number.metric.higher_is_better = counterpart->higher_is_better;
    number.metric.rules = counterpart->rules;
    number.decimals = row.decimals;
    number.protocol = json(row.protocol).dump();
    number.source = row.source;
    number.from_memory = row.from_memory;
  }
  return numbers;
}

}  // namespace sightline
