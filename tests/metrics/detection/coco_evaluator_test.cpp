// Properties of the evaluation, and the fast path against a slow one on random images.

#include "metrics/detection/coco_evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "tests/metrics/detection/random_images.h"

namespace sightline {
namespace {

using testing::evaluator_of;
using testing::Image;
using testing::kCategories;
using testing::random_images;

void expect_equal(const CocoResult& actual, const CocoResult& expected) {
  EXPECT_EQ(actual.precision, expected.precision);
  EXPECT_EQ(actual.recall, expected.recall);
  EXPECT_EQ(actual.scores, expected.scores);
}

/// One detection in the slow evaluation.
struct Slow {
  double score;
  bool found, ignored;
};

/// pycocotools' matching as its papers and code describe it: one threshold, one area, one category.
std::vector<Slow> match_slowly(const Image& image, std::uint32_t category, double threshold,
                               AreaRange range, std::size_t limit, std::int64_t& counted) {
  const auto out = [&](double area) { return area < range.least || area > range.most; };
  std::vector<GroundTruthBox> truths;
  for (const GroundTruthBox& truth : image.truths) {
    if (truth.category == category) truths.push_back(truth);
  }
  const auto ignored = [&](const GroundTruthBox& t) { return t.crowd || out(t.area); };
  std::stable_sort(truths.begin(), truths.end(),
                   [&](const auto& a, const auto& b) { return ignored(a) < ignored(b); });
  counted += std::count_if(truths.begin(), truths.end(), [&](auto& t) { return !ignored(t); });
  std::vector<DetectedBox> detections;
  for (const DetectedBox& box : image.detections) {
    if (box.category == category) detections.push_back(box);
  }
  std::stable_sort(detections.begin(), detections.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  if (detections.size() > limit) detections.resize(limit);
  std::vector<bool> used(truths.size());
  std::vector<Slow> result;
  for (const DetectedBox& detection : detections) {
    double best = std::min(threshold, 1 - 1e-10);
    std::size_t chosen = truths.size();
    for (std::size_t t = 0; t < truths.size(); ++t) {
      if (used[t] && !truths[t].crowd) continue;
      if (chosen < truths.size() && !ignored(truths[chosen]) && ignored(truths[t])) break;
      const double iou = coco_box_iou(detection.box, truths[t].box, truths[t].crowd);
      if (iou < best) continue;
      best = iou;
      chosen = t;
    }
    Slow slow{detection.score, false, false};
    if (chosen < truths.size()) {
      used[chosen] = true;
      slow.found = truths[chosen].id != 0;
      slow.ignored = ignored(truths[chosen]);
    }
    slow.ignored = slow.ignored || (!slow.found && out(detection.box.w * detection.box.h));
    result.push_back(slow);
  }
  return result;
}

/// The curve of one place of the result arrays, by definition.
void expect_curve(const std::vector<Slow>& detections, std::int64_t counted,
                  const CocoResult& result, std::size_t t, std::size_t k, std::size_t a,
                  std::size_t m) {
  std::vector<double> recalls, precisions;
  double found = 0, wrong = 0;
  for (const Slow& detection : detections) {
    if (!detection.ignored) (detection.found ? found : wrong) += 1;
    recalls.push_back(found / static_cast<double>(counted));
    precisions.push_back(found / (found + wrong + std::numeric_limits<double>::epsilon()));
  }
  EXPECT_EQ(result.recall[result.recall_index(t, k, a, m)], recalls.empty() ? 0 : recalls.back());
  for (std::size_t r = 0; r < 101; ++r) {
    const double wanted = result.parameters.recall_thresholds[r];
    const auto reached = std::find_if(recalls.begin(), recalls.end(),
                                      [&](double recall) { return recall >= wanted; });
    const auto offset = reached - recalls.begin();
    const bool any = reached != recalls.end();
    const double best = any ? *std::max_element(precisions.begin() + offset, precisions.end()) : 0;
    const std::size_t index = result.precision_index(t, r, k, a, m);
    ASSERT_EQ(result.precision[index], best) << "recall threshold " << r;
    const double score = any ? detections[static_cast<std::size_t>(offset)].score : 0;
    ASSERT_EQ(result.scores[index], score) << "recall threshold " << r;
  }
}

class CocoEvaluatorOnRandomImages : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, CocoEvaluatorOnRandomImages, ::testing::Range(1U, 9U));

TEST_P(CocoEvaluatorOnRandomImages, EqualsASlowEvaluation) {
  const std::vector<Image> images = random_images(GetParam(), 12);
  const CocoResult result = evaluator_of(images).compute();
  const CocoParameters& parameters = result.parameters;
  for (std::size_t t = 0; t < parameters.iou_thresholds.size(); ++t) {
    for (std::uint32_t k = 0; k < kCategories; ++k) {
      for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t m = 0; m < 3; ++m) {
          SCOPED_TRACE(::testing::Message() << "t " << t << " k " << k << " a " << a << " m " << m);
          std::int64_t counted = 0;
          std::vector<Slow> detections;
          for (const Image& image : images) {
            std::vector<Slow> one = match_slowly(image, k, parameters.iou_thresholds[t],
                                                 parameters.areas[a], 100, counted);
            if (one.size() > parameters.max_detections[m]) {
              one.resize(parameters.max_detections[m]);
            }
            detections.insert(detections.end(), one.begin(), one.end());
          }
          std::stable_sort(detections.begin(), detections.end(),
                           [](const Slow& x, const Slow& y) { return x.score > y.score; });
          if (counted > 0) {
            expect_curve(detections, counted, result, t, k, a, m);
          } else {
            EXPECT_EQ(result.recall[result.recall_index(t, k, a, m)], -1);
          }
        }
      }
    }
  }
}

