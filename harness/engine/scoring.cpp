#include "harness/engine/scoring.h"

#include <algorithm>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {

void score_block(const Task& task, const std::string& rules, std::span<const std::size_t> indices,
                 const std::function<const Answer&(std::size_t place)>& answer_of,
                 std::unique_ptr<Scorer>& scorer) {
  constexpr std::size_t kLeastChunk = 256;
  const std::size_t chunks =
      task.scored_in_order
          ? 1
          : std::clamp<std::size_t>(indices.size() / kLeastChunk, 1, thread_count());
  if (!scorer) scorer = task.new_scorer(rules);
  std::vector<std::unique_ptr<Scorer>> scorers(chunks);
  scorers.front() = std::move(scorer);
  parallel_for(chunks, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t chunk = first; chunk < last; ++chunk) {
      if (chunk > 0) scorers[chunk] = task.new_scorer(rules);
      const std::size_t begin = indices.size() * chunk / chunks;
      const std::size_t end = indices.size() * (chunk + 1) / chunks;
      for (std::size_t place = begin; place < end; ++place) {
        scorers[chunk]->update(indices[place], answer_of(place));
      }
    }
  });
  for (std::size_t chunk = 1; chunk < chunks; ++chunk) scorers[0]->merge(*scorers[chunk]);
  scorer = std::move(scorers[0]);
}

TaskScores compute_scores(const Scorer& scorer, const Bootstrap& bootstrap) {
  TaskScores scores = scorer.compute();
  if (bootstrap.replicates == 0) return scores;
  const std::map<std::string, ResampledNumber> resampled = scorer.resampled(bootstrap);
  for (MetricValue& metric : scores.metrics) {
    const auto found = resampled.find(metric.key);
    if (found != resampled.end() && metric.value) metric.interval = found->second.interval();
  }
  return scores;
}

namespace {

/// The prediction that stands for a sample: its own, or one for its group ("ref:17").
std::size_t find_prediction(const Dataset& dataset, const Predictions& predictions,
                            std::size_t index) {
  auto found = predictions.index.find(dataset.id(index));
  if (found == predictions.index.end()) {
    const std::string group = dataset.group_id(index);
    if (!group.empty()) found = predictions.index.find(group);
  }
  return found == predictions.index.end() ? predictions.ids.size() : found->second;
}

void refuse_extra(const Predictions& predictions, const std::vector<bool>& used) {
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    fail(
        "the predictions hold the id '{}', which the data set lacks ({} of {} such ids); check "
        "that both are of the same split, or pass --allow_extra to leave them out",
        predictions.ids[i], std::count(used.begin(), used.end(), false), used.size());
  }
}

}  // namespace

MatchedPredictions match_predictions(const Dataset& dataset, const Predictions& predictions,
                                     bool allow_extra) {
  MatchedPredictions matched;
  matched.answers.resize(dataset.size());
  if (!predictions.files.empty()) matched.images.resize(dataset.size());
  std::vector<bool> used(predictions.ids.size());
  for (std::size_t index = 0; index < dataset.size(); ++index) {
    const std::size_t place = find_prediction(dataset, predictions, index);
    if (place == predictions.ids.size()) {
      ++matched.missing;
      continue;
    }
    used[place] = true;
    if (!allow_extra) dataset.check_prediction(index, predictions.answers[place]);
    matched.answers[index] = &predictions.answers[place];
    if (!predictions.files.empty()) matched.images[index] = predictions.files[place];
  }
  matched.extra = static_cast<std::size_t>(std::count(used.begin(), used.end(), false));
  if (matched.extra > 0 && !allow_extra) refuse_extra(predictions, used);
  return matched;
}

}  // namespace sightline
