#pragma once

#include <fmt/chrono.h>

#include <nlohmann/json.hpp>
#include <string>

#include "results/history/history.h"

namespace sightline::testing {

/// "1970-01-03T00:00:00Z" of day 2.
inline std::string date_of_day(int day) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time_t{86400} * day));
}

/// A run of one task with one accuracy, on day `day` of 1970.
inline RunResults run_of_day(int day, double accuracy) {
  TaskResult task;
  task.name = "vqav2_val";
  task.version = "1";
  task.rules = "vqa/official";
  task.protocol = R"({"max_new_tokens":"16","split":"val2014"})";
  task.metrics.push_back(
      {.key = "vqa_accuracy", .value = accuracy, .standard_error = 0.01, .n = 400});
  task.samples = task.samples_in_dataset = 400;
  task.outcomes = {{"ok", 400}};
  RunResults run;
  run.model = "native";
  run.manifest = nlohmann::json({{"date", date_of_day(day)}}).dump();
  run.tasks = {task};
  return run;
}

inline HistoryAddition addition(int day, double accuracy) {
  return {.results = run_of_day(day, accuracy),
          .label = "day " + std::to_string(day),
          .commit = "c" + std::to_string(day)};
}

}  // namespace sightline::testing
