#include "harness/engine/scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/parallel.h"
#include "tests/support/errors.h"
#include "tests/support/fake_task.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::NumberDataset;

/// Samples in pairs that one prediction may stand for.
class PairDataset final : public Dataset {
 public:
  std::size_t size() const override { return 6; }
  std::string id(std::size_t index) const override { return "n" + std::to_string(index); }
  std::string group_id(std::size_t index) const override {
    return index < 4 ? "ref:" + std::to_string(index / 2) : "";
  }
  std::uint32_t cluster(std::size_t) const override { return 0; }
  std::map<std::string, std::string> hashes() const override { return {}; }
  Request request(std::size_t) const override { return {}; }
};

Predictions predictions_of(const std::vector<std::string>& ids) {
  Predictions predictions;
  for (const std::string& id : ids) {
    predictions.index[id] = predictions.ids.size();
    predictions.ids.push_back(id);
    predictions.answers.push_back({.text = id, .boxes = {}, .reconstruction = {}});
  }
  return predictions;
}

std::vector<std::string> texts_of(const MatchedPredictions& matched) {
  std::vector<std::string> texts;
  for (const Answer* answer : matched.answers) texts.push_back(answer ? answer->text : "-");
  return texts;
}

TEST(MatchPredictions, FindsEachSamplesOwnInAnyOrder) {
  const Predictions predictions = predictions_of({"n2", "n0", "n1"});
  const MatchedPredictions matched = match_predictions(NumberDataset(3), predictions, false);
  EXPECT_EQ(texts_of(matched), (std::vector<std::string>{"n0", "n1", "n2"}));
  EXPECT_EQ(matched.missing, 0U);
  EXPECT_EQ(matched.extra, 0U);
  EXPECT_TRUE(matched.images.empty());
}

TEST(MatchPredictions, CountsWhatIsMissing) {
  const Predictions predictions = predictions_of({"n1"});
  const MatchedPredictions matched = match_predictions(NumberDataset(3), predictions, false);
  EXPECT_EQ(texts_of(matched), (std::vector<std::string>{"-", "n1", "-"}));
  EXPECT_EQ(matched.missing, 2U);
}

TEST(MatchPredictions, RefusesUnknownIdsUnlessAllowed) {
  const Predictions predictions = predictions_of({"n0", "x7", "n1", "x8"});
  EXPECT_THAT(error_of([&] { match_predictions(NumberDataset(2), predictions, false); }),
              AllOf(HasSubstr("'x7'"), HasSubstr("2 of 4"), HasSubstr("--allow_extra")));
  const MatchedPredictions matched = match_predictions(NumberDataset(2), predictions, true);
  EXPECT_EQ(matched.extra, 2U);
  EXPECT_EQ(matched.missing, 0U);
}

TEST(MatchPredictions, OnePredictionStandsForAGroupUnlessASampleHasItsOwn) {
  const Predictions predictions = predictions_of({"ref:0", "n3", "n4"});
  const MatchedPredictions matched = match_predictions(PairDataset(), predictions, false);
  EXPECT_EQ(texts_of(matched), (std::vector<std::string>{"ref:0", "ref:0", "-", "n3", "n4", "-"}));
  EXPECT_EQ(matched.missing, 2U);
}

TEST(MatchPredictions, AGroupsPredictionThatNoSampleNeedsIsExtra) {
  const Predictions predictions = predictions_of({"n0", "n1", "ref:0"});
  EXPECT_THAT(error_of([&] { match_predictions(PairDataset(), predictions, false); }),
              HasSubstr("'ref:0'"));
}

TEST(MatchPredictions, ImagesGoWithTheirSamples) {
  Predictions predictions = predictions_of({"n1", "n0"});
  predictions.files = {"out/n1.png", "out/n0.png"};
  const MatchedPredictions matched = match_predictions(NumberDataset(3), predictions, false);
  EXPECT_EQ(matched.images, (std::vector<std::filesystem::path>{"out/n0.png", "out/n1.png", ""}));
}

TEST(ScoreBlock, DoesNotDependOnTheNumberOfThreads) {
  const Task task = testing::number_tasks(2000).open({.name = "numbers", .options = {}}, {});
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < 2000; i += 1 + i % 3) indices.push_back(i);
  std::vector<Answer> answers(indices.size());
  for (std::size_t place = 0; place < answers.size(); ++place) {
    answers[place].text = place % 7 == 0 ? "wrong" : std::to_string(indices[place]);
  }
  std::vector<MetricValue> results;
  for (const std::size_t threads : {1U, 2U, 3U, 16U}) {
    set_thread_count(threads);
    std::unique_ptr<Scorer> scorer;
    score_block(
        task, task.rules.front(), indices,
        [&](std::size_t place) -> const Answer& { return answers[place]; }, scorer);
    results.push_back(scorer->compute().metrics.at(0));
  }
  set_thread_count(0);
  for (const MetricValue& result : results) {
    EXPECT_EQ(result.value, results[0].value);
    EXPECT_EQ(result.standard_error, results[0].standard_error);
    EXPECT_EQ(result.n, static_cast<std::int64_t>(indices.size()));
  }
}

TEST(ScoreBlock, BlocksBehindEachOtherEqualOneBlock) {
  Task task = testing::number_tasks(2000).open({.name = "numbers", .options = {}}, {});
  std::vector<Answer> answers(2000);
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i].text = std::to_string(i + i % 3 % 2);
  std::vector<std::size_t> indices(answers.size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  const std::span<const std::size_t> all = indices;
  std::vector<double> values;
  for (const std::size_t cut : {0U, 1U, 700U, 2000U}) {
    for (const bool in_order : {false, true}) {
      task.scored_in_order = in_order;
      std::unique_ptr<Scorer> scorer;
      for (const auto& part : {all.first(cut), all.subspan(cut)}) {
        score_block(
            task, task.rules.front(), part,
            [&](std::size_t place) -> const Answer& { return answers[part[place]]; }, scorer);
      }
      values.push_back(scorer->compute().metrics.at(0).value.value());
    }
  }
  EXPECT_THAT(values, ::testing::Each(values.front()));
}

TEST(ScoreBlock, OfNothingIsUndefined) {
  const Task task = testing::number_tasks(5).open({.name = "numbers", .options = {}}, {});
  std::unique_ptr<Scorer> scorer;
  score_block(
      task, task.rules.front(), {},
      [](std::size_t) -> const Answer& { throw Error("no sample was asked"); }, scorer);
  EXPECT_FALSE(scorer->compute().metrics.at(0).value);
}

}  // namespace
}  // namespace sightline
