#pragma once

#include <array>
#include <span>
#include <string_view>

namespace sightline {

/// The implementations of average normalised Levenshtein similarity in use.
enum class AnlsRules {
  kMmf,       ///< ST-VQA in mmf: lower case, stripped; 1 - d / length, kept from 0.5 on
  kLmmsEval,  ///< DocVQA, InfoVQA, ST-VQA in lmms-eval: white space collapsed for the distance,
              ///< lengths of the raw upper-case texts; kept from 0.5 on
  kBigVision  ///< raw texts; kept while d / length is below 0.5
};
inline constexpr std::array kAllAnlsRules = {AnlsRules::kMmf, AnlsRules::kLmmsEval,
                                             AnlsRules::kBigVision};

/// "anls/mmf", "anls/lmms-eval", "anls/big_vision".
std::string_view name_of(AnlsRules rules);
/// The rules of that name. Throws `UsageError` with the nearest known name.
AnlsRules anls_rules_named(std::string_view name);

/// Similarity of one answer to the nearest of its references, in [0, 1]: 1 minus the edit distance
/// over the longer length, both in code points, or 0 when that is too small (Biten et al., Scene
/// Text Visual Question Answering, ICCV 2019, equation 1).
///
/// Two texts that are both empty count 1; mmf divides by zero there. Throws `Error` when there are
/// no references or a text is not UTF-8. Cost: the product of the lengths for each reference.
double anls(std::string_view prediction, std::span<const std::string_view> references,
            AnlsRules rules);

/// mmf's ST-VQA accuracy: 1 when the prediction, normalised as for TextVQA, is among the
/// normalised references, else 0. Throws `Error` as `anls` does.
double stvqa_accuracy(std::string_view prediction, std::span<const std::string_view> references);

}  // namespace sightline
