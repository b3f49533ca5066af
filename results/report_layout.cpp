#include "results/report_layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.h"
#include "results/plain_text.h"
#include "results/report_columns.h"
#include "results/report_numbers.h"
#include "results/report_published.h"

namespace sightline {

namespace {

constexpr std::size_t kMostGroups = 5;  // a breakdown of more is a table of its own, not a detail

using Columns = std::vector<ReportColumn>;

std::string tail_of(const ReportColumn& column) {
  return column.mark.empty() ? "" : " " + column.mark;
}

ReportRow metric_row(const Columns& columns, const MetricKey& key, const NumberStyle& style) {
  ReportRow row{.label = label_of(columns, key), .unit = style.unit, .cells = {}};
  for (const ReportColumn& column : columns) row.cells.push_back(metric_cell(column, key, style));
  return row;
}

/// The two bounds of one metric, where a run has them.
void add_bounds(const Columns& columns, const MetricKey& key, const NumberStyle& style,
                ReportTable& table) {
  const std::pair<const char*, std::optional<double> ScoreBounds::*> kinds[] = {
      {"failures wrong", &ScoreBounds::failures_wrong},
      {"failures left out", &ScoreBounds::failures_left_out}};
  for (const auto& [label, bound] : kinds) {
    ReportRow row{.label = label, .unit = style.unit, .cells = {}, .is_detail = true};
    bool any = false;
    for (const ReportColumn& column : columns) {
      ReportCell& cell = row.cells.emplace_back();
      const auto found = column.task->bounds.find(key.key);
      if (found == column.task->bounds.end() || find_metric(*column.task, key) == nullptr) continue;
      const std::optional<double>& value = found->second.*bound;
      cell = {.number = value ? show(*value, style) : "–", .tail = tail_of(column)};
      any = true;
    }
    if (any) table.rows.push_back(std::move(row));
  }
}

bool is_unfinished(const ReportColumn& column) {
  return samples_done(*column.task) < column.task->samples;
}

std::vector<std::string> headers(const Columns& columns) {
  std::vector<std::string> texts;
  for (const ReportColumn& column : columns) {
    texts.push_back(column.label + (is_unfinished(column) ? " (unfinished)" : "") +
                    tail_of(column));
  }
  return texts;
}

ReportRow coverage_row(const Columns& columns) {
  ReportRow row{.label = "coverage", .unit = "", .cells = {}};
  for (const ReportColumn& column : columns) {
    row.cells.push_back(
        {.number = fmt::format("{}/{}", samples_ok(*column.task), column.task->samples),
         .tail = ""});
  }
  return row;
}

ReportTable metric_table(const Columns& columns) {
  ReportTable table{.heading = "metric", .columns = headers(columns), .rows = {}};
  for (const MetricKey& key : metric_keys(columns)) {
    const NumberStyle style = style_of(columns, key);
    table.rows.push_back(metric_row(columns, key, style));
    add_bounds(columns, key, style, table);
  }
  table.rows.push_back(coverage_row(columns));
  return table;
}

/// Everything that breakdown `name` of the columns has: groups and keys, each in order.
struct BreakdownShape {
  std::map<std::string, std::vector<std::int64_t>> groups;  ///< group -> its sample counts
  std::map<std::string, double> keys;                       ///< key -> largest finite value
};

BreakdownShape shape_of(const Columns& columns, const std::string& name) {
  BreakdownShape shape;
  for (const ReportColumn& column : columns) {
    const auto found = column.task->breakdowns.find(name);
    if (found == column.task->breakdowns.end()) continue;
    for (const auto& [group, numbers] : found->second) {
      shape.groups[group].push_back(numbers.n);
      for (const auto& [key, value] : numbers.values) {
        double& largest = shape.keys[key];
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
      }
    }
  }
  return shape;
}

ReportCell breakdown_cell(const ReportColumn& column, const std::string& name,
                          const std::string& group, const std::string& key,
                          const NumberStyle& style) {
  const auto breakdown = column.task->breakdowns.find(name);
  if (breakdown == column.task->breakdowns.end()) return {};
  const auto numbers = breakdown->second.find(group);
  if (numbers == breakdown->second.end()) return {};
  const auto value = numbers->second.values.find(key);
  if (value == numbers->second.values.end()) return {};
  return {.number = show(value->second, style), .tail = tail_of(column)};
}

std::string unit_of(const Columns& columns, const std::string& key) {
  for (const ReportColumn& column : columns) {
    const auto found = std::ranges::find(column.task->metrics, key, &MetricValue::key);
    if (found != column.task->metrics.end()) return found->unit;
  }
  return "";
}

/// The group's name, with its samples where all runs agree on them.
std::string group_label(const std::string& group, const std::vector<std::int64_t>& counts) {
  const bool agree = std::ranges::all_of(counts, [&](auto n) { return n == counts[0]; });
  return one_line(group) + (agree ? fmt::format(" (n = {})", counts[0]) : "");
}

void add_breakdown(const Columns& columns, const std::string& name,
                   std::vector<ReportTable>& tables) {
  const BreakdownShape shape = shape_of(columns, name);
  if (shape.groups.size() < 2 || shape.groups.size() > kMostGroups) return;
  for (const auto& [key, largest] : shape.keys) {
    const NumberStyle style = style_of(unit_of(columns, key), largest);
    ReportTable table{
        .heading = one_line(key + " by " + name), .columns = headers(columns), .rows = {}};
    for (const auto& [group, counts] : shape.groups) {
      ReportRow& row = table.rows.emplace_back();
      row = {.label = group_label(group, counts), .unit = style.unit, .cells = {}};
      for (const ReportColumn& column : columns) {
        row.cells.push_back(breakdown_cell(column, name, group, key, style));
      }
    }
    tables.push_back(std::move(table));
  }
}

void add_breakdowns(const Columns& columns, std::vector<ReportTable>& tables) {
  std::map<std::string, bool> names;
  for (const ReportColumn& column : columns) {
    for (const auto& [name, groups] : column.task->breakdowns) names[name] = true;
  }
  for (const auto& [name, unused] : names) add_breakdown(columns, name, tables);
}

/// What `column` has to say about a metric; "" for nothing.
std::string metric_note(const ReportColumn& column, const MetricKey& key) {
  const MetricValue* metric = find_metric(*column.task, key);
  if (metric == nullptr) return "";
  if (!metric->note.empty()) return one_line(metric->note);
  return metric->value ? "" : "undefined";
}

/// Notes on metrics; one that several metrics and runs share is given once.
void add_metric_notes(const Columns& columns, std::vector<std::string>& notes) {
  struct Note {
    std::string text, runs, metrics;
  };
  std::vector<Note> all;
  for (const MetricKey& key : metric_keys(columns)) {
    std::map<std::string, std::string> runs;  // text -> the runs that say it of this metric
    for (const ReportColumn& column : columns) {
      const std::string text = metric_note(column, key);
      if (!text.empty()) runs[text] += (runs[text].empty() ? "" : ", ") + column.label;
    }
    for (const auto& [text, labels] : runs) {
      const auto same = std::ranges::find_if(
          all, [&, &t = text, &l = labels](const Note& n) { return n.text == t && n.runs == l; });
      if (same == all.end()) {
        all.push_back({text, labels, one_line(key.key)});
      } else {
        same->metrics += ", " + one_line(key.key);
      }
    }
  }
  for (const Note& note : all) {
    const std::string who = columns.size() == 1 ? "" : " (" + note.runs + ")";
    notes.push_back(note.metrics + who + ": " + note.text);
  }
}

/// Where the time of each run went.
void add_time_notes(const Columns& columns, std::vector<std::string>& notes) {
  for (const ReportColumn& column : columns) {
    if (column.timing.empty()) continue;
    const std::string who = columns.size() == 1 ? "" : " (" + column.label + ")";
    notes.push_back("time" + who + ": " + column.timing);
  }
}

/// What failed and what was not reached, run by run.
void add_sample_notes(const Columns& columns, std::vector<std::string>& notes) {
  for (const ReportColumn& column : columns) {
    const TaskResult& task = *column.task;
    const std::string who = columns.size() == 1 ? "" : " (" + column.label + ")";
    const std::int64_t done = samples_done(task);
    if (is_unfinished(column)) {
      notes.push_back(fmt::format("unfinished{}: {} of {} samples", who, done, task.samples));
    }
    if (done == samples_ok(task)) continue;
    std::string list;
    for (const auto& [outcome, count] : task.outcomes) {
      if (outcome == "ok" || count == 0) continue;
      list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, one_line(outcome));
    }
    notes.push_back(fmt::format("not ok{}: {}", who, list));
  }
}

std::string subtitle_of(const TaskResult& task) {
  std::string text = one_line(task.rules);
  if (!task.version.empty())
    text += (text.empty() ? "" : ", ") + ("version " + one_line(task.version));
  if (!text.empty()) text += ", ";
  const char* noun = task.samples_in_dataset == 1 ? "sample" : "samples";
  text += task.samples == task.samples_in_dataset
              ? fmt::format("{} {}", task.samples, noun)
              : fmt::format("{} of {} {}", task.samples, task.samples_in_dataset, noun);
  return text;
}

}  // namespace

ReportLayout lay_out(const std::vector<RunResults>& runs,
                     const std::vector<PublishedNumber>& published) {
  ReportLayout layout;
  for (const std::string& name : task_names(runs)) {
    const Columns columns = columns_of(runs, name);
    ReportBlock block{.title = one_line(name),
                      .subtitle = subtitle_of(*columns[0].task),
                      .tables = {metric_table(columns)},
                      .notes = protocol_notes(columns)};
    add_breakdowns(columns, block.tables);
    add_published(columns, published, block);
    add_sample_notes(columns, block.notes);
    add_metric_notes(columns, block.notes);
    add_time_notes(columns, block.notes);
    layout.push_back(std::move(block));
  }
  return layout;
}

}  // namespace sightline
