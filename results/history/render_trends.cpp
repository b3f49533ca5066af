#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/history/trend.h"
#include "results/json_field.h"
#include "results/plain_text.h"
#include "results/report_layout.h"
#include "results/report_numbers.h"

namespace sightline {

using nlohmann::json;

namespace {

std::tm time_of(double seconds) {
  return fmt::gmtime(static_cast<std::time_t>(seconds));
}

NumberStyle style_of_values(const Trend& trend) {
  double largest = 0;
  for (const TrendEntry& entry : trend.entries) {
    if (std::isfinite(entry.point.value)) largest = std::max(largest, std::abs(entry.point.value));
  }
  return style_of(trend.unit, largest);
}

std::string signed_text(double change, const NumberStyle& style) {
  const std::string text = show(change, style);
  return change > 0 && std::isfinite(change) ? "+" + text : text;
}

/// Marks of protocols that are not the baseline's, in order of first appearance.
std::vector<std::string> other_protocols(const Trend& trend) {
  std::vector<std::string> all;
  for (const TrendEntry& entry : trend.entries) {
    if (entry.differs.empty() || std::ranges::find(all, entry.differs) != all.end()) continue;
    all.push_back(entry.differs);
  }
  return all;
}

std::string mark_of(std::size_t number) {
  return number == 0 ? "†" : fmt::format("†{}", number + 1);
}

ReportRow row_of(const TrendEntry& entry, const NumberStyle& style,
                 const std::vector<std::string>& others) {
  const HistoryPoint& point = entry.point;
  ReportCell value{.number = show(point.value, style), .tail = ""};
  if (point.standard_error) value.tail = " ± " + show(*point.standard_error, style);
  if (!entry.differs.empty()) {
    const auto place = std::ranges::find(others, entry.differs) - others.begin();
    value.tail += " " + mark_of(static_cast<std::size_t>(place));
  }
  const std::string change = entry.change ? signed_text(*entry.change, style) : "";
  const char* remark = entry.outside ? "outside the band" : entry.is_baseline ? "baseline" : "";
  return {.label = fmt::format("{:%Y-%m-%d %H:%M}", time_of(point.date)),
          .unit = "",
          .cells = {{.number = one_line(point.label)},
                    {.number = one_line(point.commit)},
                    {.number = one_line(point.model)},
                    value,
                    {.number = change},
                    {.number = remark}}};
}

void add_trend_line(const Trend& trend, std::vector<std::string>& notes) {
  notes.push_back("trend  " + sparkline(trend));
  std::string outside;
  for (const TrendEntry& entry : trend.entries) outside += entry.outside ? '^' : ' ';
  if (outside.find('^') != std::string::npos) notes.push_back("       " + outside);
}

void add_band_note(const Trend& trend, const NumberStyle& style, std::vector<std::string>& notes) {
  if (!trend.limit) return;
  const std::string unit = style.unit.empty() ? "" : " " + style.unit;
  std::string text =
      fmt::format("band   {} {}{}", trend.higher_is_better ? "not below" : "not above",
                  show(*trend.limit, style), unit);
  if (std::isfinite(trend.rule->max_drop)) {
    text +=
        fmt::format(": max_drop {}{} from the baseline of {}", show(trend.rule->max_drop, style),
                    unit, show(trend.baseline->value, style));
  }
  if (trend.rule->floor) text += fmt::format(", floor {}{}", show(*trend.rule->floor, style), unit);
  notes.push_back(text);
}

ReportBlock block_of(const Trend& trend) {
  const NumberStyle style = style_of_values(trend);
  const std::vector<std::string> others = other_protocols(trend);
  ReportTable table{.heading = "date (UTC)",
                    .columns = {"label", "commit", "model",
                                style.unit.empty() ? "value" : "value " + style.unit, "change", ""},
                    .rows = {}};
  for (const TrendEntry& entry : trend.entries) {
    table.rows.push_back(row_of(entry, style, others));
  }
  ReportBlock block{.title = one_line(trend.task + "/" + trend.metric +
                                      (trend.rules.empty() ? "" : " (" + trend.rules + ")")),
                    .subtitle = trend.higher_is_better ? "higher is better" : "lower is better",
                    .tables = {std::move(table)},
                    .notes = {}};
  add_trend_line(trend, block.notes);
  add_band_note(trend, style, block.notes);
  for (std::size_t i = 0; i < others.size(); ++i) {
    block.notes.push_back(
        one_line(fmt::format("{} not comparable with the baseline: {}", mark_of(i), others[i])));
  }
  return block;
}

json json_of(const TrendEntry& entry) {
  const HistoryPoint& point = entry.point;
  return {{"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", time_of(point.date))},
          {"label", point.label},
          {"commit", point.commit},
          {"model", point.model},
          {"value", json_number(point.value)},
          {"stderr", json_number(point.standard_error)},
          {"n", point.n},
          {"change", json_number(entry.change)},
          {"comparable", entry.differs.empty()},
          {"differs", entry.differs},
          {"baseline", entry.is_baseline},
          {"outside", entry.outside}};
}

}  // namespace

std::string sparkline(const Trend& trend) {
  constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const TrendEntry& entry : trend.entries) {
    if (!entry.differs.empty() || !std::isfinite(entry.point.value)) continue;
    low = std::min(low, entry.point.value);
    high = std::max(high, entry.point.value);
  }
  std::string line;
  for (const TrendEntry& entry : trend.entries) {
    if (!entry.differs.empty() || !std::isfinite(entry.point.value)) {
      line += "·";
    } else if (low == high) {
      line += kBlocks[3];
    } else {
      const double place = (entry.point.value - low) / (high - low) * (kBlocks.size() - 1);
      line += kBlocks[static_cast<std::size_t>(std::lround(place))];
    }
  }
  return line;
}

json to_json(const std::vector<Trend>& trends) {
  json all = json::array();
  for (const Trend& trend : trends) {
    json entries = json::array();
    for (const TrendEntry& entry : trend.entries) entries.push_back(json_of(entry));
    json item = {{"task", trend.task},
                 {"metric", trend.metric},
                 {"rules", trend.rules},
                 {"unit", trend.unit},
                 {"higher_is_better", trend.higher_is_better},
                 {"baseline", nullptr},
                 {"band", nullptr},
                 {"entries", std::move(entries)}};
    if (trend.baseline) item["baseline"] = json_number(trend.baseline->value);
    if (trend.limit) {
      item["band"] = {{"limit", json_number(*trend.limit)},
                      {"max_drop", json_number(trend.rule->max_drop)},
                      {"floor", json_number(trend.rule->floor)}};
    }
    all.push_back(std::move(item));
  }
  return all;
}

std::string render_trends(const std::vector<Trend>& trends) {
  ReportLayout layout;
  for (const Trend& trend : trends) layout.push_back(block_of(trend));
  return render_table(layout);
}

}  // namespace sightline
