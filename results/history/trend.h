#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/comparison/gate.h"
#include "results/history/history.h"

namespace sightline {

/// What `history show` was asked for.
struct TrendSettings {
  std::string task;            ///< only this one, whatever its options unless it has some; "": all
  std::string metric;          ///< only this one; "": all
  std::string baseline;        ///< label of the entry that bands begin at; "": the first of each
  std::vector<GateRule> gate;  ///< bands
  std::size_t last = 0;        ///< so many entries at most; 0: all
};

struct TrendEntry {
  HistoryPoint point;
  bool is_baseline = false;
  std::string differs;  ///< fields of the protocol that are not the baseline's; "": comparable
  std::optional<double> change;  ///< since the entry before it of the same protocol
  bool outside = false;          ///< of the gate's band
};

/// One metric of one task in the order of dates.
struct Trend {
  std::string task, metric, unit, rules;
  bool higher_is_better = true;
  std::optional<HistoryPoint> baseline;  ///< none where no entry has the label asked for
  std::optional<GateRule> rule;          ///< of the band
  std::optional<double> limit;  ///< worst value within the band: baseline less max_drop, or floor
  std::vector<TrendEntry> entries;
};

/// Throws `Error` naming the nearest where nothing has the task, metric or label asked for, or a
/// rule of the gate is of a metric that the history lacks.
std::vector<Trend> make_trends(const std::vector<HistoryPoint>& points,
                               const TrendSettings& settings);

/// A character for each entry: blocks from the lowest to the highest value, "·" for those that are
/// not comparable.
std::string sparkline(const Trend& trend);

nlohmann::json to_json(const std::vector<Trend>& trends);
std::string render_trends(const std::vector<Trend>& trends);

}  // namespace sightline
