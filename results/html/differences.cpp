#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "metrics/decision/difference.h"
#include "results/html/axis.h"
#include "results/html/escape.h"
#include "results/html/sections.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

constexpr std::ptrdiff_t kMostOpen = 6;  // metrics of one unit; more are folded

/// A metric of a run against the first run.
struct Difference {
  const MetricComparison* metric = nullptr;
  std::size_t run = 0;
  double value = 0;  ///< as shown: in percent points where the unit is a fraction
  std::optional<Interval> interval;
  NumberStyle style;
};

/// Everything that one unit's axis holds.
struct UnitPlot {
  std::string unit;
  std::vector<std::string> metrics;  ///< keys in order
  std::vector<Difference> differences;

  std::vector<double> values() const {
    std::vector<double> all;
    for (const Difference& difference : differences) {
      all.push_back(difference.value);
      if (!difference.interval) continue;
      all.push_back(difference.interval->low);
      all.push_back(difference.interval->high);
    }
    return all;
  }
};

const TaskComparison* find_task(const Comparison& comparison, const std::string& task) {
  const auto found = std::ranges::find(comparison.tasks, task, &TaskComparison::task);
  return found == comparison.tasks.end() ? nullptr : &*found;
}

Difference difference_of(const MetricComparison& metric, std::size_t run) {
  Difference made{.metric = &metric, .run = run, .value = 0, .interval = {}, .style = {}};
  const double largest =
      std::max(std::abs(metric.base.value_or(0)), std::abs(metric.next.value_or(0)));
  made.style = style_of(metric.unit, largest);
  const double factor = made.style.factor;
  made.style.factor = 1;
  made.value = metric.estimate->value * factor;
  if (const auto interval = interval_95(*metric.estimate)) {
    made.interval = Interval{interval->low * factor, interval->high * factor};
  }
  return made;
}

/// The differences of a task, one plot a unit.
std::vector<UnitPlot> plots_of(const PageTask& task,
                               const std::vector<RunComparison>& comparisons) {
  std::vector<UnitPlot> plots;
  for (const RunComparison& one : comparisons) {
    const TaskComparison* compared = find_task(one.comparison, task.name);
    if (compared == nullptr) continue;
    for (const MetricComparison& metric : compared->metrics) {
      if (!metric.estimate || !std::isfinite(metric.estimate->value)) continue;
      auto plot = std::ranges::find(plots, metric.unit, &UnitPlot::unit);
      if (plot == plots.end())
        plot = plots.insert(plots.end(), {.unit = metric.unit, .metrics = {}, .differences = {}});
      if (std::ranges::count(plot->metrics, metric.metric) == 0) {
        plot->metrics.push_back(metric.metric);
      }
      plot->differences.push_back(difference_of(metric, one.run));
    }
  }
  return plots;
}

std::string signed_number(double value, const NumberStyle& style) {
  return (value >= 0 ? "+" : "") + show(value, style);
}

/// Lines at the ticks, the better side tinted.
std::string backdrop(const Axis& axis, bool higher_is_better) {
  std::string svg =
      fmt::format("<rect class=\"better-side\" x=\"{}\" y=\"0\" width=\"50%\" height=\"100%\"/>",
                  higher_is_better ? "50%" : "0");
  for (const double tick : axis.ticks) {
    const std::string x = percent(axis.place(tick));
    svg += fmt::format("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"0\" y2=\"100%\"/>",
                       tick == 0 ? "zero" : "grid", x, x);
  }
  return svg;
}

std::string interval_svg(const Difference& difference, const Axis& axis) {
  std::string svg;
  if (difference.interval) {
    const double low = axis.place(difference.interval->low);
    const double high = axis.place(difference.interval->high);
    svg += fmt::format("<line class=\"whisker\" x1=\"{}\" x2=\"{}\" y1=\"50%\" y2=\"50%\"/>",
                       percent(low), percent(high));
    for (const double end : {low, high}) {
      svg += fmt::format("<line class=\"whisker\" x1=\"{0}\" x2=\"{0}\" y1=\"30%\" y2=\"70%\"/>",
                         percent(end));
    }
  }
  return svg + fmt::format(
                   "<use class=\"point{}\" href=\"#m{}\" x=\"{}\" y=\"50%\" width=\"15\" "
                   "height=\"15\" transform=\"translate(-7.5 -7.5)\"/>",
                   difference.interval ? "" : " open", difference.run % 8,
                   percent(axis.place(difference.value)));
}

std::string verdict_chip(const std::string& verdict) {
  if (verdict.empty()) return "";
  const char* kind = verdict == "better" ? "good" : verdict == "worse" ? "bad" : "even";
  const char* sign = verdict == "better" ? "▲ " : verdict == "worse" ? "▼ " : "";
  return fmt::format("<span class=\"chip {}\">{}{}</span>", kind, sign, escape_html(verdict));
}

/// What stands beside the plot in words.
std::string words_of(const Difference& difference) {
  const MetricComparison& metric = *difference.metric;
  std::string text = fmt::format("<span class=\"value\">{}</span>",
                                 escape_html(signed_number(difference.value, difference.style)));
  if (difference.interval) {
    text += fmt::format(" <span class=\"tail\">[{}, {}]</span>",
                        signed_number(difference.interval->low, difference.style),
                        signed_number(difference.interval->high, difference.style));
  }
  text += " " + verdict_chip(metric.verdict);
  std::string more;
  const auto p = metric.p_adjusted ? metric.p_adjusted : metric.p_value;
  if (p) more += *p < 0.001 ? "p &lt; 0.001" : fmt::format("p = {:.3f}", *p);
  if (metric.has_samples) {
    more += fmt::format("{}{} won, {} lost, {} tied", more.empty() ? "" : " · ", metric.won,
                        metric.lost, metric.tied);
  }
  if (!metric.note.empty()) more += (more.empty() ? "" : " · ") + escape_html(metric.note);
  return text + (more.empty() ? "" : "<span class=\"more\">" + more + "</span>");
}

