#include "metrics/text/anls.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "metrics/statistics.h"
#include "tests/metrics/text/goldens.h"

namespace sightline {
namespace {

using testing::golden_textvqa_questions;
using testing::GoldenQuestion;
using testing::text_golden;

struct Variant {
  AnlsRules rules;
  const char* field;
  const char* mean_field;
};

constexpr Variant kVariants[] = {
    {AnlsRules::kMmf, "mmf_stvqa_anls", "mean_mmf_stvqa_anls"},
    {AnlsRules::kLmmsEval, "lmms_anls", "mean_lmms_anls"},
    {AnlsRules::kBigVision, "big_vision_anls", "mean_big_vision_anls"}};

TEST(Anls, EveryVariantEqualsItsEvaluatorToTheLastDigit) {
  const auto golden = text_golden("textvqa/anls_cases.json");
  ASSERT_EQ(golden.at("cases").size(), 250U);
  for (const Variant& variant : kVariants) {
    std::vector<double> values;
    for (const auto& c : golden.at("cases")) {
      const std::string prediction = c.at("pred");
      SCOPED_TRACE(variant.field + (": " + prediction));
      const std::vector<std::string> references = c.at("gts");
      const std::vector<std::string_view> views(references.begin(), references.end());
      values.push_back(anls(prediction, views, variant.rules));
      EXPECT_EQ(values.back(), c.at(variant.field).get<double>());
    }
    EXPECT_NEAR(mean(values).value(), golden.at(variant.mean_field).get<double>(), 1e-12);
  }
}

TEST(Anls, StvqaAccuracyEqualsMmf) {
  const auto golden = text_golden("textvqa/anls_cases.json");
  std::vector<double> values;
  for (const auto& c : golden.at("cases")) {
    const std::string prediction = c.at("pred");
    const std::vector<std::string> references = c.at("gts");
    const std::vector<std::string_view> views(references.begin(), references.end());
    values.push_back(stvqa_accuracy(prediction, views));
    EXPECT_EQ(values.back(), c.at("mmf_stvqa_acc").get<double>()) << prediction;
  }
  EXPECT_NEAR(mean(values).value(), golden.at("mean_mmf_stvqa_acc").get<double>(), 1e-12);
}

TEST(Anls, TextVqaMeansEqualBigVision) {
  const auto want = text_golden("textvqa/expected_big_vision.json");
  std::vector<double> exact, lower;
  for (const GoldenQuestion& q : golden_textvqa_questions()) {
    exact.push_back(anls(q.prediction, q.views(), AnlsRules::kBigVision));
    std::vector<std::string> lower_answers;
    for (const std::string& answer : q.answers) lower_answers.push_back(to_lower(answer));
    const std::vector<std::string_view> views(lower_answers.begin(), lower_answers.end());
    lower.push_back(anls(to_lower(q.prediction), views, AnlsRules::kBigVision));
  }
  EXPECT_NEAR(mean(exact).value(), want.at("simple_exact_case").at("anls").get<double>(), 1e-12);
  EXPECT_NEAR(mean(lower).value(), want.at("simple_to_lower").at("anls").get<double>(), 1e-12);
}

double one(std::string_view prediction, std::string_view reference, AnlsRules rules) {
  const std::vector<std::string_view> references = {reference};
  return anls(prediction, references, rules);
}

TEST(Anls, HalfIsKeptExceptByBigVision) {
  EXPECT_EQ(one("abxy", "abcd", AnlsRules::kMmf), 0.5);
  EXPECT_EQ(one("abxy", "abcd", AnlsRules::kLmmsEval), 0.5);
  EXPECT_EQ(one("abxy", "abcd", AnlsRules::kBigVision), 0);
}

TEST(Anls, LengthsAreCodePointsAndThoseOfLmmsEvalUpperCase) {
  EXPECT_EQ(one("\u00E9\u00E8x", "\u00E9\u00E8y", AnlsRules::kBigVision), 1 - 1.0 / 3);
  EXPECT_EQ(one("stra\u00DFe", "strasse", AnlsRules::kMmf), 1 - 2.0 / 7);
  EXPECT_EQ(one("stra\u00DFen", "stra\u00DFe", AnlsRules::kLmmsEval), 1 - 1.0 / 8);
  EXPECT_EQ(one("stra\u00DFen", "stra\u00DFe", AnlsRules::kMmf), 1 - 1.0 / 7);
}

TEST(Anls, EmptyTexts) {
  for (const Variant& variant : kVariants) {
    EXPECT_EQ(one("", "", variant.rules), 1) << variant.field;
    EXPECT_EQ(one("", "cat", variant.rules), 0) << variant.field;
    EXPECT_EQ(one("cat", "", variant.rules), 0) << variant.field;
  }
}

TEST(Anls, OrderOfReferencesDoesNotMatterAndAnExactOneGivesOne) {
  std::vector<std::string_view> references = {"cart", "cat", "dog"};
  for (const Variant& variant : kVariants) {
    std::ranges::sort(references);
    do {
      EXPECT_EQ(anls("cat", references, variant.rules), 1);
      EXPECT_EQ(anls("carts", references, variant.rules), 0.8);
    } while (std::ranges::next_permutation(references).found);
  }
}

TEST(Anls, BadInputIsAnError) {
  const std::vector<std::string_view> bad = {"\xF0\x28"};
  for (const Variant& variant : kVariants) {
    EXPECT_THROW(anls("cat", {}, variant.rules), Error);
    EXPECT_THROW(anls("cat", bad, variant.rules), Error);
  }
  EXPECT_THROW(stvqa_accuracy("cat", {}), Error);
}

TEST(AnlsRules, HaveNames) {
  for (const AnlsRules rules : kAllAnlsRules) EXPECT_EQ(anls_rules_named(name_of(rules)), rules);
  EXPECT_THROW(anls_rules_named("anls"), UsageError);
}

}  // namespace
}  // namespace sightline
