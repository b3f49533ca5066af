#include "metrics/text/textvqa_answer.h"

#include "harness/base/error.h"
#include "metrics/text/answer_normalisation.h"
#include "metrics/text/rule_names.h"

namespace sightline {

namespace {

std::string normalise_tokenized(std::string_view cleaned) {
  return normalise_answer(cleaned, kMmfNormalisation);
}

std::string clean_tokenized(std::string_view raw) {
  return clean_answer(tokenize_words(raw));
}

std::string normalise_big_vision(std::string_view cleaned) {
  return normalise_answer(cleaned, kBigVisionNormalisation);
}

ConsensusRules consensus_rules(TextVqaRules rules) {
  switch (rules) {
    case TextVqaRules::kMmf:
      return {.clean = clean_tokenized, .normalise = normalise_tokenized};
    case TextVqaRules::kBigVision:
      return {.clean = clean_answer,
              .normalise = normalise_big_vision,
              .unanimous_as_is = true,
              .mean = ConsensusRules::Mean::kPairwise};
  }
  fail("TextVQA rules number {} do not exist", static_cast<int>(rules));
}

}  // namespace

std::string_view name_of(TextVqaRules rules) {
  return rules == TextVqaRules::kMmf ? "textvqa/mmf" : "textvqa/big_vision";
}

TextVqaRules textvqa_rules_named(std::string_view name) {
  return rules_named(kAllTextVqaRules, name, "TextVQA");
}

std::string normalise_textvqa_answer(std::string_view raw) {
  return normalise_tokenized(clean_tokenized(raw));
}

TextVqaAccuracy::TextVqaAccuracy(TextVqaRules rules) : consensus_(consensus_rules(rules)) {}

std::map<std::string, double> textvqa_soft_scores(std::span<const std::string_view> answers) {
  TextVqaAccuracy accuracy;
  std::map<std::string, double> scores;
  for (const std::string_view answer : answers) {
    scores[normalise_textvqa_answer(answer)] = accuracy.score(answer, answers);
  }
  return scores;
}

}  // namespace sightline