TEST_P(CocoEvaluatorOnRandomImages, MergingAnySplitEqualsOnePass) {
  const std::vector<Image> images = random_images(GetParam(), 20);
  const CocoResult whole = evaluator_of(images).compute();
  for (const std::size_t cut : {0U, 1U, 7U, 19U, 20U}) {
    CocoEvaluator first = evaluator_of(std::span(images).first(cut));
    const std::size_t second_cut = cut + (20 - cut) / 3;
    CocoEvaluator second = evaluator_of(std::span(images).subspan(cut, second_cut - cut));
    second.merge(evaluator_of(std::span(images).subspan(second_cut)));
    first.merge(std::move(second));
    EXPECT_EQ(first.images(), 20U);
    expect_equal(first.compute(), whole);
  }
}

TEST_P(CocoEvaluatorOnRandomImages, NumberOfThreadsDoesNotMatter) {
  const CocoEvaluator evaluator = evaluator_of(random_images(GetParam(), 20));
  set_thread_count(1);
  const CocoResult one = evaluator.compute();
  set_thread_count(5);
  const CocoResult five = evaluator.compute();
  set_thread_count(0);
  expect_equal(five, one);
}

TEST_P(CocoEvaluatorOnRandomImages, WeightsEqualImagesThatComeSeveralTimes) {
  std::vector<Image> images = random_images(GetParam(), 8);
  // Between detections of equal score in different images, copies would come in another order.
  std::mt19937 random(GetParam());
  std::vector<double> scores(1000);
  std::iota(scores.begin(), scores.end(), 1);
  std::shuffle(scores.begin(), scores.end(), random);
  for (Image& image : images) {
    for (DetectedBox& box : image.detections) {
      box.score = scores.back();
      scores.pop_back();
    }
  }
  const std::vector<std::uint32_t> weights = {1, 0, 3, 2, 0, 1, 1, 4};
  std::vector<Image> copies;
  for (std::size_t i = 0; i < images.size(); ++i)
    copies.insert(copies.end(), weights[i], images[i]);
  expect_equal(evaluator_of(images).compute(weights), evaluator_of(copies).compute());
}

TEST_P(CocoEvaluatorOnRandomImages, FalsePositivesBelowAllOthersNeverRaiseAp) {
  std::vector<Image> images = random_images(GetParam(), 10);
  const CocoResult before = evaluator_of(images).compute();
  for (Image& image : images) image.detections.push_back({1, {5000, 5000, 40, 40}, -1});
  const CocoResult after = evaluator_of(images).compute();
  for (std::size_t i = 0; i < before.precision.size(); ++i) {
    EXPECT_LE(after.precision[i], before.precision[i]);
  }
}

TEST_P(CocoEvaluatorOnRandomImages, ValuesAreFractionsAndPrecisionFallsWithRecall) {
  const CocoResult result = evaluator_of(random_images(GetParam(), 10)).compute();
  for (const double recall : result.recall)
    EXPECT_TRUE(recall == -1 || (recall >= 0 && recall <= 1));
  for (std::size_t t = 0; t < 10; ++t) {
    for (std::size_t r = 1; r < 101; ++r) {
      for (std::size_t k = 0; k < kCategories; ++k) {
        EXPECT_LE(result.precision[result.precision_index(t, r, k, 0, 2)],
                  result.precision[result.precision_index(t, r - 1, k, 0, 2)]);
      }
    }
  }
}

