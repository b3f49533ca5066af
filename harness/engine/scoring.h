#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/api/predictions.h"
#include "tasks/task.h"

namespace sightline {

/// Adds `answer_of(i)` for every index i of `indices` (ascending, behind those before) to `scorer`,
/// in that order as far as the result goes: chunks are scored in parallel and merged in order,
/// unless the task is to be scored in order. An empty scorer is made first.
void score_block(const Task& task, const std::string& rules, std::span<const std::size_t> indices,
                 const std::function<const Answer&(std::size_t place)>& answer_of,
                 std::unique_ptr<Scorer>& scorer);

/// The scorer's numbers; with replicates, also the intervals of those that are no means.
TaskScores compute_scores(const Scorer& scorer, const Bootstrap& bootstrap);

/// Predictions set against a data set.
struct MatchedPredictions {
  std::vector<const Answer*> answers;         ///< one a sample; null: no prediction
  std::vector<std::filesystem::path> images;  ///< one a sample for reconstructions, else empty
  std::size_t missing = 0;                    ///< samples without a prediction
  std::size_t extra = 0;                      ///< predictions for ids that the data set lacks
};

/// Throws `Error` for predictions of unknown ids, or with unknown ids in them
/// (`Dataset::check_prediction`), unless `allow_extra`.
MatchedPredictions match_predictions(const Dataset& dataset, const Predictions& predictions,
                                     bool allow_extra);

}  // namespace sightline
