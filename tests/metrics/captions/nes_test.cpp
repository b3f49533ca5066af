#include "metrics/captions/nes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using Ratings = std::vector<SentenceRating>;
using enum SentenceRating;

std::string letter(SentenceLabel label) {
  switch (label) {
    case SentenceLabel::kEntailed:
      return "E";
    case SentenceLabel::kNotEntailed:
      return "N";
    case SentenceLabel::kNotAssessable:
      return "0";
  }
  return "?";
}

TEST(NonEntailment, AgreesWithTheGolden) {
  std::ifstream file(testing::data_path("captions/nes_cases.json"));
  const auto golden = nlohmann::json::parse(file);
  NonEntailment whole, left, right;
  for (std::size_t c = 0; c < golden["ratings"].size(); ++c) {
    std::vector<Ratings> sentences;
    for (const auto& names : golden["ratings"][c]) {
      Ratings& ratings = sentences.emplace_back();
      for (const std::string name : names) ratings.push_back(parse_sentence_rating(name));
      EXPECT_EQ(letter(label_sentence(ratings)),
                golden["labels"][c][sentences.size() - 1].get<std::string>());
    }
    whole.update(sentences);
    (c % 3 == 0 ? left : right).update(sentences);
  }
  left.merge(right);
  for (const NonEntailment& nes : {whole, left}) {
    EXPECT_NEAR(*nes.percent_of_all(), golden["nes_over_all"].get<double>(), 1e-12);
    EXPECT_NEAR(*nes.percent_of_assessable(), golden["nes_over_assessable"].get<double>(), 1e-12);
    EXPECT_NEAR(*nes.mean_sentences(), golden["mean_sentences"].get<double>(), 1e-12);
    EXPECT_NEAR(*nes.binary_agreement(), golden["binary_agreement"].get<double>(), 1e-12);
  }
}

TEST(NonEntailment, TiesGoToNonEntailmentThenEntailment) {
  EXPECT_EQ(label_sentence(Ratings{kEntailment, kNeutral}), SentenceLabel::kNotEntailed);
  EXPECT_EQ(label_sentence(Ratings{kNothingToAssess, kContradiction}), SentenceLabel::kNotEntailed);
  EXPECT_EQ(label_sentence(Ratings{kNothingToAssess, kEntailment}), SentenceLabel::kEntailed);
  EXPECT_EQ(label_sentence(Ratings{kEntailment, kEntailment, kNeutral, kContradiction}),
            SentenceLabel::kNotEntailed);
}

TEST(NonEntailment, WithoutSentencesIsUndefined) {
  NonEntailment nes;
  EXPECT_FALSE(nes.percent_of_all().has_value());
  EXPECT_FALSE(nes.mean_sentences().has_value());
  nes.update({});
  EXPECT_EQ(nes.mean_sentences(), 0.0);
  EXPECT_FALSE(nes.percent_of_assessable().has_value());
}

TEST(NonEntailment, RejectsUnknownRatingsAndSentencesWithoutAny) {
  EXPECT_THROW(parse_sentence_rating("entailed"), Error);
  EXPECT_THROW(label_sentence({}), Error);
}

}  // namespace
}  // namespace sightline
