#pragma once

#include <filesystem>

#include "harness/engine/score_file.h"
#include "harness/engine/sentence_judge.h"

namespace CLI {
class App;
}

namespace sightline {

struct Program;

/// The flags that name a judge of sentences, which `run` and `score` share.
void add_judge_flags(CLI::App& command, JudgeSettings& judge);

/// Flags of `score` for what captions are held against besides their references' words: people,
/// models as judges, Java programs.
struct CaptionFlags {
  std::filesystem::path ratings, sentences, meteor_jar, spice_jar, judge_cache;
  JudgeSettings judge;
  bool retry_failed = false;
};
void add_caption_flags(CLI::App& command, CaptionFlags& flags);

/// The metrics that the flags ask for; empty when they ask for none. `flags` and `program` outlive
/// the result.
MoreMetrics caption_metrics(const CaptionFlags& flags, Program& program);

}  // namespace sightline
