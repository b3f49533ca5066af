#include "harness/engine/score_file.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/engine/caption_cases.h"
#include "harness/engine/reference_cache.h"
#include "harness/engine/run_answers.h"
#include "harness/engine/scoring.h"
#include "harness/media/decode.h"

namespace sightline {

namespace {

/// Scores all samples: those of reconstruction a block at a time, whose images are compared first.
class FileScorer {
 public:
  FileScorer(const Task& task, const MatchedPredictions& matched)
      : task_(task), matched_(matched) {}

  std::unique_ptr<Scorer> score(const std::string& rules) {
    std::unique_ptr<Scorer> scorer;
    const std::size_t count = task_.dataset->size();
    const std::size_t size = task_.measure ? kImagesABlock : std::max<std::size_t>(count, 1);
    for (std::size_t begin = 0; begin < count || !scorer; begin += size) {
      std::vector<std::size_t> indices(std::min(size, count - begin));
      std::iota(indices.begin(), indices.end(), begin);
      const std::vector<Answer> measured = measure(indices);
      score_block(
          task_, rules, indices,
          [&](std::size_t place) -> const Answer& {
            if (matched_.answers[indices[place]] == nullptr) return no_answer_;
            return measured.empty() ? *matched_.answers[indices[place]] : measured[place];
          },
          scorer);
    }
    return scorer;
  }

 private:
  static constexpr std::size_t kImagesABlock = 1024;

  /// Answers whose images have been compared with the originals; empty for other tasks.
  std::vector<Answer> measure(std::span<const std::size_t> indices) const {
    if (!task_.measure) return {};
    std::vector<Answer> measured(indices.size());
    parallel_for(indices.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t place = begin; place < end; ++place) {
        const std::size_t index = indices[place];
        if (matched_.answers[index] == nullptr) continue;
        measured[place] = *matched_.answers[index];
        measured[place].reconstruction.image =
            std::make_shared<const Image>(read_image(matched_.images[index]));
        task_.measure(index, measured[place]);
      }
    });
    return measured;
  }

  const Task& task_;
  const MatchedPredictions& matched_;
  const Answer no_answer_ = {};
};

std::vector<std::string> chosen_rules(const ScoreFileSettings& settings, const Task& task) {
  if (settings.all_rules) return task.rules;
  return {settings.rules.empty() ? task.rules.front() : settings.rules};
}

}  // namespace

FileScores score_file(const ScoreFileSettings& settings, const TaskTable& tasks) {
  TaskSources sources = settings.sources;
  sources.for_scoring = true;
  ReferenceCache cache(sources.cache, [](const std::string& text) { spdlog::warn("{}", text); });
  sources.features = cache.features();
  Task task;
  Predictions predictions;
  const bool from_run = std::filesystem::exists(settings.predictions / Journal::kFileName);
  const PredictionFormat format = tasks.find(settings.task.name).predictions;
  parallel_invoke({[&] { task = tasks.open(settings.task, sources); },
                   [&] {
                     if (!from_run) predictions = read_predictions(settings.predictions, format);
                   }});
  if (from_run) predictions = read_run_answers(settings.predictions, task);
  require(task.has_references,
          "{} has no references: its answers are scored by the server of the "
          "challenge",
          task.name);
  const MatchedPredictions matched =
      match_predictions(*task.dataset, predictions, settings.allow_extra);
  FileScores scores{.task = task.name, .version = task.version, .protocol = task.protocol};
  scores.samples = task.dataset->size();
  scores.missing = task.predictions.may_be_absent() ? 0 : matched.missing;
  scores.extra = matched.extra;
  for (const std::string& rules : chosen_rules(settings, task)) {
    const auto scorer = FileScorer(task, matched).score(rules);
    scores.by_rules.push_back({rules, compute_scores(*scorer, settings.bootstrap)});
  }
  if (cache.hits() + cache.misses() > 0) {
    spdlog::info("{}: Inception's features of {} of {} originals came from the cache {}", task.name,
                 cache.hits(), cache.hits() + cache.misses(), sources.cache.string());
  }
  if (!settings.more_metrics) return scores;
  const std::vector<MetricValue> more = settings.more_metrics(task, matched.answers);
  for (RuleScores& rules : scores.by_rules) put_metrics(more, rules.scores.metrics);
  return scores;
}

}  // namespace sightline
