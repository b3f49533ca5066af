#include "results/impact.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/plain_text.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

/// What a precision cost in one task, as its run's manifest has it.
struct Cost {
  std::optional<double> weight_bytes, quantised_layers, generated_rate, prompt_rate, seconds;
};

std::optional<double> number_at(const json& note, const json::json_pointer& place) {
  if (!note.contains(place) || !note.at(place).is_number()) return std::nullopt;
  return note.at(place).get<double>();
}

Cost cost_of(const RunResults& run, const std::string& task) {
  const json manifest = json::parse(run.manifest, nullptr, false);
  const json::json_pointer place = json::json_pointer() / "tasks" / task;
  if (!manifest.is_object() || !manifest.contains(place)) return {};
  const json& note = manifest.at(place);
  const auto rate = [&](const char* measured, const char* overall) {
    const auto of_the_step = number_at(note, json::json_pointer() / "facts" / measured);
    return of_the_step ? of_the_step : number_at(note, json::json_pointer() / overall);
  };
  return {.weight_bytes = number_at(note, "/facts/weight_bytes"_json_pointer),
          .quantised_layers = number_at(note, "/facts/quantised_layers"_json_pointer),
          .generated_rate = rate("decode_tokens_per_s", "generated_tokens_per_second"),
          .prompt_rate = rate("prefill_tokens_per_s", "prompt_tokens_per_second"),
          .seconds = number_at(note, "/model_seconds"_json_pointer)};
}

/// The runs that ended, each named by its precision.
std::vector<RunResults> named_runs(const std::vector<PrecisionResult>& precisions) {
  std::vector<RunResults> runs;
  for (const PrecisionResult& precision : precisions) {
    if (!precision.results) continue;
    runs.push_back(*precision.results);
    runs.back().model = precision.precision;
  }
  return runs;
}

/// How far `column` is from the first precision in a metric; none where that did not run, or under
/// another protocol.
std::optional<double> difference_of(const ReportColumn& column, const ReportColumn& first,
                                    const MetricKey& key) {
  const MetricValue* here = find_metric(*column.task, key);
  const MetricValue* there = find_metric(*first.task, key);
  const bool both = here != nullptr && there != nullptr && here->value && there->value;
  if (!both || column.mark != first.mark || &column == &first) return std::nullopt;
  const double difference = *here->value - *there->value;
  if (!std::isfinite(difference)) return std::nullopt;
  return difference;
}

/// The first precision's column of a task, if it ran.
const ReportColumn* first_column(const std::vector<PrecisionResult>& precisions,
                                 const std::vector<ReportColumn>& columns) {
  const bool ran = precisions.front().results.has_value() && !columns.empty() &&
                   columns.front().label == precisions.front().precision;
  return ran ? &columns.front() : nullptr;
}

enum Place {
  kPrecision,
  kScore,
  kDifference,
  kCoverage,
  kWeights,
  kQuantised,
  kGenerated,
  kPrompt,
  kMemory,
  kSeconds,
  kPlaces
};
constexpr const char* kHeadings[kPlaces] = {
    "precision", "score",           "difference",   "coverage",    "weights",
    "quantised", "generated tok/s", "prompt tok/s", "peak memory", "model seconds"};

/// Nothing for what is unknown, and for counts of 0.
ReportCell cell_of(const std::optional<double>& value, std::string (*show_value)(double)) {
  if (value.value_or(0) == 0) return {};
  return {.number = show_value(*value), .tail = ""};
}

std::string show_count(double value) {
  return fmt::format("{:.0f}", value);
}

/// One task's table.
class Table {
 public:
  Table(const std::vector<PrecisionResult>& precisions, const std::vector<RunResults>& runs,
        const std::string& task)
      : precisions_(precisions), columns_(columns_of(runs, task)), task_(task) {
    any_failures_ = std::ranges::any_of(columns_, [](const ReportColumn& column) {
      return samples_ok(*column.task) != column.task->samples;
    });
  }

  ReportTable lay_out() const {
    ReportTable table{.heading = "metric", .columns = {}, .rows = {}};
    const std::vector<MetricKey> keys = metric_keys(columns_);
    for (const MetricKey& key : keys) add_metric(key, &key == &keys.front(), table);
    if (keys.empty()) add_without_metrics(table);
    drop_empty_columns(table);
    return table;
  }

 private:
  const ReportColumn* column_of(const PrecisionResult& precision) const {
    const auto found = std::ranges::find(columns_, precision.precision, &ReportColumn::label);
    return found == columns_.end() ? nullptr : &*found;
  }

  void add_metric(const MetricKey& key, bool with_costs, ReportTable& table) const {
    const NumberStyle style = style_of(columns_, key);
    const ReportColumn* first = first_column(precisions_, columns_);
    for (const PrecisionResult& precision : precisions_) {
      if (!precision.results && !with_costs) continue;  // said in its first row
      ReportRow& row = add_row(precision, table);
      row.label = label_of(columns_, key);
      row.unit = style.unit;
      const ReportColumn* column = column_of(precision);
      if (column == nullptr) continue;
      row.cells[kScore] = metric_cell(*column, key, style);
      if (first != nullptr) {
        if (const auto difference = difference_of(*column, *first, key)) {
          row.cells[kDifference].number = (*difference >= 0 ? "+" : "") + show(*difference, style);
        }
      }
      if (with_costs) add_costs(precision, *column, row);
    }
  }

