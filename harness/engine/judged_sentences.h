#pragma once

#include <atomic>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/engine/caption_cases.h"
#include "harness/engine/progress.h"
#include "harness/engine/sentence_judge.h"
#include "metrics/metric_value.h"
#include "results/verdict_store.h"

namespace sightline {

/// All sentences of captions as questions to a judge.
struct SentencesToJudge {
  std::vector<JudgeQuestion> questions;  ///< in the order of captions and sentences
  std::vector<std::uint32_t> caption;    ///< of each: its place among the captions
  /// Of each: SHA-256 of the judge's identity, the premise, the sentence, and the content of the
  /// image where the judge looks at it.
  std::vector<std::string> keys;
};

/// Throws `Error` for a missing image when the judge looks at images.
SentencesToJudge sentences_to_judge(const JudgeDescription& judge, const Dataset& dataset,
                                    std::span<const CaptionCase> captions);

struct JudgingSettings {
  bool retry_failed = false;  ///< ask again where there was no verdict
  std::string label;          ///< of the progress line
  ProgressMode progress = ProgressMode::kAuto;
};

/// Asks the judge about the sentences that the store lacks, each different one once, and appends
/// every reply as it comes. Returns how many were asked. Returns early when `stop` is set; a
/// `StopError` of the judge passes through with all replies so far in the store.
std::size_t judge_sentences(const SentenceJudge& judge, const SentencesToJudge& sentences,
                            VerdictStore& store, const JudgingSettings& settings,
                            const std::atomic<bool>& stop);

/// `nes_judged`: the share of the sentences judged neutral or contradiction, among those with a
/// verdict. The note counts the sentences whose answer could not be read, that failed, and that
/// have not been judged.
MetricValue judged_metric(const JudgeDescription& judge, const SentencesToJudge& sentences,
                          const VerdictStore& store);

/// Puts into the journal by whom a task's captions are judged. Their verdicts are in
/// `VerdictStore::kFileName` beside it.
void note_judge(Journal& journal, const std::string& task, const JudgeDescription& judge);
std::optional<JudgeDescription> noted_judge(const Journal& journal, const std::string& task);

/// Copies judge and verdicts from one run to another, whose judge must be the same if it has one;
/// throws `MismatchError` (exit 2) otherwise.
void copy_judgement(const Journal& from, const std::string& task, Journal& to);

/// `nes_judged` of a run with a judge, from stored verdicts alone; no value for a run without.
std::optional<MetricValue> stored_judgement(const Task& task, const Journal& journal,
                                            int journal_task, std::span<const std::size_t> indices);

}  // namespace sightline
