#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "results/html/html_report.h"
#include "results/report_columns.h"
#include "results/report_layout.h"

// The parts of the page. Each gives a piece of HTML whose tags are closed, or "" where it has
// nothing to show.

namespace sightline {

/// A task on the page: its tables, and the runs that have it.
struct PageTask {
  std::string name;
  std::size_t number = 0;  ///< on the page; part of its anchors
  ReportBlock block;
  std::vector<ReportColumn> columns;
  std::vector<std::size_t> runs;  ///< of each column
};

/// Names of the runs, as the tables have them.
using RunLabels = std::vector<std::string>;

/// Shapes of the marks, used by `mark_of_run`; stands once on the page.
std::string mark_shapes();
/// The small coloured shape of a run. Colours and shapes repeat after eight runs.
std::string mark_of_run(std::size_t run);
/// "r3": the class that gives the run's colour.
std::string class_of_run(std::size_t run);
/// The mark and the name.
std::string name_of_run(std::size_t run, const std::string& label);

/// " %" in small; "" where the unit says no more than the name of what it is of.
std::string unit_html(const std::string& unit, const std::string& name = "");

/// The metrics, then small breakdowns, folded.
std::string metric_tables(const PageTask& task);
/// What must be read with the numbers.
std::string task_notes(const PageTask& task);
/// New minus base with intervals; where runs are not comparable, the fields that differ.
std::string difference_plot(const PageTask& task, const std::vector<RunComparison>& comparisons,
                            const RunLabels& labels);
/// Bars a category; long breakdowns folded.
std::string breakdown_bars(const PageTask& task);
/// Score against the bytes of weights; distortion against rate.
std::string tradeoff_plots(const PageTask& task, const std::vector<RunResults>& runs);
/// Cards of samples with pictures and boxes.
std::string sample_cards(const SampleGallery& gallery, const PageTask& task,
                         const RunLabels& labels);

/// The style sheet.
const char* page_style();

}  // namespace sightline
