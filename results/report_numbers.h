#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/report_columns.h"
#include "results/report_layout.h"

namespace sightline {

/// How the numbers of one row are shown.
struct NumberStyle {
  double factor = 1;
  int decimals = 4;
  std::string unit;
};

/// Fractions in percent with two decimals; other units with two decimals from 10 on, else four.
NumberStyle style_of(const std::string& unit, double largest);
std::string show(double value, const NumberStyle& style);
/// With three digits, or as many as the whole part has: "0.25", "31.4", "2048".
std::string show_short(double value);
/// In powers of 1000: "712 kB", "1.50 MB", "11.2 GB".
std::string show_bytes(double bytes);

/// What makes a row: the same key in two units, or under two rules of its own, makes two.
struct MetricKey {
  std::string key, unit, rules;
  bool operator==(const MetricKey&) const = default;
};

/// The metrics of all columns, in order of first appearance.
std::vector<MetricKey> metric_keys(std::span<const ReportColumn> columns);
const MetricValue* find_metric(const TaskResult& task, const MetricKey& key);
/// "psnr"; "nes_judged (gemma@5/text-1)" where the metric has rules of its own; "fid ↓" where less
/// is better.
std::string label_of(std::span<const ReportColumn> columns, const MetricKey& key);
NumberStyle style_of(std::span<const ReportColumn> columns, const MetricKey& key);
/// A value with its standard error and interval, and the column's mark.
ReportCell metric_cell(const ReportColumn& column, const MetricKey& key, const NumberStyle& style);

}  // namespace sightline
