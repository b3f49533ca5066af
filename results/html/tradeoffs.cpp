#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "results/html/axis.h"
#include "results/html/escape.h"
#include "results/html/sections.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

/// A run in a plot of a metric against something it is paid with.
struct Point {
  std::size_t run = 0;
  std::string label;
  double x = 0, y = 0;
  std::optional<Interval> interval;  ///< of y
  std::string words;                 ///< both numbers
};

struct ScatterPlot {
  std::string title, x_name, y_name;
  std::vector<Point> points;
  bool is_curve = false;  ///< the points are those of one curve
};

/// The interval that the run itself gives for a metric: its own, or 1.96 standard errors each way.
std::optional<Interval> interval_of(const MetricValue& metric, double factor) {
  if (metric.interval) {
    return Interval{metric.interval->low * factor, metric.interval->high * factor};
  }
  if (!metric.standard_error) return std::nullopt;
  const double half = 1.96 * *metric.standard_error;
  return Interval{(*metric.value - half) * factor, (*metric.value + half) * factor};
}

const MetricValue* finite_metric(const TaskResult& task, const std::string& key) {
  const auto found = std::ranges::find(task.metrics, key, &MetricValue::key);
  const bool shown = found != task.metrics.end() && found->value && std::isfinite(*found->value);
  return shown ? &*found : nullptr;
}

/// A plot's points are comparable: runs of another protocol than the first are left out.
std::vector<std::size_t> comparable_columns(const PageTask& task) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < task.columns.size(); ++i) {
    if (task.columns[i].mark.empty()) places.push_back(i);
  }
  return places;
}

std::optional<double> weight_bytes(const RunResults& run, const std::string& task) {
  using nlohmann::json;
  const json manifest = json::parse(run.manifest, nullptr, false);
  const json::json_pointer place = json::json_pointer() / "tasks" / task / "facts" / "weight_bytes";
  if (!manifest.is_object() || !manifest.contains(place)) return std::nullopt;
  const json& bytes = manifest.at(place);
  if (!bytes.is_number() || bytes.get<double>() <= 0) return std::nullopt;
  return bytes.get<double>();
}

Point make_point(const PageTask& task, std::size_t column, const MetricValue& metric,
                 const NumberStyle& style) {
  return {.run = task.runs[column],
          .label = task.columns[column].label,
          .x = 0,
          .y = *metric.value * style.factor,
          .interval = interval_of(metric, style.factor),
          .words = show(*metric.value, style) + (style.unit.empty() ? "" : " " + style.unit)};
}

NumberStyle style_of_metric(const PageTask& task, const MetricValue& metric) {
  return style_of(task.columns, MetricKey{metric.key, metric.unit, metric.rules});
}

/// Score against the bytes of weights.
ScatterPlot precision_plot(const PageTask& task, const std::vector<RunResults>& runs) {
  ScatterPlot plot{
      .title = "Score and size of weights", .x_name = "weights, GB", .y_name = "", .points = {}};
  constexpr double kGigabyte = 1e9;
  for (const std::size_t i : comparable_columns(task)) {
    const TaskResult& result = *task.columns[i].task;
    const std::optional<double> bytes = weight_bytes(runs[task.runs[i]], task.name);
    if (!bytes || result.metrics.empty()) continue;
    const MetricValue* metric = finite_metric(result, task.columns[0].task->metrics[0].key);
    if (metric == nullptr) continue;
    const NumberStyle style = style_of_metric(task, *metric);
    plot.y_name = metric->key + (style.unit.empty() ? "" : ", " + style.unit);
    Point& point = plot.points.emplace_back(make_point(task, i, *metric, style));
    point.x = *bytes / kGigabyte;
    point.words += " at " + show_bytes(*bytes);
  }
  return plot;
}

/// A measure of distortion against bits per pixel.
ScatterPlot rate_plot(const PageTask& task, const std::string& key) {
  ScatterPlot plot{.title = key + " and rate",
                   .x_name = "bits per pixel",
                   .y_name = "",
                   .points = {},
                   .is_curve = true};
  for (const std::size_t i : comparable_columns(task)) {
    const MetricValue* rate = finite_metric(*task.columns[i].task, "bpp");
    const MetricValue* metric = finite_metric(*task.columns[i].task, key);
    if (rate == nullptr || metric == nullptr) continue;
    const NumberStyle style = style_of_metric(task, *metric);
    plot.y_name = metric->key + (style.unit.empty() ? "" : ", " + style.unit) +
                  (metric->higher_is_better ? "" : " ↓");
    Point& point = plot.points.emplace_back(make_point(task, i, *metric, style));
    point.x = *rate->value;
    point.words += fmt::format(" at {:.3f} bpp", point.x);
  }
  return plot;
}

