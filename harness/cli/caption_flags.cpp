#include "harness/cli/caption_flags.h"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "harness/base/error.h"
#include "harness/cli/program.h"
#include "harness/engine/java_metrics.h"
#include "harness/engine/judged_sentences.h"
#include "harness/engine/sentence_ratings.h"

namespace sightline {

namespace {

/// The first flag given that makes sense only where sentences are rated; "" for none.
std::string rating_flag(const CaptionFlags& flags) {
  if (!flags.ratings.empty()) return "--ratings";
  if (!flags.sentences.empty()) return "--export_sentences";
  return flags.judge.model.empty() ? "" : "--judge";
}

/// Verdicts are kept as they come: a score that is killed goes on where it was.
MetricValue judge_captions(const CaptionFlags& flags, const Task& task,
                           std::span<const CaptionCase> captions, Program& program) {
  const std::atomic<bool> never{false};
  const SentenceJudge judge = open_judge(program.registry, flags.judge);
  const SentencesToJudge sentences = sentences_to_judge(judge.description, *task.dataset, captions);
  if (flags.judge_cache.empty()) {
    spdlog::warn(
        "the judge's verdicts are not kept; --judge_cache FILE keeps them, so that what "
        "was judged once is not asked again");
  }
  VerdictStore store =
      VerdictStore::open(flags.judge_cache.empty() ? VerdictStore::kInMemory : flags.judge_cache);
  judge_sentences(judge, sentences, store,
                  {.retry_failed = flags.retry_failed, .label = "judging " + task.name}, never);
  return judged_metric(judge.description, sentences, store);
}

std::vector<MetricValue> compute(const CaptionFlags& flags, const Task& task,
                                 std::span<const Answer* const> answers, Program& program) {
  if (const std::string flag = rating_flag(flags); !flag.empty() && !task.rates_sentences) {
    throw UsageError(fmt::format(
        "{}: {} has no sentences to be rated; tasks of detailed captions have, as docci_qual_dev",
        flag, task.name));
  }
  const std::vector<CaptionCase> captions = caption_cases(task, answers);
  std::vector<MetricValue> metrics;
  if (!flags.sentences.empty()) write_sentences(captions, flags.sentences);
  if (!flags.ratings.empty()) metrics = rate_captions(flags.ratings, captions);
  if (!flags.judge.model.empty()) {
    metrics.push_back(judge_captions(flags, task, captions, program));
  }
  if (!flags.meteor_jar.empty()) metrics.push_back(meteor_metric(flags.meteor_jar, captions));
  if (!flags.spice_jar.empty()) metrics.push_back(spice_metric(flags.spice_jar, captions));
  return metrics;
}

}  // namespace

void add_judge_flags(CLI::App& command, JudgeSettings& judge) {
  command.add_option("--judge", judge.model,
                     "model that judges the sentences of detailed captions (nes_judged), or nli");
  command.add_option("--judge_args", judge.args, "its arguments: k=v,k=v");
  command.add_flag("--judge_text_only", judge.text_only,
                   "show the judge the descriptions alone, not the image");
}

void add_caption_flags(CLI::App& command, CaptionFlags& flags) {
  command.add_option("--ratings", flags.ratings,
                     "people's ratings of the sentences of detailed captions, JSON lines (nes)");
  command.add_option("--export_sentences", flags.sentences,
                     "write the sentences to this file, for people to rate");
  add_judge_flags(command, flags.judge);
  command.add_option("--judge_cache", flags.judge_cache,
                     "file that keeps the judge's verdicts; what is in it is not asked again");
  command.add_flag("--retry_failed", flags.retry_failed,
                   "ask the judge again where it gave no verdict");
  command.add_option("--device", flags.judge.device, "of the judge: cpu or cuda[:N]")
      ->capture_default_str();
  command.add_option("--meteor_jar", flags.meteor_jar, "meteor-1.5.jar, to compute METEOR with");
  command.add_option("--spice_jar", flags.spice_jar, "spice-1.0.jar, to compute SPICE with");
}

MoreMetrics caption_metrics(const CaptionFlags& flags, Program& program) {
  const bool asked =
      !rating_flag(flags).empty() || !flags.meteor_jar.empty() || !flags.spice_jar.empty();
  if (!asked) return {};
  return [&flags, &program](const Task& task, std::span<const Answer* const> answers) {
    return compute(flags, task, answers, program);
  };
}

}  // namespace sightline
