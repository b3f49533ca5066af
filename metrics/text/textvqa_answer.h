#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "metrics/text/consensus.h"

namespace sightline {

/// The rules in use for TextVQA.
enum class TextVqaRules {
  kMmf,       ///< mmf, and lmms-eval with the same numbers: always normalised
  kBigVision  ///< big_vision's PaliGemma configuration: the VQAv2 rules `VqaRules::kBigVision`
};
inline constexpr std::array kAllTextVqaRules = {TextVqaRules::kMmf, TextVqaRules::kBigVision};

/// "textvqa/mmf", "textvqa/big_vision".
std::string_view name_of(TextVqaRules rules);
/// The rules of that name. Throws `UsageError` with the nearest known name.
TextVqaRules textvqa_rules_named(std::string_view name);

/// mmf's EvalAIAnswerProcessor: `tokenize_words`, then steps 1 to 4 of the VQA normalisation with
/// Python 3's digits. Throws `Error` where the text is not UTF-8.
std::string normalise_textvqa_answer(std::string_view raw);

/// Accuracy of one question under `rules`, as `VqaAccuracy`. Keeps a memo: one object a thread.
class TextVqaAccuracy {
 public:
  explicit TextVqaAccuracy(TextVqaRules rules = TextVqaRules::kMmf);

  /// In [0, 1]. `answers`: the annotators' raw answers, ten in TextVQA. Throws `Error` when there
  /// are none or a text is not UTF-8.
  double score(std::string_view prediction, std::span<const std::string_view> answers) {
    return consensus_.score(prediction, answers);
  }

 private:
  ConsensusAccuracy consensus_;
};

/// What each normalised answer to a question would score under mmf's rules: mmf's training target.
std::map<std::string, double> textvqa_soft_scores(std::span<const std::string_view> answers);

}  // namespace sightline
