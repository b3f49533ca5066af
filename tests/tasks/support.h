#pragma once

#include <memory>
#include <string>
#include <utility>

#include "models/api/predictions.h"
#include "tasks/task.h"

namespace sightline::testing {

/// Opens a task as `score` does, from files named one by one.
inline Task open_task(const std::string& choice, const TaskSources& sources) {
  return standard_tasks().open(parse_task_choices(choice).at(0), sources);
}

/// A scorer that has seen samples [begin, end) with their predictions, in order.
inline std::unique_ptr<Scorer> score_part(const Task& task, const Predictions& predictions,
                                          const std::string& rules, std::size_t begin,
                                          std::size_t end) {
  static const Answer kNoAnswer;
  std::unique_ptr<Scorer> scorer = task.new_scorer(rules);
  for (std::size_t i = begin; i < end; ++i) {
    const Answer* answer = predictions.find(task.dataset->id(i));
    if (answer == nullptr) answer = predictions.find(task.dataset->group_id(i));
    scorer->update(i, answer == nullptr ? kNoAnswer : *answer);
  }
  return scorer;
}

inline TaskScores score_file(const Task& task, const std::filesystem::path& predictions,
                             const std::string& rules) {
  return score_part(task, read_predictions(predictions, task.predictions), rules, 0,
                    task.dataset->size())
      ->compute();
}

/// The metric of a key. Throws `std::out_of_range` when there is none.
inline const MetricValue& metric(const TaskScores& scores, const std::string& key) {
  for (const MetricValue& value : scores.metrics) {
    if (value.key == key) return value;
  }
  throw std::out_of_range("no metric " + key);
}

inline double value_of(const TaskScores& scores, const std::string& key) {
  return metric(scores, key).value.value();
}

}  // namespace sightline::testing
