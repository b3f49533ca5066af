#include "results/report_numbers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "results/plain_text.h"

namespace sightline {

NumberStyle style_of(const std::string& unit, double largest) {
  if (unit == "fraction") return {.factor = 100, .decimals = 2, .unit = "%"};
  const std::string shown = unit == "bits per pixel" ? "bpp"
                            : unit == "characters"   ? "chars"
                                                     : one_line(unit);
  return {.decimals = largest >= 10 ? 2 : 4, .unit = shown};
}

std::string show(double value, const NumberStyle& style) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  return fmt::format("{:.{}f}", value * style.factor, style.decimals);
}

std::string show_short(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

std::string show_bytes(double bytes) {
  constexpr std::array<const char*, 4> kUnits = {"kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (bytes /= 1000; bytes >= 999.5 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  return show_short(bytes) + " " + kUnits[unit];
}

namespace {

MetricKey key_of(const MetricValue& metric) {
  return {metric.key, metric.unit, metric.rules};
}

}  // namespace

std::vector<MetricKey> metric_keys(std::span<const ReportColumn> columns) {
  std::vector<MetricKey> keys;
  for (const ReportColumn& column : columns) {
    for (const MetricValue& metric : column.task->metrics) {
      const MetricKey key = key_of(metric);
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

const MetricValue* find_metric(const TaskResult& task, const MetricKey& key) {
  const auto found = std::ranges::find(task.metrics, key, key_of);
  return found == task.metrics.end() ? nullptr : &*found;
}

std::string label_of(std::span<const ReportColumn> columns, const MetricKey& key) {
  std::string label = key.key;
  if (!key.rules.empty()) {
    const bool repeats = key.rules.starts_with(key.key + "/");
    const std::string rules = repeats ? key.rules.substr(key.key.size() + 1) : key.rules;
    label += " (" + rules + ")";
  }
  const bool lower_is_better = std::ranges::any_of(columns, [&](const ReportColumn& column) {
    const MetricValue* metric = find_metric(*column.task, key);
    return metric != nullptr && !metric->higher_is_better;
  });
  return one_line(label) + (lower_is_better ? " ↓" : "");
}

NumberStyle style_of(std::span<const ReportColumn> columns, const MetricKey& key) {
  double largest = 0;
  for (const ReportColumn& column : columns) {
    const MetricValue* metric = find_metric(*column.task, key);
    if (metric == nullptr || !metric->value || !std::isfinite(*metric->value)) continue;
    largest = std::max(largest, std::abs(*metric->value));
  }
  return style_of(key.unit, largest);
}

ReportCell metric_cell(const ReportColumn& column, const MetricKey& key, const NumberStyle& style) {
  const std::string mark = column.mark.empty() ? "" : " " + column.mark;
  const MetricValue* metric = find_metric(*column.task, key);
  if (metric == nullptr) return {};
  if (!metric->value) return {.number = "–", .tail = mark};
  ReportCell cell{.number = show(*metric->value, style), .tail = ""};
  if (metric->standard_error) cell.tail = " ± " + show(*metric->standard_error, style);
  if (metric->interval) {
    cell.tail += fmt::format(" [{}, {}]", show(metric->interval->low, style),
                             show(metric->interval->high, style));
  }
  cell.tail += mark;
  return cell;
}

}  // namespace sightline
