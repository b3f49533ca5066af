#include "metrics/text/vqa_answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "metrics/statistics.h"
#include "tests/metrics/text/goldens.h"

namespace sightline {
namespace {

using testing::golden_textvqa_questions;
using testing::golden_vqa_questions;
using testing::GoldenQuestion;
using testing::text_golden;

std::vector<double> scores_of(const std::vector<GoldenQuestion>& questions, VqaRules rules) {
  VqaAccuracy accuracy(rules);
  std::vector<double> scores;
  for (const GoldenQuestion& q : questions) {
    scores.push_back(accuracy.score(q.prediction, q.views()));
  }
  return scores;
}

struct Sum {
  double sum = 0;
  std::int64_t n = 0;
};

using Groups = std::map<std::string, Sum>;

Groups group(const std::vector<GoldenQuestion>& questions, const std::vector<double>& scores,
             std::string GoldenQuestion::*type) {
  Groups groups;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    Sum& sum = groups[questions[i].*type];
    sum.sum += scores[i];
    ++sum.n;
  }
  return groups;
}

void expect_official(const Groups& groups, const nlohmann::json& rounded,
                     const nlohmann::json& unrounded) {
  EXPECT_EQ(groups.size(), rounded.size());
  for (const auto& [name, sum] : groups) {
    SCOPED_TRACE(name);
    EXPECT_EQ(official_percent(sum.sum, sum.n), rounded.at(name).get<double>());
    EXPECT_NEAR(100 * sum.sum / static_cast<double>(sum.n), unrounded.at(name).get<double>(),
                1e-11);
  }
}

TEST(VqaAccuracy, EqualsTheOfficialEvaluator) {
  const auto questions = golden_vqa_questions();
  ASSERT_EQ(questions.size(), 300U);
  const auto scores = scores_of(questions, VqaRules::kOfficial);
  const auto want = text_golden("vqa/expected_official.json");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    SCOPED_TRACE(questions[i].id);
    EXPECT_EQ(official_percent(scores[i], 1), want.at("evalQA").at(questions[i].id).get<double>());
  }
  const auto& rounded = want.at("accuracy");
  const auto& unrounded = want.at("accuracy_unrounded");
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  EXPECT_EQ(official_percent(sum, 300), rounded.at("overall").get<double>());
  EXPECT_NEAR(100 * sum / 300, unrounded.at("overall").get<double>(), 1e-11);
  expect_official(group(questions, scores, &GoldenQuestion::question_type),
                  rounded.at("perQuestionType"), unrounded.at("perQuestionType"));
  expect_official(group(questions, scores, &GoldenQuestion::answer_type),
                  rounded.at("perAnswerType"), unrounded.at("perAnswerType"));
}

void expect_per_question(const std::vector<GoldenQuestion>& questions,
                         const std::vector<double>& scores, const nlohmann::json& want) {
  ASSERT_EQ(want.size(), scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    SCOPED_TRACE(questions[i].id);
    EXPECT_EQ(scores[i], want.at(questions[i].id).get<double>());
  }
}

TEST(VqaAccuracy, EqualsLmmsEvalToTheLastDigit) {
  const auto questions = golden_vqa_questions();
  const auto scores = scores_of(questions, VqaRules::kLmmsEval);
  const auto want = text_golden("vqa/expected_lmms_eval.json");
  expect_per_question(questions, scores, want.at("per_question"));
  EXPECT_NEAR(mean(scores).value(), want.at("exact_match").get<double>(), 1e-12);
  for (const GoldenQuestion& q : questions) {
    EXPECT_EQ(normalise_answer(clean_answer(q.prediction), kLmmsEvalNormalisation),
              want.at("submission_answer").at(q.id));
  }
}

TEST(VqaAccuracy, LmmsEvalDiffersFromTheOfficialOneWhereAllAnnotatorsAgree) {
  const auto questions = golden_vqa_questions();
  const auto official = scores_of(questions, VqaRules::kOfficial);
  const auto lmms = scores_of(questions, VqaRules::kLmmsEval);
  std::vector<std::string> different;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (std::abs(official[i] - lmms[i]) > 1e-9) different.push_back(questions[i].id);
  }
  std::vector<std::string> want =
      text_golden("vqa/expected_lmms_eval.json").at("questions_where_official_differs");
  std::ranges::sort(want);
  std::ranges::sort(different);
  EXPECT_EQ(different, want);
}

