// Resampled numbers against the plain evaluation with the same weights, and with images that come
// several times.

#include "metrics/detection/coco_resampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/bootstrap.h"
#include "tests/metrics/detection/random_images.h"
#include "tests/support/intervals.h"

namespace sightline {
namespace {

using Kind = DetectionNumber::Kind;
using testing::evaluator_of;
using testing::Image;
using testing::kCategories;
using testing::random_images;
using Weights = std::vector<std::uint32_t>;

/// Every kind of number at every place, with and without a choice of thresholds and categories.
std::vector<DetectionNumber> many_numbers() {
  std::vector<DetectionNumber> numbers;
  for (const Kind kind : {Kind::kAveragePrecision, Kind::kAverageRecall}) {
    for (std::size_t area = 0; area < 4; ++area) {
      for (std::size_t limit = 0; limit < 3; ++limit) {
        numbers.push_back({kind, {.area = area, .max_detections = limit}});
        numbers.push_back({kind, {.iou_threshold = 5, .area = area, .max_detections = limit}});
        numbers.push_back(
            {kind,
             {.categories = choose_categories({0, 2}), .area = area, .max_detections = limit}});
        numbers.push_back(
            {kind, {.categories = choose_categories({}), .area = area, .max_detections = limit}});
      }
    }
  }
  for (const Kind kind :
       {Kind::kRecallMacro, Kind::kPrecisionMacro, Kind::kRecallMicro, Kind::kPrecisionMicro}) {
    numbers.push_back({kind, {.iou_threshold = 0, .max_detections = 2}});
    numbers.push_back(
        {kind, {.iou_threshold = 0, .categories = choose_categories({1}), .max_detections = 2}});
  }
  return numbers;
}

constexpr double kScoreThreshold = 0.4;

/// The number by the plain evaluation.
std::optional<double> plain_number(const DetectionNumber& number, const CocoResult& result,
                                   const FixedThresholdResult& fixed) {
  if (!number.is_fixed()) return value_of(number, result);
  if (!number.part.categories) return value_of(number, fixed);
  std::vector<DetectionCounts> chosen;
  for (const std::size_t k : *number.part.categories) chosen.push_back(fixed.categories[k]);
  return value_of(number, fixed_threshold_means(chosen));
}

/// The images with image i `weights[i]` times.
std::vector<Image> repeated(const std::vector<Image>& images, const Weights& weights) {
  std::vector<Image> copies;
  for (std::size_t i = 0; i < images.size(); ++i) {
    copies.insert(copies.end(), weights[i], images[i]);
  }
  return copies;
}

void expect_numbers(const std::vector<double>& actual, const CocoResult& plain,
                    const std::vector<Image>& copies) {
  FixedThresholdEvaluator fixed({.score_threshold = kScoreThreshold}, kCategories);
  for (const Image& image : copies) fixed.update(image.truths, image.detections);
  const std::vector<DetectionNumber> numbers = many_numbers();
  ASSERT_EQ(actual.size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::optional<double> want = plain_number(numbers[i], plain, fixed.compute());
    SCOPED_TRACE(i);
    EXPECT_EQ(std::isnan(actual[i]) ? std::nullopt : std::optional(actual[i]), want);
  }
}

class CocoResamplerOnRandomImages : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  std::vector<Image> images_ = random_images(GetParam(), 12);
};
INSTANTIATE_TEST_SUITE_P(Seeds, CocoResamplerOnRandomImages, ::testing::Range(1U, 9U));

TEST_P(CocoResamplerOnRandomImages, EqualsThePlainEvaluationWithTheSameWeights) {
  const CocoEvaluator evaluator = evaluator_of(images_, {.score_threshold = kScoreThreshold});
  const CocoResampler resampler(evaluator, many_numbers());
  std::vector<Weights> draws = {Weights(12, 1), Weights(12, 0), Weights(12, 3)};
  for (std::size_t i = 0; i < 10; ++i) draws.push_back(bootstrap_weights(12, GetParam(), i));
  draws.push_back(Weights(12, 0));
  draws.back()[7] = 5;
  for (const Weights& weights : draws) {
    expect_numbers(resampler.compute(weights), evaluator.compute(weights),
                   repeated(images_, weights));
  }
}

TEST_P(CocoResamplerOnRandomImages, EqualsAnEvaluationWithImagesRepeatedUnderNewIds) {
  // Equal scores are ordered by image and rank; copies of an image would come in between.
  std::mt19937 random(GetParam());
  std::vector<double> scores(1000);
  std::iota(scores.begin(), scores.end(), 1);
  std::shuffle(scores.begin(), scores.end(), random);
  for (Image& image : images_) {
    for (DetectedBox& box : image.detections) {
      box.score = scores.back() / 1000;
      scores.pop_back();
    }
  }
  const CocoParameters parameters{.score_threshold = kScoreThreshold};
  const CocoResampler resampler(evaluator_of(images_, parameters), many_numbers());
  for (std::size_t i = 0; i < 10; ++i) {
    const Weights weights = bootstrap_weights(12, GetParam(), i);
    const std::vector<Image> copies = repeated(images_, weights);
    expect_numbers(resampler.compute(weights), evaluator_of(copies).compute(), copies);
  }
}

TEST_P(CocoResamplerOnRandomImages, AskingForLessChangesNothing) {
  const CocoEvaluator evaluator = evaluator_of(images_);
  const std::vector<DetectionNumber> numbers = many_numbers();
  const Weights weights = bootstrap_weights(12, GetParam(), 0);
  const std::vector<double> all = CocoResampler(evaluator, numbers).compute(weights);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    SCOPED_TRACE(i);
    const double one = CocoResampler(evaluator, {numbers[i]}).compute(weights).at(0);
    EXPECT_TRUE(one == all[i] || (std::isnan(one) && std::isnan(all[i])));
  }
}

