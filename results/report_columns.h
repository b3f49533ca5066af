#pragma once

#include <string>
#include <vector>

#include "results/run_results.h"

namespace sightline {

/// A run's result of one task, as a column of that task's tables.
struct ReportColumn {
  const TaskResult* task = nullptr;
  std::string label;   ///< the run's name, made distinct
  std::string timing;  ///< "2.10 s, 31/s; threads' seconds: decode 0.41, ..."; "" where not known
  std::string mark;    ///< "†" where the numbers are not comparable with the first column's
};

/// Task names of all runs, in order of first appearance.
std::vector<std::string> task_names(const std::vector<RunResults>& runs);

/// The runs that have task `name`, marked by protocol: columns with one mark are comparable.
std::vector<ReportColumn> columns_of(const std::vector<RunResults>& runs, const std::string& name);

/// One note for each mark, naming the fields of the protocol that differ from the first column's,
/// with both values.
std::vector<std::string> protocol_notes(const std::vector<ReportColumn>& columns);

/// Samples with an outcome, whatever it is.
std::int64_t samples_done(const TaskResult& task);
std::int64_t samples_ok(const TaskResult& task);

}  // namespace sightline