TEST(VqaAccuracy, EqualsBigVisionToTheLastDigit) {
  const auto questions = golden_vqa_questions();
  const auto scores = scores_of(questions, VqaRules::kBigVision);
  const auto want = text_golden("vqa/expected_big_vision.json");
  expect_per_question(questions, scores, want.at("per_question"));
  EXPECT_NEAR(mean(scores).value(), want.at("acc").get<double>(), 1e-12);
  for (const auto& [type, sum] : group(questions, scores, &GoldenQuestion::answer_type)) {
    EXPECT_NEAR(sum.sum / static_cast<double>(sum.n), want.at("by_type").at(type).get<double>(),
                1e-12);
  }
}

TEST(VqaAccuracy, PlainRulesEqualBigVision) {
  const auto questions = golden_textvqa_questions();
  const auto want = text_golden("textvqa/expected_big_vision.json");
  const std::array cases = {std::pair{VqaRules::kBigVisionPlain, "simple_exact_case"},
                            std::pair{VqaRules::kBigVisionPlainLower, "simple_to_lower"}};
  for (const auto& [rules, name] : cases) {
    SCOPED_TRACE(name);
    const auto scores = scores_of(questions, rules);
    expect_per_question(questions, scores, want.at(name).at("per_question_acc"));
    EXPECT_NEAR(mean(scores).value(), want.at(name).at("acc").get<double>(), 1e-12);
    const auto any = std::ranges::count_if(scores, [](double score) { return score > 0; });
    EXPECT_NEAR(static_cast<double>(any) / 300, want.at(name).at("acc_any").get<double>(), 1e-12);
  }
}

TEST(VqaAccuracy, CountsMatchesOfTheOtherAnnotators) {
  const std::array want = {0.0, 0.3, 0.6, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0};
  VqaAccuracy official(VqaRules::kOfficial), plain(VqaRules::kBigVisionPlain);
  for (std::size_t matches = 0; matches < want.size(); ++matches) {
    std::vector<std::string_view> answers(10, "dog");
    std::fill_n(answers.begin(), matches, "cat");
    if (matches == 0) answers[0] = "bird";
    EXPECT_NEAR(official.score("cat", answers), want[matches], 1e-15) << matches;
    EXPECT_EQ(plain.score("cat", answers), std::min(1.0, static_cast<double>(matches) / 3));
  }
}

TEST(VqaAccuracy, UnanimousAnswersAreComparedAsTheyAre) {
  const std::vector<std::string_view> agree(10, " yes\t");
  std::vector<std::string_view> differ = agree;
  differ[9] = "no";
  VqaAccuracy official(VqaRules::kOfficial), lmms(VqaRules::kLmmsEval);
  EXPECT_EQ(official.score("Yes", agree), 0);
  EXPECT_EQ(official.score("\nyes ", agree), 1);
  EXPECT_EQ(official.score("Yes", differ), 1);
  EXPECT_EQ(lmms.score("Yes", agree), 1);
}

TEST(VqaAccuracy, ATextMayBeRawInOneQuestionAndCleanInAnother) {
  VqaAccuracy accuracy(VqaRules::kOfficial);
  const std::vector<std::string_view> raw = {" The Cat ", "cat", "dog"}, clean(3, "The Cat");
  EXPECT_NEAR(accuracy.score("cat", raw), (0.0 + 1 + 1 + 2) / 9, 1e-15);
  EXPECT_EQ(accuracy.score("cat", clean), 0);
  EXPECT_NEAR(accuracy.score("The Cat", clean), 2.0 / 3, 1e-15);
}