TEST_P(CocoResamplerOnRandomImages, ClassAgnosticNumbersAreResampledToo) {
  CocoParameters parameters;
  parameters.use_categories = false;
  const CocoEvaluator evaluator = evaluator_of(images_, parameters);
  const CocoSelection part{.iou_threshold = 0, .max_detections = 2};
  const Weights weights = bootstrap_weights(12, GetParam(), 1);
  EXPECT_EQ(CocoResampler(evaluator, {{Kind::kAverageRecall, part}}).compute(weights).at(0),
            evaluator.compute(weights).average_recall(part));
}

TEST_P(CocoResamplerOnRandomImages, IntervalsDoNotDependOnThreadsAndHoldTheMiddle) {
  const CocoEvaluator evaluator = evaluator_of(images_);
  const CocoResampler resampler(evaluator, {{Kind::kAveragePrecision, {.max_detections = 2}}});
  const auto interval = [&](std::size_t threads) {
    set_thread_count(threads);
    const auto intervals =
        intervals_of(resample(12, {.replicates = 200, .seed = 3},
                              [&](auto weights) { return resampler.compute(weights); }));
    set_thread_count(0);
    return intervals.at(0).value();
  };
  const Interval one = interval(1);
  EXPECT_EQ(interval(4), one);
  EXPECT_LT(one.low, one.high);
  EXPECT_GE(one.low, 0);
  EXPECT_LE(one.high, 1);
}

TEST(CocoResampler, WithoutImagesOrCategoriesNothingIsDefined) {
  const CocoResampler empty(evaluator_of({}), many_numbers());
  for (const double value : empty.compute({})) EXPECT_TRUE(std::isnan(value));
  const CocoResampler none(CocoEvaluator({}, 0), {{Kind::kAveragePrecision, {}}});
  EXPECT_TRUE(std::isnan(none.compute({}).at(0)));
}

TEST(CocoResampler, RefusesWhatTheEvaluationLacks) {
  const CocoEvaluator evaluator = evaluator_of(random_images(1, 3));
  const DetectionNumber bad[] = {
      {Kind::kAveragePrecision, {.iou_threshold = 10}},
      {Kind::kAveragePrecision, {.categories = choose_categories({kCategories})}},
      {Kind::kAveragePrecision, {.area = 4}},
      {Kind::kAverageRecall, {.max_detections = 3}},
      {Kind::kRecallMacro, {}},
  };
  for (const DetectionNumber& number : bad) {
    EXPECT_THROW(CocoResampler(evaluator, {number}), Error);
  }
  EXPECT_THROW(CocoResampler(evaluator, {}).compute(Weights{1}), Error);
}

TEST_P(CocoResamplerOnRandomImages, CountsOfSingleImagesAddUpToThoseOfTheWhole) {
  CocoEvaluator evaluator({.score_threshold = kScoreThreshold}, kCategories);
  FixedThresholdEvaluator fixed({.score_threshold = kScoreThreshold}, kCategories);
  for (const Image& image : images_) {
    EXPECT_EQ(evaluator.update(image.truths, image.detections),
              fixed.update(image.truths, image.detections));
  }
}

}  // namespace
}  // namespace sightline
