#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "results/html/escape.h"
#include "results/html/sections.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

constexpr std::size_t kMostOpen = 16;  // groups; more are folded

/// One number a run, of one group.
struct BarGroup {
  std::string name;
  std::int64_t n = 0;
  std::vector<std::optional<double>> values;  ///< one a column
};

/// A key of a breakdown over all its groups: "vqa_accuracy by answer_type".
struct BarPlot {
  std::string breakdown, key;
  std::vector<BarGroup> groups;
  NumberStyle style;
  double largest = 0;
};

const BreakdownGroup* find_group(const ReportColumn& column, const std::string& breakdown,
                                 const std::string& group) {
  const auto groups = column.task->breakdowns.find(breakdown);
  if (groups == column.task->breakdowns.end()) return nullptr;
  const auto found = groups->second.find(group);
  return found == groups->second.end() ? nullptr : &found->second;
}

BarGroup group_of(const PageTask& task, const BarPlot& plot, const std::string& name) {
  BarGroup group{.name = name, .n = 0, .values = {}};
  for (const ReportColumn& column : task.columns) {
    std::optional<double>& value = group.values.emplace_back();
    const BreakdownGroup* numbers = find_group(column, plot.breakdown, name);
    if (numbers == nullptr) continue;
    group.n = std::max(group.n, numbers->n);
    const auto found = numbers->values.find(plot.key);
    if (found != numbers->values.end() && std::isfinite(found->second)) value = found->second;
  }
  return group;
}

std::string unit_of(const PageTask& task, const std::string& key) {
  for (const ReportColumn& column : task.columns) {
    const auto found = std::ranges::find(column.task->metrics, key, &MetricValue::key);
    if (found != column.task->metrics.end()) return found->unit;
  }
  return "";
}

/// Greatest value of the first run first; groups without one last.
void sort_groups(std::vector<BarGroup>& groups) {
  std::ranges::stable_sort(groups, [](const BarGroup& a, const BarGroup& b) {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    return a.values[0].value_or(kNone) > b.values[0].value_or(kNone);
  });
}

BarPlot make_plot(const PageTask& task, const std::string& breakdown, const std::string& key,
                  const std::vector<std::string>& names) {
  BarPlot plot{.breakdown = breakdown, .key = key, .groups = {}, .style = {}, .largest = 0};
  for (const std::string& name : names) {
    plot.groups.push_back(group_of(task, plot, name));
    for (const auto& value : plot.groups.back().values) {
      plot.largest = std::max(plot.largest, std::abs(value.value_or(0)));
    }
  }
  sort_groups(plot.groups);
  const std::string unit = unit_of(task, key);
  plot.style = style_of(unit, plot.largest);
  if (unit == "fraction" && plot.largest <= 1) plot.largest = 1;
  return plot;
}

/// The plots of all breakdowns; those of the headline metric first.
std::vector<BarPlot> plots_of(const PageTask& task) {
  std::map<std::string, std::pair<std::map<std::string, bool>, std::map<std::string, bool>>> shapes;
  for (const ReportColumn& column : task.columns) {
    for (const auto& [breakdown, groups] : column.task->breakdowns) {
      auto& [names, keys] = shapes[breakdown];
      for (const auto& [name, numbers] : groups) {
        names[name] = true;
        for (const auto& [key, value] : numbers.values) keys[key] = true;
      }
    }
  }
  std::vector<BarPlot> plots;
  for (const auto& [breakdown, shape] : shapes) {
    if (shape.first.size() < 2) continue;
    std::vector<std::string> names;
    for (const auto& [name, unused] : shape.first) names.push_back(name);
    for (const auto& [key, unused] : shape.second) {
      plots.push_back(make_plot(task, breakdown, key, names));
    }
  }
  const std::string headline =
      task.columns[0].task->metrics.empty() ? "" : task.columns[0].task->metrics[0].key;
  std::ranges::stable_partition(plots, [&](const BarPlot& plot) { return plot.key == headline; });
  return plots;
}

std::string bar(const PageTask& task, std::size_t column, const std::optional<double>& value,
                const BarPlot& plot) {
  const std::size_t run = task.runs[column];
  if (!value) {
    return fmt::format("<div class=\"bar {}\"><span class=\"bar-value none\">–</span></div>",
                       class_of_run(run));
  }
  const double share = plot.largest > 0 ? std::max(0.0, *value / plot.largest) : 0;
  return fmt::format(
      "<div class=\"bar {}\"><span class=\"bar-track\"><span class=\"bar-fill\" "
      "style=\"width:{:.2f}%\"></span></span><span class=\"bar-value\">{}</span></div>",
      class_of_run(run), 100 * share, escape_html(show(*value, plot.style)));
}

std::string bars_html(const PageTask& task, const BarPlot& plot) {
  std::string html = "<div class=\"bars\">";
  for (const BarGroup& group : plot.groups) {
    html += fmt::format(
        "<div class=\"bar-group\"><div class=\"bar-label\">{} <span class=\"unit\">n = {}</span>"
        "</div><div class=\"bar-set\">",
        escape_name(group.name, 60), group.n);
    for (std::size_t i = 0; i < group.values.size(); ++i) {
      html += bar(task, i, group.values[i], plot);
    }
    html += "</div></div>\n";
  }
  return html + "</div>";
}

std::string plot_html(const PageTask& task, const BarPlot& plot) {
  const std::string title =
      fmt::format("{} by {}{}", escape_name(plot.key, 60), escape_name(plot.breakdown, 60),
                  unit_html(plot.style.unit, plot.key));
  if (plot.groups.size() <= kMostOpen) {
    return "<div class=\"small\"><h4>" + title + "</h4>" + bars_html(task, plot) + "</div>\n";
  }
  return fmt::format("<details class=\"small\"><summary>{} · {} groups</summary>{}</details>\n",
                     title, plot.groups.size(), bars_html(task, plot));
}

}  // namespace

std::string breakdown_bars(const PageTask& task) {
  if (task.columns.empty()) return "";
  const std::vector<BarPlot> plots = plots_of(task);
  if (plots.empty()) return "";
  std::string html = "<div class=\"panel\"><h3>Breakdowns</h3><div class=\"legend\">";
  for (std::size_t i = 0; i < task.columns.size(); ++i) {
    html += name_of_run(task.runs[i], task.columns[i].label);
  }
  html += "</div><div class=\"multiples\">";
  for (const BarPlot& plot : plots) html += plot_html(task, plot);
  return html + "</div></div>\n";
}

}  // namespace sightline
