#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "results/run_results.h"

namespace sightline {

/// One metric of one run of a history.
struct HistoryPoint {
  std::int64_t run = 0;  ///< number in the history
  double date = 0;       ///< of the run, seconds since 1970 UTC
  std::string label, commit;
  std::string model;
  std::string task, metric, unit;
  std::string rules;  ///< of this metric alone, where its task's do not say all: a judge's name
  std::string
      meaning;  ///< JSON object text: protocol, rules, version, samples, data; equal: comparable
  double value = 0;
  std::optional<double> standard_error;
  std::int64_t n = 0;
  bool higher_is_better = true;
};

/// A run to be added, and what came of it.
struct HistoryAddition {
  RunResults results;
  std::string label, commit;
};
struct AddedRun {
  bool is_new = true;
  std::string label;  ///< as the history has it, of an earlier addition too
};

/// Results of many runs in a SQLite file, for trends. A process killed at any moment leaves all or
/// nothing of what it was adding; several processes may add at once. Used by one thread.
class History {
 public:
  static constexpr int kSchemaVersion = 1;

  /// Creates the file when it is missing. Throws `Error` when it is the file of another program, of
  /// a newer schema, damaged, or cannot be written.
  static History open(const std::filesystem::path& file);
  /// Throws `Error` when it is missing.
  static History open_to_read(const std::filesystem::path& file);

  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  /// Adds the runs in one transaction. A run whose results.json is there already, whatever its
  /// label, is not added again. Throws `Error` for a run that is unfinished or has no values.
  std::vector<AddedRun> add(const std::vector<HistoryAddition>& runs);

  /// Every number, in order of task, metric, date.
  std::vector<HistoryPoint> points() const;

 private:
  struct State;
  explicit History(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sightline