std::string grid_svg(const Axis& x, const Axis& y) {
  std::string svg;
  for (const double tick : y.ticks) {
    const std::string place = percent(100 - y.place(tick));
    svg += fmt::format(
        "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/><text x=\"0\" dx=\"-8\" "
        "y=\"{0}\" dy=\"4\" text-anchor=\"end\">{1}</text>",
        place, show(tick, y.style));
  }
  for (const double tick : x.ticks) {
    const std::string place = percent(x.place(tick));
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"100%\"/><text x=\"{0}\" "
        "y=\"100%\" dy=\"18\" text-anchor=\"middle\">{1}</text>",
        place, show(tick, x.style));
  }
  return svg;
}

std::string point_svg(const Point& point, const Axis& x, const Axis& y) {
  const std::string px = percent(x.place(point.x));
  std::string svg = fmt::format("<g class=\"{}\">", class_of_run(point.run));
  if (point.interval) {
    svg += fmt::format("<line class=\"whisker\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/>", px,
                       percent(100 - y.place(point.interval->low)),
                       percent(100 - y.place(point.interval->high)));
  }
  return svg + fmt::format(
                   "<use class=\"point\" href=\"#m{}\" x=\"{}\" y=\"{}\" width=\"16\" "
                   "height=\"16\" transform=\"translate(-8 -8)\"/></g>",
                   point.run % 8, px, percent(100 - y.place(point.y)));
}

/// The line through the points in order of x, in pieces, since polylines know no percent.
std::string path_svg(std::vector<Point> points, const Axis& x, const Axis& y) {
  std::ranges::stable_sort(points, {}, &Point::x);
  std::string svg;
  for (std::size_t i = 1; i < points.size(); ++i) {
    svg += fmt::format("<line class=\"path\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
                       percent(x.place(points[i - 1].x)), percent(100 - y.place(points[i - 1].y)),
                       percent(x.place(points[i].x)), percent(100 - y.place(points[i].y)));
  }
  return svg;
}

std::string scatter_html(const ScatterPlot& plot) {
  std::vector<double> xs, ys;
  for (const Point& point : plot.points) {
    xs.push_back(point.x);
    ys.push_back(point.y);
    if (!point.interval) continue;
    ys.push_back(point.interval->low);
    ys.push_back(point.interval->high);
  }
  const Axis x = make_axis(xs, 4), y = make_axis(ys, 4);
  std::string html = fmt::format(
      "<figure class=\"small\"><h4>{}</h4><div class=\"axis-name\">{}</div><div class=\"scatter\">"
      "<svg width=\"100%\" height=\"220\" role=\"img\" aria-label=\"{} against {}\">",
      escape_html(plot.title), escape_html(plot.y_name), escape_html(plot.y_name),
      escape_html(plot.x_name));
  html += grid_svg(x, y) + (plot.is_curve ? path_svg(plot.points, x, y) : "");
  for (const Point& point : plot.points) html += point_svg(point, x, y);
  html += fmt::format("</svg></div><div class=\"axis-name x\">{}</div><ul class=\"points\">",
                      escape_html(plot.x_name));
  for (const Point& point : plot.points) {
    html += fmt::format("<li>{} <span class=\"value\">{}</span></li>",
                        name_of_run(point.run, point.label), escape_html(point.words));
  }
  return html + "</ul></figure>\n";
}

}  // namespace

std::string tradeoff_plots(const PageTask& task, const std::vector<RunResults>& runs) {
  if (task.columns.empty()) return "";
  std::vector<ScatterPlot> plots;
  for (const char* key : {"psnr", "ssim", "lpips", "rfid"}) plots.push_back(rate_plot(task, key));
  if (!task.columns[0].task->metrics.empty()) plots.push_back(precision_plot(task, runs));
  std::erase_if(plots, [](const ScatterPlot& plot) { return plot.points.size() < 2; });
  if (plots.empty()) return "";
  std::string html = "<div class=\"panel\"><h3>What it costs</h3><div class=\"multiples\">";
  for (const ScatterPlot& plot : plots) html += scatter_html(plot);
  return html + "</div></div>\n";
}

}  // namespace sightline
