#include "results/comparison/comparison_text.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "results/plain_text.h"

namespace sightline {

NumberStyle style_of(const MetricComparison& metric) {
  double largest = 0;
  for (const std::optional<double>& value : {metric.base, metric.next}) {
    if (value && std::isfinite(*value)) largest = std::max(largest, std::abs(*value));
  }
  return style_of(metric.unit, largest);
}

std::string label_of(const MetricComparison& metric) {
  return one_line(metric.metric) + (metric.higher_is_better ? "" : " ↓");
}

std::string show_value(const std::optional<double>& value, const NumberStyle& style) {
  return value ? show(*value, style) : "–";
}

std::string show_signed(double value, const NumberStyle& style) {
  const std::string shown = show(value, style);
  return value > 0 ? "+" + shown : shown;
}

ReportCell difference_cell(const MetricComparison& metric) {
  if (!metric.estimate) return {.number = "–", .tail = ""};
  const NumberStyle style = style_of(metric);
  ReportCell cell{.number = show_signed(metric.estimate->value, style), .tail = ""};
  if (const std::optional<Interval> interval = interval_95(*metric.estimate)) {
    cell.tail = fmt::format(" [{}, {}]", show_signed(interval->low, style),
                            show_signed(interval->high, style));
  }
  return cell;
}

std::string show_p(const std::optional<double>& p) {
  if (!p) return "–";
  return *p < 0.0001 ? "<0.0001" : fmt::format("{:.4f}", *p);
}

std::string outcomes_text(const MetricComparison& metric) {
  if (!metric.has_samples) return "–";
  return fmt::format("{} / {} / {}", metric.won, metric.lost, metric.tied);
}

std::string size_text(const MetricComparison& metric) {
  const char* noun = metric.samples == 1 ? "sample" : "samples";
  if (metric.clusters == metric.samples) return fmt::format("{} {}", metric.samples, noun);
  return fmt::format("{} {}, {} images", metric.samples, noun, metric.clusters);
}

std::string summary_of(const Comparison& comparison) {
  if (!comparison.comparable) return "not comparable";
  std::int64_t metrics = 0;
  std::vector<std::pair<std::string, std::int64_t>> verdicts;  // in order of first appearance
  for (const TaskComparison& task : comparison.tasks) {
    for (const MetricComparison& metric : task.metrics) {
      ++metrics;
      const std::string verdict = one_line(metric.verdict);
      auto known =
          std::ranges::find(verdicts, verdict, &std::pair<std::string, std::int64_t>::first);
      if (known == verdicts.end()) known = verdicts.insert(known, {verdict, 0});
      ++known->second;
    }
  }
  std::string text = one_line(comparison.verdict);
  if (metrics == 0) return text;
  text += fmt::format(" ({} {}: ", metrics, metrics == 1 ? "metric" : "metrics");
  const char* separator = "";
  for (const auto& [verdict, count] : verdicts) {
    text += fmt::format("{}{} {}", separator, count, verdict);
    separator = ", ";
  }
  return text + ")";
}

std::string allow_argument(const ConditionDifference& difference) {
  constexpr std::string_view kProtocol = "protocol.";
  std::string name = one_line(difference.field.path);
  if (name.starts_with(kProtocol)) name.erase(0, kProtocol.size());
  const bool is_plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') ||
           std::string_view("_.-+/").find(c) != std::string_view::npos;
  });
  if (is_plain) return name;
  std::string quoted = "'";
  for (const char c : name) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace sightline
