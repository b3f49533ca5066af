#include "results/comparison/impact.h"
#include "results/json_field.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/plain_text.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

/// What a variant cost in one task, as its run's manifest has it.
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

/// The runs that ended, each named by its variant.
std::vector<RunResults> named_runs(const std::vector<VariantResult>& variants) {
  std::vector<RunResults> runs;
  for (const VariantResult& variant : variants) {
    if (!variant.results) continue;
    runs.push_back(*variant.results);
    runs.back().model = variant.name;
  }
  return runs;
}

/// How far `column` is from the first variant in a metric; none where that did not run, or under
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

/// The first variant's column of a task, if it ran.
const ReportColumn* first_column(const std::vector<VariantResult>& variants,
                                 const std::vector<ReportColumn>& columns) {
  const bool ran = variants.front().results.has_value() && !columns.empty() &&
                   columns.front().label == variants.front().name;
  return ran ? &columns.front() : nullptr;
}

enum Place {
  kPrecision,
  kScore,
  kDifference,
  kFlips,
  kPValue,
  kVerdict,
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
    "variant",      "score",       "difference [95%]", "won/lost",  "p (Holm)",
    "verdict",      "coverage",    "weights",          "quantised", "generated tok/s",
    "prompt tok/s", "peak memory", "model seconds"};