/// The definition, word by word, with nothing remembered.
double slow_official(std::string_view prediction, const std::vector<std::string_view>& answers) {
  std::vector<std::string> texts;
  for (const std::string_view answer : answers) texts.push_back(clean_answer(answer));
  std::string predicted = clean_answer(prediction);
  if (std::ranges::count(texts, texts[0]) != std::ssize(texts)) {
    for (std::string& text : texts) text = normalise_answer(text, kOfficialNormalisation);
    predicted = normalise_answer(predicted, kOfficialNormalisation);
  }
  double sum = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    int matches = 0;
    for (std::size_t j = 0; j < texts.size(); ++j) matches += j != i && texts[j] == predicted;
    sum += std::min(1.0, static_cast<double>(matches) / 3);
  }
  return sum / static_cast<double>(texts.size());
}

TEST(VqaAccuracy, RememberingChangesNothing) {
  const std::array<std::string_view, 12> pool = {"cat", "Cat", "the cat", " cat", "cat.", "one",
                                                 "1",   "1,0", "10",      "a",    "",     "dont"};
  std::mt19937 random(20240607);
  VqaAccuracy accuracy(VqaRules::kOfficial);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string_view> answers(1 + random() % 12);
    const std::size_t choices = 1 + random() % pool.size();
    for (auto& answer : answers) answer = pool[random() % choices];
    const std::string_view prediction = pool[random() % pool.size()];
    ASSERT_EQ(accuracy.score(prediction, answers), slow_official(prediction, answers));
  }
}

TEST(VqaAccuracy, ManyDifferentTextsKeepApart) {
  VqaAccuracy accuracy(VqaRules::kOfficial);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = "answer " + std::to_string(i) + std::string(i % 300, 'x');
    const std::string other = text + "y";
    const std::vector<std::string_view> answers = {text, text, other};
    ASSERT_NEAR(accuracy.score(text, answers), (1.0 + 1 + 2) / 9, 1e-15);
    ASSERT_NEAR(accuracy.score(other, answers), (1.0 + 1 + 0) / 9, 1e-15);
  }
}

TEST(VqaAccuracy, BadInputIsAnError) {
  VqaAccuracy accuracy(VqaRules::kOfficial);
  EXPECT_THROW(accuracy.score("cat", {}), Error);
  const std::vector<std::string_view> good = {"cat"}, bad = {"c\xE2t"};
  EXPECT_THROW(accuracy.score("cat", bad), Error);
  EXPECT_THROW(accuracy.score("\x80", good), Error);
  EXPECT_EQ(accuracy.score("cat", good), 0) << "one annotator has no others";
  EXPECT_THROW(accuracy.score("cat", bad), Error) << "refused again, not remembered";
}

TEST(VqaRules, HaveNames) {
  for (const VqaRules rules : kAllVqaRules) EXPECT_EQ(vqa_rules_named(name_of(rules)), rules);
  EXPECT_EQ(name_of(VqaRules::kOfficial), "vqa/official");
  EXPECT_EQ(name_of(VqaRules::kLmmsEval), "vqa/lmms-eval");
  EXPECT_EQ(name_of(VqaRules::kBigVision), "vqa/big_vision");
  EXPECT_EQ(name_of(VqaRules::kBigVisionPlain), "vqa/big_vision_plain");
  try {
    vqa_rules_named("vqa/oficial");
    FAIL() << "an unknown name was taken";
  } catch (const UsageError& error) {
    EXPECT_NE(error.message().find("did you mean 'vqa/official'"), std::string::npos);
  }
}

TEST(OfficialPercent, RoundsTiesAwayFromZeroAndElseByTheExactValue) {
  EXPECT_EQ(official_percent(0.12125, 1), 12.13);  // 12.125 is a double, a tie
  EXPECT_EQ(official_percent(0.12375, 1), 12.38);
  EXPECT_EQ(official_percent(2.675, 100), 2.67);  // 2.675 is a little less as a double
  EXPECT_EQ(official_percent(2, 3), 66.67);
  EXPECT_EQ(official_percent(0, 5), 0);
  EXPECT_EQ(official_percent(7, 7), 100);
  EXPECT_THROW(official_percent(0, 0), Error);
}

}  // namespace
}  // namespace sightline
