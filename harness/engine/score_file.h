#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tasks/task.h"

namespace sightline {

/// Metrics that are made of the answers in another way than by the task's scorer; `answers[i]` is
/// that of sample i, null where there is none.
using MoreMetrics = std::function<std::vector<MetricValue>(const Task& task,
                                                           std::span<const Answer* const> answers)>;

/// Everything `sightline score` was told.
struct ScoreFileSettings {
  TaskChoice task;
  TaskSources sources;
  std::filesystem::path predictions;  ///< a file, a folder of images, or the folder of a run
  std::string rules;                  ///< "": the task's default
  bool all_rules = false;             ///< every set of rules of the task, the default first
  bool allow_extra = false;
  Bootstrap bootstrap;       ///< replicates 0: no intervals
  MoreMetrics more_metrics;  ///< these join the task's own, or take the place of those of one key
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

/// Scores a file of predictions in the task's official format, or the answers of a run; data and
/// predictions are read at the same time. Throws `Error` for what either reader refuses.
FileScores score_file(const ScoreFileSettings& settings, const TaskTable& tasks);

}  // namespace sightline
