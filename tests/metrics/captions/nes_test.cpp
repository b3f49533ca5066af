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
    EXPECT_NEAR(100 * *nes.share_of_all(), golden["nes_over_all"].get<double>(), 1e-12);
    EXPECT_NEAR(100 * *nes.share_of_assessable(), golden["nes_over_assessable"].get<double>(),
                1e-12);
    EXPECT_NEAR(*nes.mean_sentences(), golden["mean_sentences"].get<double>(), 1e-12);
    EXPECT_NEAR(*nes.binary_agreement(), golden["binary_agreement"].get<double>(), 1e-12);
    EXPECT_NEAR(*nes.fleiss_kappa(), *whole.fleiss_kappa(), 1e-15);
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
  EXPECT_FALSE(nes.share_of_all().has_value());
  EXPECT_FALSE(nes.mean_sentences().has_value());
  nes.update({});
  EXPECT_EQ(nes.mean_sentences(), 0.0);
  EXPECT_FALSE(nes.share_of_assessable().has_value());
}

TEST(NonEntailment, NamesOfRatingsMayBeOfEitherCase) {
  EXPECT_EQ(parse_sentence_rating("Neutral"), kNeutral);
  EXPECT_EQ(parse_sentence_rating("nothing"), kNothingToAssess);
  EXPECT_EQ(parse_sentence_rating("NOTHING TO ASSESS"), kNothingToAssess);
}

// Three sentences, three raters. Pairs that agree: 6 of 6, 2 of 6, 0 of 6, so the agreement is
// 8/18. Ratings: 4 entailment, 3 neutral, 1 contradiction, 1 nothing, so chance alone gives
// (16 + 9 + 1 + 1) / 81 = 1/3. Kappa is (4/9 - 1/3) / (1 - 1/3) = 1/6.
const std::vector<Ratings> kThree = {{kEntailment, kEntailment, kEntailment},
                                     {kNeutral, kNeutral, kContradiction},
                                     {kEntailment, kNeutral, kNothingToAssess}};

TEST(NonEntailment, AgreementBeyondChanceIsFleissKappa) {
  NonEntailment nes;
  nes.update(kThree);
  EXPECT_NEAR(*nes.fleiss_kappa(), 1.0 / 6, 1e-15);
  EXPECT_NEAR(*nes.binary_agreement(), 2.0 / 3, 1e-15);
}

TEST(NonEntailment, KappaNeedsEquallyManyRatersAndTwoKindsOfRatings) {
  NonEntailment uneven, single, unanimous;
  uneven.update(std::vector<Ratings>{{kNeutral, kNeutral}, {kNeutral, kEntailment, kNeutral}});
  single.update(std::vector<Ratings>{{kNeutral}, {kEntailment}});
  unanimous.update(std::vector<Ratings>{{kNeutral, kNeutral}, {kNeutral, kNeutral}});
  for (const NonEntailment& nes : {uneven, single, unanimous}) {
    EXPECT_FALSE(nes.fleiss_kappa().has_value());
  }
}

// Two captions of two sentences, labels N N and E E: residuals from the mean 1/2 sum to 1 and -1,
// so the error is sqrt(2/1 * (1 + 1)) / 4 = 1/2.
TEST(NonEntailment, TheStandardErrorIsClusteredByCaption) {
  NonEntailment nes, next;
  nes.update(std::vector<Ratings>{{kNeutral}, {kContradiction}});
  next.update(std::vector<Ratings>{{kEntailment}, {kEntailment}});
  EXPECT_FALSE(nes.standard_error().has_value());
  nes.merge(next);
  EXPECT_NEAR(*nes.standard_error(), 0.5, 1e-15);
  EXPECT_EQ(nes.captions(), 2u);
  EXPECT_EQ(nes.sentences(), 4u);
}

TEST(NonEntailment, RejectsUnknownRatingsAndSentencesWithoutAny) {
  EXPECT_THROW(parse_sentence_rating("entailed"), Error);
  EXPECT_THROW(parse_sentence_rating("neutral "), Error);
  EXPECT_THROW(label_sentence({}), Error);
}

}  // namespace
}  // namespace sightline
