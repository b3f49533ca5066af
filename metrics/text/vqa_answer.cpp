#include "metrics/text/vqa_answer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/unicode.h"
#include "metrics/text/rule_names.h"

namespace sightline {

namespace {

std::string unchanged(std::string_view text) {
  return std::string(text);
}

std::string normalise_official(std::string_view cleaned) {
  return normalise_answer(cleaned, kOfficialNormalisation);
}

std::string normalise_lmms_eval(std::string_view cleaned) {
  return normalise_answer(cleaned, kLmmsEvalNormalisation);
}

std::string normalise_big_vision(std::string_view cleaned) {
  return normalise_answer(cleaned, kBigVisionNormalisation);
}

ConsensusRules consensus_rules(VqaRules rules) {
  using Mean = ConsensusRules::Mean;
  switch (rules) {
    case VqaRules::kOfficial:
      return {.clean = clean_answer, .normalise = normalise_official, .unanimous_as_is = true};
    case VqaRules::kLmmsEval:
      return {.clean = clean_answer, .normalise = normalise_lmms_eval, .mean = Mean::kExact};
    case VqaRules::kBigVision:
      return {.clean = clean_answer,
              .normalise = normalise_big_vision,
              .unanimous_as_is = true,
              .mean = Mean::kPairwise};
    case VqaRules::kBigVisionPlain:
      return {.clean = unchanged, .normalise = unchanged, .leave_one_out = false};
    case VqaRules::kBigVisionPlainLower:
      return {.clean = unchanged, .normalise = to_lower_in_context, .leave_one_out = false};
  }
  fail("VQA rules number {} do not exist", static_cast<int>(rules));
}

}  // namespace

std::string_view name_of(VqaRules rules) {
  switch (rules) {
    case VqaRules::kOfficial:
      return "vqa/official";
    case VqaRules::kLmmsEval:
      return "vqa/lmms-eval";
    case VqaRules::kBigVision:
      return "vqa/big_vision";
    case VqaRules::kBigVisionPlain:
      return "vqa/big_vision_plain";
    case VqaRules::kBigVisionPlainLower:
      return "vqa/big_vision_plain_lower";
  }
  fail("VQA rules number {} do not exist", static_cast<int>(rules));
}

VqaRules vqa_rules_named(std::string_view name) {
  return rules_named(kAllVqaRules, name, "VQA");
}

VqaAccuracy::VqaAccuracy(VqaRules rules) : consensus_(consensus_rules(rules)) {}

double official_percent(double sum, std::int64_t n) {
  require(n > 0, "a percentage of {} questions", n);
  const double percent = 100 * sum / static_cast<double>(n);
  // A tie x.xx5 that a double can hold is an odd multiple of 1/8: its thousandths are exact.
  if (std::fmod(std::abs(percent) * 8, 2) == 1) {
    const double hundredths = (std::abs(percent) * 1000 + 5) / 10;
    return std::copysign(hundredths / 100, percent);
  }
  return std::strtod(fmt::format("{:.2f}", percent).c_str(), nullptr);
}

}  // namespace sightline
