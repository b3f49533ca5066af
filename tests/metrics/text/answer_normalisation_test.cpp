#include "metrics/text/answer_normalisation.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "metrics/text/textvqa_answer.h"
#include "metrics/text/word_replacements.h"
#include "tests/metrics/text/goldens.h"

namespace sightline {
namespace {

using testing::text_golden;

TEST(AnswerNormalisation, EveryStepEqualsTheOfficialEvaluator) {
  const auto cases = text_golden("vqa/normalize_cases.json").at("cases");
  ASSERT_EQ(cases.size(), 1025U);
  for (const auto& c : cases) {
    const std::string in = c.at("in");
    SCOPED_TRACE(in);
    const std::string clean = clean_answer(in);
    EXPECT_EQ(clean, c.at("clean"));
    const std::string punctuation = process_punctuation(clean, kOfficialNormalisation);
    EXPECT_EQ(punctuation, c.at("punct"));
    EXPECT_EQ(process_digits_and_articles(punctuation, kOfficialNormalisation), c.at("out"));
    EXPECT_EQ(normalise_answer(clean, kOfficialNormalisation), c.at("out"));
  }
}

TEST(AnswerNormalisation, LmmsEvalDiffersFromTheOfficialOneWhereItShould) {
  int different = 0;
  const auto cases = text_golden("vqa/normalize_cases.json").at("cases");
  for (const auto& c : cases) {
    SCOPED_TRACE(c.at("in"));
    const std::string clean = c.at("clean");
    different += c.contains("lmms_vqav2");
    const auto& want = c.contains("lmms_vqav2") ? c.at("lmms_vqav2") : c.at("out");
    EXPECT_EQ(normalise_answer(clean, kLmmsEvalNormalisation), want);
    NormalisationRules port = kOfficialNormalisation;
    port.python3 = true;
    EXPECT_EQ(normalise_answer(clean, port), c.contains("out_py3") ? c.at("out_py3") : c.at("out"));
  }
  EXPECT_EQ(different, 6);
}

TEST(AnswerNormalisation, BigVisionDiffersFromTheOfficialOneWhereItShould) {
  std::map<std::string, std::string> different;
  const auto golden = text_golden("vqa/expected_big_vision.json");
  for (const auto& d : golden.at("normalize_differences_vs_official")) {
    different[d.at("in")] = d.at("big_vision");
  }
  EXPECT_EQ(different.size(), 10U);
  const auto cases = text_golden("vqa/normalize_cases.json").at("cases");
  for (const auto& c : cases) {
    const std::string in = c.at("in");
    SCOPED_TRACE(in);
    EXPECT_EQ(normalise_answer(clean_answer(in), kBigVisionNormalisation),
              different.contains(in) ? different.at(in) : c.at("out").get<std::string>());
  }
}

TEST(AnswerNormalisation, EveryStepEqualsMmf) {
  const auto cases = text_golden("textvqa/normalize_cases.json").at("cases");
  ASSERT_EQ(cases.size(), 1025U);
  for (const auto& c : cases) {
    const std::string in = c.at("in");
    SCOPED_TRACE(in);
    const std::string tokens = tokenize_words(in);
    EXPECT_EQ(tokens, c.at("tok"));
    EXPECT_EQ(process_punctuation(clean_answer(tokens), kMmfNormalisation), c.at("punct"));
    EXPECT_EQ(normalise_textvqa_answer(in), c.at("out"));
  }
}

TEST(AnswerNormalisation, OneNumberWithACommaDeletesAllPunctuation) {
  EXPECT_EQ(process_punctuation("1,000-dogs", kOfficialNormalisation), "1000dogs");
  EXPECT_EQ(process_punctuation("red-blue", kOfficialNormalisation), "red blue");
  EXPECT_EQ(process_punctuation("red-blue 1,,2", kOfficialNormalisation), "red blue 1  2");
  EXPECT_EQ(process_punctuation("red-blue 1,,2", kLmmsEvalNormalisation), "redblue 12");
}

TEST(AnswerNormalisation, LowerCaseFollowsThePythonOfTheEvaluator) {
  const std::string sigma = "\u039F\u0394\u039F\u03A3";  // capital odos
  EXPECT_EQ(normalise_answer(sigma, kOfficialNormalisation), "\u03BF\u03B4\u03BF\u03C3");
  EXPECT_EQ(normalise_answer(sigma, kLmmsEvalNormalisation), "\u03BF\u03B4\u03BF\u03C2");
  EXPECT_EQ(normalise_textvqa_answer("\u0130"), "i\u0307");
}

TEST(AnswerNormalisation, LeavesWordsThatAreNormalAlready) {
  for (const char* word : {"don't", "0", "10", "'ow's'at", "y'all'd've", "somebodyd"}) {
    EXPECT_EQ(normalise_answer(word, kOfficialNormalisation), word);
  }
}

TEST(AnswerNormalisation, TextThatIsNotUtf8IsAnError) {
  EXPECT_THROW(clean_answer("cat \xC3"), Error);
  EXPECT_THROW(normalise_answer("caf\xE9 au", kOfficialNormalisation), Error);
  EXPECT_THROW(normalise_textvqa_answer("\xFF\xFE"), Error);
}

TEST(WordReplacements, CoverNumbersArticlesAndContractions) {
  EXPECT_EQ(replace_word("none"), "0");
  EXPECT_EQ(replace_word("ten"), "10");
  EXPECT_EQ(replace_word("the"), "");
  EXPECT_EQ(replace_word("somebody'd"), "somebodyd");
  EXPECT_EQ(replace_word("'ow'sat"), "'ow's'at");
  EXPECT_EQ(replace_word("youve"), "you've");
  EXPECT_EQ(replace_word("im"), "im");
  EXPECT_EQ(replace_word(""), "");
  EXPECT_EQ(replace_word("zzz"), "zzz");
}

}  // namespace
}  // namespace sightline
