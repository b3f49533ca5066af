#include "results/report_published.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/differences.h"
#include "results/plain_text.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

json object_of(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

bool is_of(const std::string& field, const std::string& metric) {
  return field == metric || field.starts_with(metric + "_");
}

/// The note of a number: where it comes from, and how far its protocol is that of `column`.
std::string note_of(const PublishedNumber& number, const ReportColumn& column) {
  const json here =
      protocol_of_metric(object_of(column.task->protocol), *column.task, number.metric.key);
  const json known = object_of(number.protocol);
  std::string differs, unknown;
  for (const auto& [field, value] : here.items()) {
    if (!known.contains(field)) unknown += (unknown.empty() ? "" : ", ") + field;
  }
  for (const FieldDifference& field : differences(known, here)) {
    if (!known.contains(field.path)) continue;
    differs += fmt::format("{}{} is {}, not {}", differs.empty() ? "" : ", ", field.path,
                           field.left, field.right);
  }
  std::string text = "not measured here: " + number.source;
  if (number.from_memory) text += " (from memory)";
  if (!differs.empty()) {
    text += fmt::format("; another protocol than {}: {}", column.label, differs);
  }
  const std::int64_t samples = column.task->samples_in_dataset;
  if (number.metric.n > 0 && number.metric.n != samples) {
    text += fmt::format("; of {} samples, {} has {}", number.metric.n, column.label, samples);
  }
  if (number.metric.n == 0) unknown = "number of samples" + (unknown.empty() ? "" : ", " + unknown);
  if (!unknown.empty()) text += "; unknown: " + unknown;
  return one_line(text);
}

/// A run's number beside a published one.
ReportCell cell_of(const ReportColumn& column, const MetricKey& key, const NumberStyle& style) {
  return find_metric(*column.task, key) == nullptr ? ReportCell{} : metric_cell(column, key, style);
}

}  // namespace

std::string name_without_options(const std::string& task) {
  return task.substr(0, task.find('['));
}

json protocol_of_metric(const json& protocol, const TaskResult& task, const std::string& metric) {
  json kept = json::object();
  for (const auto& [field, value] : protocol.items()) {
    const MetricValue* owner = nullptr;  // the longest key: lpips_vgg_weights is not lpips'
    for (const MetricValue& candidate : task.metrics) {
      if (!is_of(field, candidate.key)) continue;
      if (owner == nullptr || candidate.key.size() > owner->key.size()) owner = &candidate;
    }
    if (owner == nullptr || owner->key == metric) kept[field] = value;
  }
  return kept;
}

bool stands_beside(const PublishedNumber& number, const TaskResult& task) {
  return number.task == name_without_options(task.name) &&
         std::ranges::find(task.metrics, number.metric.key, &MetricValue::key) !=
             task.metrics.end();
}

bool stands_beside(const PublishedNumber& number, const std::vector<RunResults>& runs) {
  return std::ranges::any_of(runs, [&](const RunResults& run) {
    return std::ranges::any_of(run.tasks,
                               [&](const TaskResult& task) { return stands_beside(number, task); });
  });
}

void add_published(const std::vector<ReportColumn>& columns,
                   const std::vector<PublishedNumber>& published, ReportBlock& block) {
  ReportTable table{
      .heading = "published, not measured here", .columns = {"published"}, .rows = {}};
  for (const ReportColumn& column : columns) table.columns.push_back(column.label);
  std::vector<std::string> notes;
  for (const PublishedNumber& number : published) {
    if (!stands_beside(number, *columns[0].task)) continue;
    const MetricKey key{number.metric.key, number.metric.unit, number.metric.rules};
    NumberStyle style = style_of(columns, key);
    const std::string note = note_of(number, columns[0]);
    const auto known = std::ranges::find(notes, note);
    const auto place = known - notes.begin();
    if (known == notes.end()) notes.push_back(note);
    ReportRow& row = table.rows.emplace_back();
    row = {.label = one_line(number.label + ": " + key.key), .unit = style.unit, .cells = {}};
    for (const ReportColumn& column : columns) row.cells.push_back(cell_of(column, key, style));
    style.decimals = number.decimals;
    row.cells.insert(row.cells.begin(), {.number = show(*number.metric.value, style),
                                         .tail = fmt::format(" (p{})", place + 1)});
  }
  if (table.rows.empty()) return;
  block.tables.push_back(std::move(table));
  for (std::size_t i = 0; i < notes.size(); ++i) {
    block.notes.push_back(fmt::format("(p{}) {}", i + 1, notes[i]));
  }
}

}  // namespace sightline