  /// A run whose task has no public answers still has costs.
  void add_without_metrics(ReportTable& table) const {
    for (const PrecisionResult& precision : precisions_) {
      ReportRow& row = add_row(precision, table);
      row.label = "–";
      const ReportColumn* column = column_of(precision);
      if (column != nullptr) add_costs(precision, *column, row);
    }
  }

  ReportRow& add_row(const PrecisionResult& precision, ReportTable& table) const {
    ReportRow& row = table.rows.emplace_back();
    row.cells.resize(kPlaces);
    row.cells[kPrecision].number = precision.precision;
    if (!precision.results) row.cells[kScore].number = "failed";
    return row;
  }

  void add_costs(const PrecisionResult& precision, const ReportColumn& column,
                 ReportRow& row) const {
    const Cost cost = cost_of(*precision.results, task_);
    if (any_failures_) {
      row.cells[kCoverage].number =
          fmt::format("{}/{}", samples_ok(*column.task), column.task->samples);
    }
    row.cells[kWeights] = cell_of(cost.weight_bytes, show_bytes);
    row.cells[kQuantised] = cell_of(cost.quantised_layers, show_count);
    row.cells[kGenerated] = cell_of(cost.generated_rate, show_short);
    row.cells[kPrompt] = cell_of(cost.prompt_rate, show_short);
    if (precision.peak_memory_bytes > 0) {
      row.cells[kMemory].number = show_bytes(static_cast<double>(precision.peak_memory_bytes));
    }
    row.cells[kSeconds] = cell_of(cost.seconds, show_short);
  }

  static void drop_empty_columns(ReportTable& table) {
    for (std::size_t place = 0; place < kPlaces; ++place)
      table.columns.emplace_back(kHeadings[place]);
    for (std::size_t place = kPlaces; place-- > 0;) {
      const bool used = std::ranges::any_of(
          table.rows, [&](const ReportRow& row) { return !row.cells[place].number.empty(); });
      if (used) continue;
      const auto at = static_cast<std::ptrdiff_t>(place);
      table.columns.erase(table.columns.begin() + at);
      for (ReportRow& row : table.rows) row.cells.erase(row.cells.begin() + at);
    }
  }

  const std::vector<PrecisionResult>& precisions_;
  std::vector<ReportColumn> columns_;
  std::string task_;
  bool any_failures_ = false;
};

json json_of(const std::optional<double>& value) {
  if (!value) return {};
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

json state_of(const PrecisionResult& precision) {
  json fields = {{"precision", precision.precision},
                 {"folder", precision.folder},
                 {"finished", precision.results.has_value()},
                 {"exit_code", precision.exit_code},
                 {"error", precision.error.empty() ? json() : json(precision.error)},
                 {"peak_memory_bytes",
                  precision.peak_memory_bytes > 0 ? json(precision.peak_memory_bytes) : json()}};
  if (!precision.results) return fields;
  for (const TaskResult& task : precision.results->tasks) {
    const Cost cost = cost_of(*precision.results, task.name);
    fields["weight_bytes"] = json_of(cost.weight_bytes);
    fields["quantised_layers"] = json_of(cost.quantised_layers);
    fields["tasks"][task.name] = {{"generated_tokens_per_second", json_of(cost.generated_rate)},
                                  {"prompt_tokens_per_second", json_of(cost.prompt_rate)},
                                  {"model_seconds", json_of(cost.seconds)},
                                  {"ok", samples_ok(task)},
                                  {"samples", task.samples}};
  }
  return fields;
}

}  // namespace

ReportLayout lay_out_impact(const std::vector<PrecisionResult>& precisions) {
  const std::vector<RunResults> runs = named_runs(precisions);
  ReportLayout layout = lay_out(runs);
  const std::vector<std::string> tasks = task_names(runs);
  for (std::size_t i = 0; i < layout.size(); ++i) {
    layout[i].tables = {Table(precisions, runs, tasks[i]).lay_out()};
  }
  if (layout.empty()) {
    layout.push_back({.title = "impact of precision",
                      .subtitle = "no precision ran to its end",
                      .tables = {},
                      .notes = {}});
  }
  for (const PrecisionResult& precision : precisions) {
    if (precision.results) continue;
    layout.back().notes.push_back(
        one_line(fmt::format("failed ({}): {}", precision.precision, precision.error)));
  }
  return layout;
}

json impact_json(const std::vector<PrecisionResult>& precisions) {
  const std::vector<RunResults> runs = named_runs(precisions);
  json document = {{"first", precisions.front().precision},
                   {"precisions", json::array()},
                   {"rows", json::array()}};
  for (const PrecisionResult& precision : precisions) {
    document["precisions"].push_back(state_of(precision));
  }
  for (const std::string& task : task_names(runs)) {
    const std::vector<ReportColumn> columns = columns_of(runs, task);
    const ReportColumn* first = first_column(precisions, columns);
    for (const MetricKey& key : metric_keys(columns)) {
      for (const ReportColumn& column : columns) {
        const MetricValue* metric = find_metric(*column.task, key);
        if (metric == nullptr) continue;
        json row = {{"task", task},
                    {"metric", key.key},
                    {"precision", column.label},
                    {"value", json_of(metric->value)},
                    {"stderr", json_of(metric->standard_error)},
                    {"unit", key.unit},
                    {"n", metric->n},
                    {"higher_is_better", metric->higher_is_better},
                    {"difference", json()}};
        if (first != nullptr) row["difference"] = json_of(difference_of(column, *first, key));
        if (metric->interval) row["ci95"] = {metric->interval->low, metric->interval->high};
        document["rows"].push_back(std::move(row));
      }
    }
  }
  return well_formed(document);
}

}  // namespace sightline
