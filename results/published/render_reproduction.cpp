#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/json_field.h"
#include "results/plain_text.h"
#include "results/published/reproduction.h"
#include "results/report_layout.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

json pair(const std::optional<Interval>& interval) {
  return interval ? json::array({interval->low, interval->high}) : json();
}

json fields(const std::vector<FieldDifference>& all) {
  json list = json::array();
  for (const FieldDifference& field : all) {
    list.push_back({{"field", field.path}, {"published", field.left}, {"here", field.right}});
  }
  return list;
}

ReportCell cell(const std::optional<double>& value, const NumberStyle& style) {
  return {.number = value ? show(*value, style) : "unknown", .tail = ""};
}

ReportCell cell(const std::optional<Interval>& interval, const NumberStyle& style) {
  if (!interval) return {.number = "unknown", .tail = ""};
  return {
      .number = fmt::format("[{}, {}]", show(interval->low, style), show(interval->high, style)),
      .tail = ""};
}

ReportTable number_table(const Reproduction& result) {
  const PublishedResult& published = result.published;
  const MetricValue& measured = result.measured;
  NumberStyle style = style_of(measured.unit, std::abs(published.value_in_files()));
  style.decimals = std::max(style.decimals, published.decimals);
  NumberStyle printed = style;
  printed.decimals = published.decimals;
  ReportCell bound = cell(result.published_error, style);
  if (result.published_error) bound.number = "at most " + bound.number;
  const auto samples = published.n ? std::to_string(*published.n) : "unknown";
  return {.heading = one_line(published.metric_key + (measured.higher_is_better ? "" : " ↓")),
          .columns = {"value", "standard error", "95% interval", "samples"},
          .rows = {{.label = "published",
                    .unit = style.unit,
                    .cells = {cell(published.value_in_files(), printed),
                              bound,
                              cell(result.published_interval, style),
                              {.number = samples}}},
                   {.label = "here",
                    .unit = style.unit,
                    .cells = {cell(measured.value, style),
                              cell(result.measured_error, style),
                              cell(result.measured_interval, style),
                              {.number = std::to_string(measured.n)}}},
                   {.label = "difference",
                    .unit = style.unit,
                    .cells = {cell(result.difference, style),
                              cell(result.difference_error, style),
                              cell(result.difference_interval, style),
                              {}}}}};
}

ReportTable protocol_table(const Reproduction& result) {
  ReportTable table{.heading = "protocol", .columns = {"published", "here", ""}, .rows = {}};
  const auto add = [&](const std::vector<FieldDifference>& list, const char* word) {
    for (const FieldDifference& field : list) {
      table.rows.push_back({.label = one_line(field.path),
                            .unit = "",
                            .cells = {{.number = one_line(field.left)},
                                      {.number = one_line(field.right)},
                                      {.number = word}}});
    }
  };
  add(result.differing, "differs");
  add(result.agreeing, "agrees");
  add(result.unknown, "");
  return table;
}

}  // namespace

json to_json(const Reproduction& result) {
  const MetricValue& measured = result.measured;
  return {{"published", to_json(result.published)},
          {"run", result.run},
          {"task", result.task},
          {"metric", measured.key},
          {"unit", measured.unit},
          {"higher_is_better", measured.higher_is_better},
          {"published_value", result.published.value_in_files()},
          {"published_stderr_at_most", json_number(result.published_error)},
          {"published_ci95", pair(result.published_interval)},
          {"published_n", result.published.n ? json(*result.published.n) : json()},
          {"value", json_number(measured.value)},
          {"stderr", json_number(result.measured_error)},
          {"ci95", pair(result.measured_interval)},
          {"n", measured.n},
          {"difference", json_number(result.difference)},
          {"difference_stderr", json_number(result.difference_error)},
          {"difference_ci95", pair(result.difference_interval)},
          {"protocol",
           {{"differs", fields(result.differing)},
            {"agrees", fields(result.agreeing)},
            {"unknown", fields(result.unknown)}}},
          {"notes", result.notes},
          {"verdict", name_of(result.verdict)},
          {"sentence", result.sentence}};
}

std::string render_reproduction(const Reproduction& result) {
  const PublishedResult& published = result.published;
  ReportBlock block{.title = one_line(published.id),
                    .subtitle = one_line(fmt::format("{}: {} ({}, {}, {})", label_of(published),
                                                     value_of(published), published.task,
                                                     published.split, published.metric)),
                    .tables = {number_table(result), protocol_table(result)},
                    .notes = {}};
  block.notes.push_back(one_line("source: " + source_of(published)));
  block.notes.push_back(one_line(fmt::format("run: {}, {}", result.run, result.task)));
  for (const std::string& note : result.notes) block.notes.push_back(one_line(note));
  block.notes.push_back("verdict: " + one_line(result.sentence));
  return render_table({block});
}

}  // namespace sightline