TEST(CocoEvaluator, PredictingTheGroundTruthIsPerfect) {
  std::vector<Image> images = random_images(3, 10);
  for (Image& image : images) {
    image.detections.clear();
    std::erase_if(image.truths, [](const GroundTruthBox& truth) { return truth.id == 0; });
    for (const GroundTruthBox& t : image.truths) image.detections.push_back({t.category, t.box, 1});
  }
  const CocoResult result = evaluator_of(images).compute();
  EXPECT_NEAR(coco_statistics(result)[0].value.value(), 1, 1e-12);
  EXPECT_EQ(coco_statistics(result)[8].value, 1.0);
}

TEST(CocoEvaluator, WithoutGroundTruthNothingIsDefined) {
  CocoEvaluator evaluator({}, kCategories);
  for (const CocoStatistic& number : coco_statistics(evaluator.compute())) {
    EXPECT_EQ(number.value, std::nullopt) << number.name;
  }
  evaluator.update({}, std::vector{DetectedBox{1, {0, 0, 10, 10}, 0.5}});
  for (const CocoStatistic& number : coco_statistics(evaluator.compute())) {
    EXPECT_EQ(number.value, std::nullopt) << number.name;
  }
  EXPECT_EQ(coco_category_precision(evaluator.compute(), 1).ap, std::nullopt);
}

TEST(CocoEvaluator, NoCategoriesGiveAnEmptyResult) {
  CocoEvaluator evaluator({}, 0);
  evaluator.update(std::span<const GroundTruthBox>{}, {});
  EXPECT_TRUE(evaluator.compute().precision.empty());
}

TEST(CocoEvaluator, BadNumbersDoNoHarm) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  Image image;
  for (const double bad : {nan, inf, -inf, -5.0, 0.0, 1e300}) {
    image.truths.push_back({7, 0, {bad, 0, bad, 10}, bad, false});
    image.truths.push_back({8, 0, {0, 0, bad, bad}, 10, true});
    for (int copy = 0; copy < 20; ++copy) {
      image.detections.push_back({0, {0, bad, 10, bad}, copy % 2 == 0 ? bad : 0.5});
      image.detections.push_back({0, {bad, bad, bad, bad}, 0.1 * copy});
    }
  }
  const CocoResult result = evaluator_of(std::vector{image, image}).compute();
  for (const double recall : result.recall) EXPECT_LE(recall, 1);
}

TEST(CocoEvaluator, CategoryBeyondTheLastIsRefusedAndNothingIsAdded) {
  CocoEvaluator evaluator({}, 2);
  const std::vector truths{GroundTruthBox{1, 0, {0, 0, 10, 10}, 100, false}};
  EXPECT_THROW(evaluator.update(truths, std::vector{DetectedBox{2, {0, 0, 10, 10}, 1}}), Error);
  EXPECT_EQ(evaluator.images(), 0U);
  EXPECT_EQ(coco_statistics(evaluator.compute())[0].value, std::nullopt);
}

TEST(CocoEvaluator, UnusableParametersAreRefused) {
  const auto refused = [](auto&& change) {
    CocoParameters parameters;
    change(parameters);
    EXPECT_THROW(CocoEvaluator(parameters, 2), Error);
  };
  refused([](CocoParameters& p) { p.iou_thresholds.clear(); });
  refused([](CocoParameters& p) { p.iou_thresholds[3] = std::nan(""); });
  refused([](CocoParameters& p) { p.iou_thresholds = linspace(0, 1, 17); });  // 68 cells
  refused([](CocoParameters& p) { p.areas.clear(); });
  refused([](CocoParameters& p) { p.recall_thresholds.clear(); });
  refused([](CocoParameters& p) { p.recall_thresholds = {0.5, 0.1}; });
  refused([](CocoParameters& p) { p.max_detections.clear(); });
  refused([](CocoParameters& p) { p.max_detections = {100, 10}; });
}

TEST(CocoEvaluator, MergingOrWeighingWhatDoesNotFitIsRefused) {
  CocoEvaluator evaluator({}, 2);
  EXPECT_THROW(evaluator.merge(CocoEvaluator({}, 3)), Error);
  EXPECT_THROW(evaluator.merge(CocoEvaluator({.use_categories = false}, 2)), Error);
  EXPECT_THROW(evaluator.compute(std::vector<std::uint32_t>{1}), Error);
}

TEST(CocoEvaluator, SixtyFourThresholdsAreOneSweep) {
  CocoParameters parameters{.iou_thresholds = linspace(0.01, 0.64, 64), .areas = {{0, 1e10}}};
  const CocoResult result = evaluator_of(random_images(5, 10), parameters).compute();
  for (std::size_t t = 1; t < 64; ++t) {
    EXPECT_LE(result.average_recall({.iou_threshold = t, .max_detections = 2}).value(),
              result.average_recall({.iou_threshold = 0, .max_detections = 2}).value());
  }
  EXPECT_THROW(coco_statistics(result), Error);
}

}  // namespace
}  // namespace sightline
