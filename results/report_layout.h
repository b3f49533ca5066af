#pragma once

#include <string>
#include <vector>

#include "results/run_results.h"

namespace sightline {

/// One number of a table in two parts, so that numbers of a column can stand under each other.
struct ReportCell {
  std::string number;  ///< "58.23", "–" where undefined, "∞", "4998/5000"; empty: not measured
  std::string tail;    ///< " ± 0.31 †"
};

struct ReportRow {
  std::string label;
  std::string unit;               ///< "%", "dB"; may be empty
  std::vector<ReportCell> cells;  ///< one for each column
  bool is_detail = false;         ///< says more about the row above
};

struct ReportTable {
  std::string heading;               ///< over the labels: "metric"
  std::vector<std::string> columns;  ///< names of runs
  std::vector<ReportRow> rows;
};

/// A task.
struct ReportBlock {
  std::string title;
  std::string subtitle;             ///< rules, version, samples
  std::vector<ReportTable> tables;  ///< the metrics, then small breakdowns
  std::vector<std::string> notes;   ///< what must be read with the numbers
};

/// What every table format shows: all texts decided, none escaped. Each text is one line of UTF-8
/// without control characters (`one_line`).
using ReportLayout = std::vector<ReportBlock>;

ReportLayout lay_out(const std::vector<RunResults>& runs,
                     const std::vector<PublishedNumber>& published = {});

// One renderer a file, each with the escapes of its format.
std::string render_table(const ReportLayout& layout);
std::string render_markdown(const ReportLayout& layout);
std::string render_latex(const ReportLayout& layout);
/// RFC 4180, a row for each run, task and metric, numbers as in files (fractions, not percent). Of
/// a published number the run begins with "published: ".
std::string render_csv(const std::vector<RunResults>& runs,
                       const std::vector<PublishedNumber>& published = {});
/// JUnit's XML for CI: a suite a task, a case a metric with its numbers, skipped where it is
/// undefined, and a case "coverage", which fails where samples failed and is an error where the run
/// is unfinished.
std::string render_junit(const std::vector<RunResults>& runs);

}  // namespace sightline
