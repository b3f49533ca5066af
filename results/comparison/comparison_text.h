#pragma once

#include <optional>
#include <string>

#include "results/comparison/comparison.h"
#include "results/report_layout.h"
#include "results/report_numbers.h"

// What tables for terminals and for pull requests say of a comparison, none of it escaped.

namespace sightline {

/// How the numbers of a metric are shown.
NumberStyle style_of(const MetricComparison& metric);
/// "vqa_accuracy", "rfid ↓".
std::string label_of(const MetricComparison& metric);

/// "–" without a value.
std::string show_value(const std::optional<double>& value, const NumberStyle& style);
/// The same with a sign: "+0.31".
std::string show_signed(double value, const NumberStyle& style);
/// "-2.79", " [-4.32, -1.26]".
ReportCell difference_cell(const MetricComparison& metric);
/// "0.0312", "<0.0001", "–".
std::string show_p(const std::optional<double>& p);
/// "5 / 28 / 207"; "–" where the metric is of the whole set.
std::string outcomes_text(const MetricComparison& metric);
/// "240 samples, 60 images".
std::string size_text(const MetricComparison& metric);

/// A sentence for the whole: "worse (3 metrics: 1 worse, 2 not tested)".
std::string summary_of(const Comparison& comparison);
/// What `--allow` takes for this field, quoted for a shell where it must be.
std::string allow_argument(const ConditionDifference& difference);

}  // namespace sightline
