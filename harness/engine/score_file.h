#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tasks/task.h"

namespace sightline {

/// Everything `sightline score` was told.
struct ScoreFileSettings {
  TaskChoice task;
  TaskSources sources;
  std::filesystem::path predictions;
  std::string rules;       ///< "": the task's default
  bool all_rules = false;  ///< every set of rules of the task, the default first
  bool allow_extra = false;
  Bootstrap bootstrap;  ///< replicates 0: no intervals
};

/// Scores under one set of rules.
struct RuleScores {
  std::string rules;
  TaskScores scores;
};

/// What a file of predictions comes to.
struct FileScores {
  std::string task, version;
  std::map<std::string, std::string> protocol;
  std::size_t samples = 0;
  std::size_t missing = 0;  ///< samples without a prediction: counted as empty answers
  std::size_t extra = 0;    ///< predictions for unknown ids, left out (`allow_extra`)
  std::vector<RuleScores> by_rules;
};

/// Scores a file of predictions in the task's official format; data and predictions are read at
/// the same time. Throws `Error` for what either reader refuses.
FileScores score_file(const ScoreFileSettings& settings, const TaskTable& tasks);

}  // namespace sightline