std::string description_of(const Difference& difference, const RunLabels& labels) {
  std::string text = fmt::format("{}, {}: {}", difference.metric->metric, labels[difference.run],
                                 signed_number(difference.value, difference.style));
  if (difference.interval) {
    text += fmt::format(", 95% interval {} to {}",
                        signed_number(difference.interval->low, difference.style),
                        signed_number(difference.interval->high, difference.style));
  }
  return escape_html(text);
}

std::string plot_row(const Difference& difference, const Axis& axis, const RunLabels& labels) {
  return fmt::format(
      "<div class=\"forest-row {}\"><div class=\"forest-run\">{}</div><svg class=\"forest-plot\" "
      "width=\"100%\" height=\"30\" role=\"img\" aria-label=\"{}\">{}{}</svg><div "
      "class=\"forest-words\">{}</div></div>\n",
      class_of_run(difference.run), name_of_run(difference.run, labels[difference.run]),
      description_of(difference, labels), backdrop(axis, difference.metric->higher_is_better),
      interval_svg(difference, axis), words_of(difference));
}

std::string axis_row(const Axis& axis) {
  std::string svg;
  for (const double tick : axis.ticks) {
    const std::string label = (tick > 0 ? "+" : "") + show(tick, axis.style);
    svg += fmt::format("<text x=\"{}\" y=\"14\" text-anchor=\"middle\">{}</text>",
                       percent(axis.place(tick)), label);
  }
  return "<div class=\"forest-row axis\"><div></div><svg class=\"forest-plot\" width=\"100%\" "
         "height=\"20\" aria-hidden=\"true\">" +
         svg + "</svg><div></div></div>\n";
}

std::string unit_plot(const UnitPlot& plot, const RunLabels& labels) {
  const Axis axis = make_axis_around_zero(plot.values());
  std::string open, folded;
  for (const std::string& key : plot.metrics) {
    const bool is_open = &key - plot.metrics.data() < kMostOpen;
    std::string& html = is_open ? open : folded;
    bool named = false;
    for (const Difference& difference : plot.differences) {
      if (difference.metric->metric != key) continue;
      if (!named) {
        const std::string unit =
            plot.unit == "fraction" ? "percentage points" : difference.style.unit;
        html += fmt::format("<div class=\"forest-metric\"><b>{}</b>{}{}</div>\n", escape_html(key),
                            difference.metric->higher_is_better ? "" : " ↓", unit_html(unit, key));
        named = true;
      }
      html += plot_row(difference, axis, labels);
    }
  }
  open += axis_row(axis);
  if (folded.empty()) return open;
  return open + fmt::format("<details><summary>{} more metrics</summary>{}{}</details>",
                            static_cast<std::ptrdiff_t>(plot.metrics.size()) - kMostOpen, folded,
                            axis_row(axis));
}

/// Metrics without a difference, with the reason.
std::string missing_notes(const PageTask& task, const RunComparison& one, const RunLabels& labels) {
  const TaskComparison* compared = find_task(one.comparison, task.name);
  if (compared == nullptr) return "";
  std::string html;
  for (const MetricComparison& metric : compared->metrics) {
    // A metric that neither run has is a note of the task already.
    const bool is_known = metric.base || metric.next;
    if (metric.estimate || metric.note.empty() || !is_known) continue;
    html += fmt::format("<li>{} {}: {}</li>", name_of_run(one.run, labels[one.run]),
                        escape_html(metric.metric), escape_html(metric.note));
  }
  if (compared->same_answers) {
    html += fmt::format("<li>{}: every answer is the same as in the first run</li>",
                        name_of_run(one.run, labels[one.run]));
  }
  return html;
}

/// The fields in which a run differs from the first, in this task.
std::string condition_notes(const PageTask& task, const RunComparison& one,
                            const RunLabels& labels) {
  std::string html;
  for (const ConditionDifference& condition : one.comparison.differences) {
    if (condition.task != task.name && !condition.task.empty()) continue;
    html += fmt::format("<li>{} {}: {} is <q>{}</q>, not <q>{}</q></li>",
                        name_of_run(one.run, labels[one.run]),
                        condition.allowed ? "differs by permission" : "is not comparable",
                        escape_name(condition.field.path), escape_name(condition.field.right),
                        escape_name(condition.field.left));
  }
  return html;
}

}  // namespace

std::string difference_plot(const PageTask& task, const std::vector<RunComparison>& comparisons,
                            const RunLabels& labels) {
  if (comparisons.empty() || task.runs.empty()) return "";
  std::string notes;
  for (const RunComparison& one : comparisons) {
    if (std::ranges::count(task.runs, one.run) == 0) continue;
    notes += condition_notes(task, one, labels) + missing_notes(task, one, labels);
  }
  const std::vector<UnitPlot> plots = plots_of(task, comparisons);
  if (plots.empty() && notes.empty()) return "";
  std::string html =
      fmt::format("<div class=\"panel\"><h3>Difference from {}</h3>", name_of_run(0, labels[0]));
  if (!plots.empty()) {
    html +=
        "<p class=\"hint\">New minus base on the same samples, with 95% intervals. The tinted "
        "side is the better one; an interval that holds zero may be noise. p after Holm.</p>";
  }
  for (const UnitPlot& plot : plots) {
    html += "<div class=\"forest\">" + unit_plot(plot, labels) + "</div>\n";
  }
  if (!notes.empty()) html += "<ul class=\"notes\">" + notes + "</ul>";
  return html + "</div>\n";
}

}  // namespace sightline
