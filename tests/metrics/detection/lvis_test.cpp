// Agreement with lvis-api to the last bit, and its rules one by one.

#include "metrics/detection/lvis.h"

#include <gtest/gtest.h>

#include <set>

#include "metrics/detection/coco_evaluator.h"
#include "metrics/detection/coco_resampler.h"
#include "tests/support/coco_files.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::CocoFiles;
using testing::data_path;
using testing::load_coco;
using testing::read_json;
using testing::read_npy;

/// The golden's files as LVIS' evaluation takes them.
struct LvisFiles {
  LvisFiles()
      : annotations(read_json(data_path("coco/lvis_v1_val.json"))),
        files(load_coco(annotations, read_json(data_path("coco/lvis_detections.json")))) {
    const std::map<std::string, LvisFrequency> names = {{"r", LvisFrequency::kRare},
                                                        {"c", LvisFrequency::kCommon},
                                                        {"f", LvisFrequency::kFrequent}};
    frequencies.resize(files.category_ids.size());
    for (const auto& category : annotations.at("categories")) {
      frequencies[number(category.at("id"))] = names.at(category.at("frequency"));
    }
    for (const auto& image : annotations.at("images")) {
      negative[image.at("id")] = numbers(image.at("neg_category_ids"));
      not_exhaustive[image.at("id")] = numbers(image.at("not_exhaustive_category_ids"));
    }
  }

  std::uint32_t number(std::int64_t id) const {
    const auto& all = files.category_ids;
    return static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), id) - all.begin());
  }
  std::vector<std::uint32_t> numbers(const nlohmann::json& ids) const {
    std::set<std::uint32_t> result;
    for (const std::int64_t id : ids) result.insert(number(id));
    return {result.begin(), result.end()};
  }

  CocoEvaluator evaluate() const {
    CocoEvaluator evaluator(lvis_parameters(), files.category_ids.size());
    for (const auto& [id, image] : files.images) {
      evaluator.update(image.truths,
                       lvis_detections(image.truths, image.detections, negative.at(id)),
                       not_exhaustive.at(id));
    }
    return evaluator;
  }

  nlohmann::json annotations;
  CocoFiles files;
  std::vector<LvisFrequency> frequencies;
  std::map<std::int64_t, std::vector<std::uint32_t>> negative, not_exhaustive;
};

TEST(LvisGolden, ThirteenNumbersAreThoseOfLvisApi) {
  const LvisFiles lvis;
  const CocoEvaluator evaluator = lvis.evaluate();
  const CocoResult result = evaluator.compute();
  const auto expected = read_json(data_path("coco/expected_lvis_bbox.json")).at("results");
  const std::vector<DetectionNumber> numbers = lvis_numbers(lvis.frequencies);
  EXPECT_EQ(numbers.size(), expected.size());
  const std::vector<double> resampled = CocoResampler(evaluator, numbers).compute();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double want = expected.at(std::string(numbers[i].name)).get<double>();
    EXPECT_EQ(value_of(numbers[i], result), want) << numbers[i].name;
    EXPECT_EQ(resampled[i], want) << numbers[i].name;
  }
}

TEST(LvisGolden, RecallArrayIsThatOfLvisApi) {
  const CocoResult result = LvisFiles().evaluate().compute();
  const auto expected = read_npy<double>(data_path("coco/lvis_recall_TKA.npy"), "<f8");
  EXPECT_EQ(expected.shape, (std::vector<std::size_t>{10, 60, 4}));
  EXPECT_EQ(result.recall, expected.values);
}

TEST(LvisGolden, NumbersOfEachCategoryAreThoseOfLvisApi) {
  const LvisFiles lvis;
  const CocoResult result = lvis.evaluate().compute();
  const auto expected = read_json(data_path("coco/expected_lvis_bbox.json")).at("per_category");
  EXPECT_EQ(result.categories, expected.size());
  for (std::size_t k = 0; k < result.categories; ++k) {
    const auto& row = expected.at(std::to_string(lvis.files.category_ids[k]));
    SCOPED_TRACE(lvis.files.category_ids[k]);
    EXPECT_EQ(coco_category_precision(result, k).ap.value_or(-1), row.at("AP").get<double>());
    EXPECT_EQ(result.recall[result.recall_index(0, k, 0, 0)], row.at("R50").get<double>());
  }
}

