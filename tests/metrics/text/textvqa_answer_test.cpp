#include "metrics/text/textvqa_answer.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "metrics/statistics.h"
#include "tests/metrics/text/goldens.h"

namespace sightline {
namespace {

using testing::golden_textvqa_questions;
using testing::GoldenQuestion;
using testing::text_golden;

void expect_scores(TextVqaRules rules, const nlohmann::json& per_question, double total) {
  TextVqaAccuracy accuracy(rules);
  std::vector<double> scores;
  for (const GoldenQuestion& q : golden_textvqa_questions()) {
    SCOPED_TRACE(q.id);
    scores.push_back(accuracy.score(q.prediction, q.views()));
    EXPECT_EQ(scores.back(), per_question.at(q.id).get<double>());
  }
  EXPECT_EQ(scores.size(), 300U);
  EXPECT_NEAR(mean(scores).value(), total, 1e-12);
}

TEST(TextVqaAccuracy, EqualsMmfToTheLastDigit) {
  const auto want = text_golden("textvqa/expected_mmf.json");
  expect_scores(TextVqaRules::kMmf, want.at("per_question"), want.at("accuracy"));
  for (const GoldenQuestion& q : golden_textvqa_questions()) {
    EXPECT_EQ(normalise_textvqa_answer(q.prediction), want.at("processed_prediction").at(q.id));
  }
}

TEST(TextVqaAccuracy, EqualsBigVisionToTheLastDigit) {
  const auto want = text_golden("textvqa/expected_big_vision.json").at("vqav2_rule");
  expect_scores(TextVqaRules::kBigVision, want.at("per_question"), want.at("acc"));
}

TEST(TextVqaAccuracy, SoftScoresEqualMmf) {
  const auto cases = text_golden("textvqa/soft_scores_cases.json");
  ASSERT_EQ(cases.size(), 40U);
  for (const auto& c : cases) {
    const std::vector<std::string> answers = c.at("answers");
    const std::vector<std::string_view> views(answers.begin(), answers.end());
    const std::map<std::string, double> want = c.at("scores");
    EXPECT_EQ(textvqa_soft_scores(views), want);
  }
}

TEST(TextVqaAccuracy, NormalisesEvenWhereAllAnnotatorsAgree) {
  const std::vector<std::string_view> answers(10, "Yes!");
  EXPECT_EQ(TextVqaAccuracy(TextVqaRules::kMmf).score("yes", answers), 1);
  EXPECT_EQ(TextVqaAccuracy(TextVqaRules::kBigVision).score("yes", answers), 0);
}

TEST(TextVqaAccuracy, BadInputIsAnError) {
  TextVqaAccuracy accuracy;
  const std::vector<std::string_view> bad(10, "\xC0\xAF");
  EXPECT_THROW(accuracy.score("cat", {}), Error);
  EXPECT_THROW(accuracy.score("cat", bad), Error);
}

TEST(TextVqaRules, HaveNames) {
  for (const TextVqaRules r : kAllTextVqaRules) EXPECT_EQ(textvqa_rules_named(name_of(r)), r);
  EXPECT_EQ(name_of(TextVqaRules::kMmf), "textvqa/mmf");
  EXPECT_EQ(name_of(TextVqaRules::kBigVision), "textvqa/big_vision");
  EXPECT_THROW(textvqa_rules_named("vqa/official"), UsageError);
}

}  // namespace
}  // namespace sightline
