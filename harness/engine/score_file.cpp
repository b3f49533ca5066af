#include "harness/engine/score_file.h"

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/engine/scoring.h"
#include "harness/media/decode.h"

namespace sightline {

namespace {

/// Answers whose images have been compared with the originals; empty for other tasks.
std::vector<Answer> measure_images(const Task& task, const MatchedPredictions& matched) {
  std::vector<Answer> measured(matched.images.size());
  parallel_for(matched.images.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t index = begin; index < end; ++index) {
      if (matched.answers[index] == nullptr) continue;
      measured[index] = *matched.answers[index];
      measured[index].reconstruction.image =
          std::make_shared<const Image>(read_image(matched.images[index]));
      task.measure(index, measured[index]);
    }
  });
  return measured;
}

std::vector<std::string> chosen_rules(const ScoreFileSettings& settings, const Task& task) {
  if (settings.all_rules) return task.rules;
  return {settings.rules.empty() ? task.rules.front() : settings.rules};
}

}  // namespace

FileScores score_file(const ScoreFileSettings& settings, const TaskTable& tasks) {
  TaskSources sources = settings.sources;
  sources.for_scoring = true;
  Task task;
  Predictions predictions;
  const PredictionFormat format = tasks.find(settings.task.name).predictions;
  parallel_invoke({[&] { task = tasks.open(settings.task, sources); },
                   [&] { predictions = read_predictions(settings.predictions, format); }});
  require(task.has_references,
          "{} has no references: its answers are scored by the server of the "
          "challenge",
          task.name);
  const MatchedPredictions matched =
      match_predictions(*task.dataset, predictions, settings.allow_extra);
  const std::vector<Answer> measured = measure_images(task, matched);
  std::vector<std::size_t> indices(task.dataset->size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  static const Answer kNoAnswer;
  const auto answer_of = [&](std::size_t index) -> const Answer& {
    if (matched.answers[index] == nullptr) return kNoAnswer;
    return measured.empty() ? *matched.answers[index] : measured[index];
  };
  FileScores scores{.task = task.name, .version = task.version, .protocol = task.protocol};
  scores.samples = indices.size();
  scores.missing = task.predictions.may_be_absent() ? 0 : matched.missing;
  scores.extra = matched.extra;
  for (const std::string& rules : chosen_rules(settings, task)) {
    const auto scorer = score_in_parallel(task, rules, indices, answer_of);
    scores.by_rules.push_back({rules, compute_scores(*scorer, settings.bootstrap)});
  }
  return scores;
}

}  // namespace sightline
