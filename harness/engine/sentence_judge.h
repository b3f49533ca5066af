#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/api/registry.h"

namespace sightline {

/// What a judge says of a sentence, given a premise.
enum class Verdict { kEntailment, kNeutral, kContradiction };
std::string_view name_of(Verdict verdict);  ///< "entailment", "neutral", "contradiction"

/// The verdict in a judge's words: one of the three, in letters of either case, with white space
/// around it and one full stop behind it at most. Everything else is none; nothing is guessed.
std::optional<Verdict> parse_verdict(std::string_view words);

/// A sentence, and what it is to be held against.
struct JudgeQuestion {
  std::string id;       ///< "qual_dev_00012#3": the sample and the sentence's place in its caption
  std::string premise;  ///< what people wrote about the image, a line each
  std::string sentence;
  std::filesystem::path image;  ///< for a judge that looks at it; else empty
};

/// What came of the question at `place`: a verdict, or why there is none.
struct JudgeReply {
  std::size_t place = 0;
  std::optional<Verdict> verdict;
  std::string outcome;   ///< "ok"; "parse_fail" for other words, "timeout", ...
  std::string response;  ///< the judge's words
  std::string error;
  double seconds = 0;
};

/// What is known of a judge without asking it. Two judges of one identity give the same verdicts.
struct JudgeDescription {
  std::string rules;     ///< "nes_judged/NAME[@REVISION]/TEMPLATE": names the judge
  std::string identity;  ///< JSON of all that its verdicts depend on besides the question
  bool looks_at_images = false;
};

/// Anything that gives verdicts on pairs of a premise and a sentence.
struct SentenceJudge {
  using Give = std::function<void(std::vector<JudgeReply> replies)>;

  JudgeDescription description;
  /// Replies to all questions, in any order, a few at a time; returns early when `stop` is set.
  /// Throws `StopError` when the judge is gone; what was given before counts.
  std::function<void(std::span<const JudgeQuestion>, const Give&, const std::atomic<bool>& stop)>
      judge;
};

/// A model as a judge: `--judge MODEL --judge_args k=v,...`.
struct JudgeSettings {
  std::string model;  ///< empty: no judge
  std::string args;
  bool text_only = false;  ///< it is not shown the image, even if it could look at it
  std::string device = "cpu";
};

/// Opens a judge: the cross-encoder of entailment_judge.h if the model is "nli", else a model that
/// answers text requests. It is asked for one word, greedily; a model
/// that opens images gets the image too, unless `text_only`. The prompt's wording is version 1
/// ("text-1" without and "image-1" with the image). Throws as `Registry::open_model` does, and
/// `UsageError` for a model that gives no text.
SentenceJudge open_judge(Registry& registry, const JudgeSettings& settings);

/// The words that a model is asked with.
std::string judge_prompt(const JudgeQuestion& question, bool with_image);

}  // namespace sightline