constexpr Box kSquare{0, 0, 40, 40};
constexpr Box kElsewhere{200, 200, 40, 40};

std::vector<GroundTruthBox> one_truth(std::uint32_t category) {
  return {{1, category, kSquare, 1600, false}};
}

DetectionCounts counts_of(const std::vector<DetectedBox>& detections,
                          const std::vector<std::uint32_t>& negative,
                          const std::vector<std::uint32_t>& not_exhaustive) {
  CocoEvaluator evaluator(lvis_parameters(), 4);
  const std::vector<GroundTruthBox> truths = one_truth(1);
  return evaluator.update(truths, lvis_detections(truths, detections, negative), not_exhaustive);
}

TEST(Lvis, OnlyCategoriesThatWereLookedForCount) {
  const std::vector<DetectedBox> one_each = {
      {0, kElsewhere, 0.9}, {1, kElsewhere, 0.9}, {2, kElsewhere, 0.9}, {3, kElsewhere, 0.9}};
  struct Case {
    std::vector<std::uint32_t> negative, not_exhaustive;
    std::int64_t false_positives;
  };
  const Case cases[] = {{{}, {}, 1},      // of the annotated category alone
                        {{0, 3}, {}, 3},  // and of those known to be absent
                        {{}, {1}, 0},     // not if there may be more of it
                        {{0, 3}, {1, 3}, 1},
                        {{1}, {}, 1}};
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::PrintToString(c.negative));
    EXPECT_EQ(counts_of(one_each, c.negative, c.not_exhaustive),
              (DetectionCounts{0, c.false_positives, 1}));
  }
}

TEST(Lvis, DetectionsOfACategoryThatIsNotExhaustiveStillMatch) {
  EXPECT_EQ(counts_of({{1, kSquare, 0.5}, {1, kSquare, 0.4}}, {}, {1}), (DetectionCounts{1, 0, 1}));
  EXPECT_EQ(counts_of({{1, kSquare, 0.5}, {1, kSquare, 0.4}}, {}, {}), (DetectionCounts{1, 1, 1}));
}

TEST(Lvis, AnImageHasThreeHundredDetectionsOverAllCategories) {
  // A detection that matches, behind 299 or 300 that nobody looked for.
  for (const std::size_t others : {299U, 300U}) {
    SCOPED_TRACE(others);
    std::vector<DetectedBox> detections(others, {3, kElsewhere, 0.9});
    detections.insert(detections.begin(), {1, kSquare, 0.8});
    EXPECT_EQ(counts_of(detections, {}, {}).true_positives, others == 299 ? 1 : 0);
  }
  // Of equal scores the first are kept.
  std::vector<DetectedBox> equal(300, {3, kElsewhere, 0.5});
  equal.push_back({1, kSquare, 0.5});
  EXPECT_EQ(counts_of(equal, {}, {}).true_positives, 0);
  std::rotate(equal.begin(), equal.end() - 1, equal.end());
  EXPECT_EQ(counts_of(equal, {}, {}).true_positives, 1);
}

TEST(Lvis, DetectionsKeepTheirOrderUnlessThereAreTooMany) {
  const std::vector<DetectedBox> few = {{1, kSquare, 0.1}, {1, kElsewhere, 0.9}};
  EXPECT_EQ(lvis_detections(one_truth(1), few, {})[0].score, 0.1);
  std::vector<DetectedBox> many(301, {1, kElsewhere, 0.5});
  many.back().score = 0.7;
  const std::vector<DetectedBox> kept = lvis_detections(one_truth(1), many, {});
  ASSERT_EQ(kept.size(), 300U);
  EXPECT_EQ(kept.front().score, 0.7);
}

TEST(Lvis, AFrequencyWithoutCategoriesHasNoPrecision) {
  CocoEvaluator evaluator(lvis_parameters(), 2);
  evaluator.update(one_truth(0), std::vector{DetectedBox{0, kSquare, 1}});
  const std::vector<LvisFrequency> rare(2, LvisFrequency::kRare);
  const CocoResult result = evaluator.compute();
  for (const DetectionNumber& number : lvis_numbers(rare)) {
    if (number.name == "APr") {
      EXPECT_NEAR(value_of(number, result).value(), 1, 1e-12);
    }
    if (number.name == "APc" || number.name == "APf") {
      EXPECT_EQ(value_of(number, result), std::nullopt);
    }
  }
}

}  // namespace
}  // namespace sightline
