#include "results/history/trend.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/differences.h"
#include "results/report_published.h"

namespace sightline {

using nlohmann::json;

namespace {

std::string key_of(const HistoryPoint& point) {
  return point.task + "/" + point.metric;
}

bool has_task(const HistoryPoint& point, const std::string& task) {
  return task.empty() || point.task == task || name_without_options(point.task) == task;
}

bool has_metric(const HistoryPoint& point, const std::string& metric) {
  return metric.empty() || point.metric == metric;
}

/// Throws unless a point has `wanted` as what `of` gives.
template <typename Of>
void require_known(const std::vector<HistoryPoint>& points, const char* what,
                   const std::string& wanted, Of of) {
  std::vector<std::string> known;
  for (const HistoryPoint& point : points) {
    const std::string name = of(point);
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  }
  if (std::ranges::find(known, wanted) != known.end()) return;
  fail("the history has no {} '{}'{}; there are {}", what, wanted, did_you_mean(wanted, known),
       fmt::join(known, ", "));
}

void check(const std::vector<HistoryPoint>& points, const TrendSettings& settings) {
  const auto any = [&](auto matches) { return std::ranges::any_of(points, matches); };
  if (!any([&](const auto& point) { return has_task(point, settings.task); })) {
    require_known(points, "task", settings.task, [](const auto& point) { return point.task; });
  }
  if (!any([&](const auto& point) { return has_metric(point, settings.metric); })) {
    require_known(points, "metric", settings.metric,
                  [](const auto& point) { return point.metric; });
  }
  if (!settings.baseline.empty()) {
    require_known(points, "label", settings.baseline,
                  [](const auto& point) { return point.label; });
  }
  for (const GateRule& rule : settings.gate) {
    require_known(points, "metric for the gate's rule", rule.key, key_of);
  }
}

bool is_same_metric(const Trend& trend, const HistoryPoint& point) {
  return trend.task == point.task && trend.metric == point.metric && trend.unit == point.unit &&
         trend.rules == point.rules;
}

/// "max_new_tokens is 32, not 16; ..."
std::string differing_fields(const std::string& base, const std::string& here) {
  if (base == here) return "";
  std::string text;
  for (const FieldDifference& field : differences(json::parse(base), json::parse(here))) {
    text += fmt::format("{}{} is {}, not {}", text.empty() ? "" : "; ", field.path, field.right,
                        field.left);
  }
  return text;
}

void take_baseline(Trend& trend, const std::string& label) {
  for (TrendEntry& entry : trend.entries) {
    if (!label.empty() && entry.point.label != label) continue;
    entry.is_baseline = true;
    trend.baseline = entry.point;
    return;
  }
}

void compare(Trend& trend) {
  const std::string base = (trend.baseline ? *trend.baseline : trend.entries[0].point).meaning;
  for (std::size_t i = 0; i < trend.entries.size(); ++i) {
    TrendEntry& entry = trend.entries[i];
    entry.differs = differing_fields(base, entry.point.meaning);
    for (std::size_t before = i; before-- > 0;) {
      const HistoryPoint& earlier = trend.entries[before].point;
      if (earlier.meaning != entry.point.meaning) continue;
      entry.change = entry.point.value - earlier.value;
      break;
    }
  }
}

void draw_band(Trend& trend, const std::vector<GateRule>& gate) {
  const std::string key = trend.task + "/" + trend.metric;
  const auto rule = std::ranges::find(gate, key, &GateRule::key);
  if (rule == gate.end() || !trend.baseline) return;
  trend.rule = *rule;
  const double sign = trend.higher_is_better ? 1 : -1;  // so that more is better
  double limit = sign * trend.baseline->value - rule->max_drop;
  if (rule->floor) limit = std::max(limit, sign * *rule->floor);
  trend.limit = sign * limit;
  for (TrendEntry& entry : trend.entries) {
    entry.outside = entry.differs.empty() && sign * entry.point.value < limit;
  }
}

}  // namespace

std::vector<Trend> make_trends(const std::vector<HistoryPoint>& points,
                               const TrendSettings& settings) {
  check(points, settings);
  std::vector<Trend> trends;
  for (const HistoryPoint& point : points) {
    if (!has_task(point, settings.task) || !has_metric(point, settings.metric)) continue;
    if (trends.empty() || !is_same_metric(trends.back(), point)) {
      trends.push_back({.task = point.task,
                        .metric = point.metric,
                        .unit = point.unit,
                        .rules = point.rules,
                        .higher_is_better = point.higher_is_better});
    }
    trends.back().entries.push_back({.point = point});
  }
  for (Trend& trend : trends) {
    take_baseline(trend, settings.baseline);
    compare(trend);
    draw_band(trend, settings.gate);
    const std::size_t count = trend.entries.size();
    if (settings.last == 0 || count <= settings.last) continue;
    trend.entries.erase(trend.entries.begin(),
                        trend.entries.end() - static_cast<std::ptrdiff_t>(settings.last));
  }
  return trends;
}

}  // namespace sightline
