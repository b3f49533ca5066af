#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metrics/text/answer_normalisation.h"
#include "metrics/text/consensus.h"

namespace sightline {

/// The rules in use for VQAv2. Published test numbers are by the official ones.
enum class VqaRules {
  kOfficial,            ///< GT-Vision-Lab/VQA: unanimous answers are compared as they are
  kLmmsEval,            ///< lmms-eval: always normalised
  kBigVision,           ///< big_vision transfers/vqav2: official, all periods deleted
  kBigVisionPlain,      ///< big_vision transfers/vqa: raw text, min(1, matches / 3)
  kBigVisionPlainLower  ///< the same in lower case (its option `to_lower`)
};
inline constexpr std::array kAllVqaRules = {VqaRules::kOfficial, VqaRules::kLmmsEval,
                                            VqaRules::kBigVision, VqaRules::kBigVisionPlain,
                                            VqaRules::kBigVisionPlainLower};

/// "vqa/official", "vqa/lmms-eval", "vqa/big_vision", "vqa/big_vision_plain",
/// "vqa/big_vision_plain_lower".
std::string_view name_of(VqaRules rules);
/// The rules of that name. Throws `UsageError` with the nearest known name.
VqaRules vqa_rules_named(std::string_view name);

/// Accuracy of one question under `rules`: the mean over annotators of min(1, k / 3), summed as the
/// evaluator sums it, so that means agree to the last digit.
///
/// With ten answers the official values are 0, .3, .6, .9 and 1 for 0, 1, 2, 3 and more matches.
/// The official code leaves out "other" records by comparing whole records, so it would leave
/// identical ones out together; here every answer counts once, as in all published data, where
/// answers are numbered. Keeps a memo: one object a thread.
class VqaAccuracy {
 public:
  explicit VqaAccuracy(VqaRules rules);

  /// In [0, 1]. `answers`: the annotators' raw answers. Throws `Error` when there are none or a
  /// text is not UTF-8.
  double score(std::string_view prediction, std::span<const std::string_view> answers) {
    return consensus_.score(prediction, answers);
  }

 private:
  ConsensusAccuracy consensus_;
};

/// 100 * sum / n rounded to two decimals, as the official evaluator prints means of accuracies:
/// from the exact decimal value of the double, ties away from zero (Python 2). `n` > 0.
double official_percent(double sum, std::int64_t n);

}  // namespace sightline
