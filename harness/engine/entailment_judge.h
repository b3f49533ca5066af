#pragma once

#include "harness/engine/sentence_judge.h"

namespace sightline {

/// The name of this judge for `--judge`.
inline constexpr const char* kEntailmentJudge = "nli";

/// A cross-encoder for natural language inference as a judge: `path=` a checkpoint of the RoBERTa
/// kind. Its verdict is the likeliest of the three relations between the premise and the sentence;
/// it looks at no image. A premise too long for it loses its end. Throws `UsageError` for other
/// arguments, `Error` for a checkpoint that cannot be used.
SentenceJudge open_entailment_judge(Registry& registry, const JudgeSettings& settings);

}  // namespace sightline