/// A metric of a variant beside the first's; null where they were not compared.
const MetricComparison* comparison_of(const VariantResult& variant, const std::string& task,
                                      const std::string& metric) {
  if (!variant.comparison) return nullptr;
  for (const TaskComparison& compared : variant.comparison->tasks) {
    if (compared.task != task) continue;
    const auto found = std::ranges::find(compared.metrics, metric, &MetricComparison::metric);
    if (found != compared.metrics.end()) return &*found;
  }
  return nullptr;
}

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
  Table(const std::vector<VariantResult>& variants, const std::vector<RunResults>& runs,
        const std::string& task)
      : variants_(variants), columns_(columns_of(runs, task)), task_(task) {
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
  const ReportColumn* column_of(const VariantResult& variant) const {
    const auto found = std::ranges::find(columns_, variant.name, &ReportColumn::label);
    return found == columns_.end() ? nullptr : &*found;
  }

  void add_metric(const MetricKey& key, bool with_costs, ReportTable& table) const {
    const NumberStyle style = style_of(columns_, key);
    const ReportColumn* first = first_column(variants_, columns_);
    for (const VariantResult& variant : variants_) {
      if (!variant.results && !with_costs) continue;  // said in its first row
      const ReportColumn* column = column_of(variant);
      if (variant.results && column == nullptr) continue;  // it was not asked about this task
      ReportRow& row = add_row(variant, table);
      row.label = label_of(columns_, key);
      row.unit = style.unit;
      if (column == nullptr) continue;
      row.cells[kScore] = metric_cell(*column, key, style);
      if (first != nullptr) {
        if (const auto difference = difference_of(*column, *first, key)) {
          row.cells[kDifference].number = (*difference >= 0 ? "+" : "") + show(*difference, style);
        }
      }
      if (const auto* compared = comparison_of(variant, task_, key.key)) {
        add_comparison(*compared, style, row);
      }
      if (with_costs) add_costs(variant, *column, row);
    }
  }

  /// Whether the difference is more than noise.
  static void add_comparison(const MetricComparison& compared, const NumberStyle& style,
                             ReportRow& row) {
    if (compared.estimate) {
      if (const auto interval = interval_95(*compared.estimate)) {
        row.cells[kDifference].tail =
            fmt::format(" [{}, {}]", show(interval->low, style), show(interval->high, style));
      }
    }
    if (compared.has_samples) {
      row.cells[kFlips].number = fmt::format("{}/{}", compared.won, compared.lost);
    }
    if (compared.p_adjusted)
      row.cells[kPValue].number = fmt::format("{:.3g}", *compared.p_adjusted);
    row.cells[kVerdict].number = compared.verdict;
  }

  /// A run whose task has no public answers still has costs.
  void add_without_metrics(ReportTable& table) const {
    for (const VariantResult& variant : variants_) {
      ReportRow& row = add_row(variant, table);
      row.label = "–";
      const ReportColumn* column = column_of(variant);
      if (column != nullptr) add_costs(variant, *column, row);
    }
  }

  ReportRow& add_row(const VariantResult& variant, ReportTable& table) const {
    ReportRow& row = table.rows.emplace_back();
    row.cells.resize(kPlaces);
    row.cells[kPrecision].number = variant.name;
    if (!variant.results) row.cells[kScore].number = "failed";
    return row;
  }

  void add_costs(const VariantResult& variant, const ReportColumn& column, ReportRow& row) const {
    const Cost cost = cost_of(*variant.results, task_);
    if (any_failures_) {
      row.cells[kCoverage].number =
          fmt::format("{}/{}", samples_ok(*column.task), column.task->samples);
    }
    row.cells[kWeights] = cell_of(cost.weight_bytes, show_bytes);
    row.cells[kQuantised] = cell_of(cost.quantised_layers, show_count);
    row.cells[kGenerated] = cell_of(cost.generated_rate, show_short);
    row.cells[kPrompt] = cell_of(cost.prompt_rate, show_short);
    if (variant.peak_memory_bytes > 0) {
      row.cells[kMemory].number = show_bytes(static_cast<double>(variant.peak_memory_bytes));
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

  const std::vector<VariantResult>& variants_;
  std::vector<ReportColumn> columns_;
  std::string task_;
  bool any_failures_ = false;
};

json state_of(const VariantResult& variant) {
  json fields = {{"precision", variant.name},
                 {"folder", variant.folder},
                 {"finished", variant.results.has_value()},
                 {"exit_code", variant.exit_code},
                 {"error", variant.error.empty() ? json() : json(variant.error)},
                 {"peak_memory_bytes",
                  variant.peak_memory_bytes > 0 ? json(variant.peak_memory_bytes) : json()}};
  if (!variant.results) return fields;
  for (const TaskResult& task : variant.results->tasks) {
    const Cost cost = cost_of(*variant.results, task.name);
    fields["weight_bytes"] = json_number(cost.weight_bytes);
    fields["quantised_layers"] = json_number(cost.quantised_layers);
    fields["tasks"][task.name] = {{"generated_tokens_per_second", json_number(cost.generated_rate)},
                                  {"prompt_tokens_per_second", json_number(cost.prompt_rate)},
                                  {"model_seconds", json_number(cost.seconds)},
                                  {"ok", samples_ok(task)},
                                  {"samples", task.samples}};
  }
  return fields;
}

/// What the comparison with the first says of the row's metric.
void add_comparison(const std::vector<VariantResult>& variants, const std::string& label,
                    json& row) {
  const auto variant = std::ranges::find(variants, label, &VariantResult::name);
  if (variant == variants.end()) return;
  const MetricComparison* compared = comparison_of(*variant, row["task"], row["metric"]);
  if (compared == nullptr) return;
  row["verdict"] = compared->verdict;
  row["p_holm"] = json_number(compared->p_adjusted);
  if (compared->has_samples) {
    row["won"] = compared->won;
    row["lost"] = compared->lost;
    row["tied"] = compared->tied;
  }
  if (!compared->estimate) return;
  row["difference_stderr"] = json_number(compared->estimate->standard_error);
  if (const auto interval = interval_95(*compared->estimate)) {
    row["difference_ci95"] = {interval->low, interval->high};
  }
}

/// Fields in which the variant differs from the first beyond what is compared.
void add_comparison_notes(const VariantResult& variant, std::vector<std::string>& notes) {
  if (!variant.comparison) return;
  for (const ConditionDifference& found : variant.comparison->differences) {
    notes.push_back(one_line(fmt::format(
        "{} ({}): {} differs from the first, {} against {}{}", variant.name, found.task,
        found.field.path, found.field.right, found.field.left,
        found.allowed ? ", which was allowed"
                      : ": not compared; --allow " + found.field.path + " accepts it")));
  }
}

}  // namespace

ReportLayout lay_out_impact(const std::vector<VariantResult>& variants) {
  const std::vector<RunResults> runs = named_runs(variants);
  ReportLayout layout = lay_out(runs);
  const std::vector<std::string> tasks = task_names(runs);
  for (std::size_t i = 0; i < layout.size(); ++i) {
    layout[i].tables = {Table(variants, runs, tasks[i]).lay_out()};
  }
  if (layout.empty()) {
    layout.push_back(
        {.title = "impact", .subtitle = "no variant ran to its end", .tables = {}, .notes = {}});
  }
  for (const VariantResult& variant : variants) {
    add_comparison_notes(variant, layout.back().notes);
    if (variant.results) continue;
    layout.back().notes.push_back(
        one_line(fmt::format("failed ({}): {}", variant.name, variant.error)));
  }
  return layout;
}

json impact_json(const std::vector<VariantResult>& variants) {
  const std::vector<RunResults> runs = named_runs(variants);
  json document = {
      {"first", variants.front().name}, {"precisions", json::array()}, {"rows", json::array()}};
  for (const VariantResult& variant : variants) {
    document["precisions"].push_back(state_of(variant));
  }
  for (const std::string& task : task_names(runs)) {
    const std::vector<ReportColumn> columns = columns_of(runs, task);
    const ReportColumn* first = first_column(variants, columns);
    for (const MetricKey& key : metric_keys(columns)) {
      for (const ReportColumn& column : columns) {
        const MetricValue* metric = find_metric(*column.task, key);
        if (metric == nullptr) continue;
        json row = {{"task", task},
                    {"metric", key.key},
                    {"precision", column.label},
                    {"value", json_number(metric->value)},
                    {"stderr", json_number(metric->standard_error)},
                    {"unit", key.unit},
                    {"n", metric->n},
                    {"higher_is_better", metric->higher_is_better},
                    {"difference", json()}};
        if (first != nullptr) row["difference"] = json_number(difference_of(column, *first, key));
        add_comparison(variants, column.label, row);
        if (metric->interval) row["ci95"] = {metric->interval->low, metric->interval->high};
        document["rows"].push_back(std::move(row));
      }
    }
  }
  return well_formed(document);
}

}  // namespace sightline
