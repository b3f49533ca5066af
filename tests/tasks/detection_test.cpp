// Detection tasks: intervals by bootstrap, and predictions that do not fit the data set.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "tests/support/bad_json.h"
#include "tests/support/intervals.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::open_task;
using testing::score_part;
using testing::TemporaryFolder;
using testing::value_of;
using testing::write_text;

struct DetectionTask {
  const char* name;
  const char* annotations;
  const char* detections;
  std::int64_t unknown_category;
};

const DetectionTask kTasks[] = {
    {"coco_det_val2017", "coco/instances_val2017.json", "coco/detections.json", 12},
    {"lvis_det_val", "coco/lvis_v1_val.json", "coco/lvis_detections.json", 61},
};

void PrintTo(const DetectionTask& task, std::ostream* out) {
  *out << task.name;
}

class Detection : public ::testing::TestWithParam<DetectionTask> {
 protected:
  Task task_ = open_task(GetParam().name, {.annotations = data_path(GetParam().annotations)});
  Predictions predictions_ = read_predictions(data_path(GetParam().detections), task_.predictions);

  std::unique_ptr<Scorer> scored() const {
    return score_part(task_, predictions_, task_.rules.front(), 0, task_.dataset->size());
  }

  /// Scores of the images that one replicate draws, each as often as it is drawn.
  TaskScores replicate(std::size_t number) const {
    static const Answer kNoAnswer;
    const auto weights = bootstrap_weights(task_.dataset->size(), 11, number);
    const auto scorer = task_.new_scorer(task_.rules.front());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const Answer* answer = predictions_.find(task_.dataset->id(i));
      for (std::uint32_t n = 0; n < weights[i]; ++n) {
        scorer->update(i, answer == nullptr ? kNoAnswer : *answer);
      }
    }
    return scorer->compute();
  }
};
INSTANTIATE_TEST_SUITE_P(Tasks, Detection, ::testing::ValuesIn(kTasks));

TEST_P(Detection, EveryNumberHasAnIntervalThatHoldsIt) {
  const auto scorer = scored();
  const TaskScores scores = scorer->compute();
  const auto intervals = intervals_of(scorer->resampled({.replicates = 300, .seed = 1}));
  EXPECT_EQ(intervals.size(), scores.metrics.size());
  for (const MetricValue& metric : scores.metrics) {
    SCOPED_TRACE(metric.key);
    const Interval& interval = intervals.at(metric.key);
    EXPECT_LE(interval.low, *metric.value);
    EXPECT_GE(interval.high, *metric.value);
    EXPECT_GE(interval.low, 0);
    EXPECT_LE(interval.high, 1);
  }
  EXPECT_EQ(intervals_of(scorer->resampled({.replicates = 300, .seed = 1})), intervals);
  EXPECT_NE(intervals_of(scorer->resampled({.replicates = 300, .seed = 2})), intervals);
}

TEST_P(Detection, IntervalsAreThoseOfEvaluationsWithImagesRepeated) {
  // Two replicates: the interval is 95% as long as from one to the other, with the value in its
  // middle. Equal scores are broken otherwise when an image comes twice, which moves an AP in the
  // fourth digit at most.
  const TaskScores scores = scored()->compute();
  const auto intervals = intervals_of(scored()->resampled({.replicates = 2, .seed = 11}));
  const TaskScores first = replicate(0), second = replicate(1);
  for (const MetricValue& metric : first.metrics) {
    SCOPED_TRACE(metric.key);
    const double a = *metric.value, b = value_of(second, metric.key);
    const double value = value_of(scores, metric.key), half = 0.475 * std::abs(a - b);
    const double tolerance = metric.key.starts_with("AP") ? 1e-3 : 1e-12;
    EXPECT_NEAR(intervals.at(metric.key).low, std::max(value - half, 0.0), tolerance);
    EXPECT_NEAR(intervals.at(metric.key).high, std::min(value + half, 1.0), tolerance);
  }
}

TEST_P(Detection, IntervalsOfAChosenNumberAreTheSame) {
  const auto scorer = scored();
  const auto all = intervals_of(scorer->resampled({.replicates = 20, .seed = 5}));
  const auto one =
      intervals_of(scorer->resampled({.replicates = 20, .seed = 5, .metrics = {"AP50"}}));
  EXPECT_EQ(one, (std::map<std::string, Interval>{{"AP50", all.at("AP50")}}));
  EXPECT_TRUE(scorer->resampled({.replicates = 20, .seed = 5, .metrics = {"none"}}).empty());
}

TEST_P(Detection, WithoutScoresThereIsNoIntervalOfPrecisionCurves) {
  for (Answer& answer : predictions_.answers) {
    for (PredictedBox& box : answer.boxes) box.score.reset();
  }
  const auto intervals = intervals_of(scored()->resampled({.replicates = 10, .seed = 5}));
  EXPECT_FALSE(intervals.contains("AP"));
  EXPECT_FALSE(intervals.contains("AP50"));
  EXPECT_TRUE(intervals.contains("recall@0.5"));
}

TEST_P(Detection, WithoutImagesThereAreNoIntervals) {
  EXPECT_TRUE(task_.new_scorer(task_.rules.front())->resampled({.replicates = 10}).empty());
}

TEST_P(Detection, BoxesOfUnknownCategoriesAreFound) {
  Answer answer = predictions_.answers.front();
  task_.dataset->check_prediction(0, answer);
  const std::int64_t wrong[] = {GetParam().unknown_category, 0, -1, PredictedBox::kNoCategory};
  for (const std::int64_t category : wrong) {
    answer.boxes.front().category_id = category;
    EXPECT_THAT(error_of([&] { task_.dataset->check_prediction(0, answer); }),
                AllOf(HasSubstr("image " + task_.dataset->id(0)),
                      HasSubstr("category_id " + std::to_string(category)),
                      HasSubstr(std::filesystem::path(GetParam().annotations).filename()),
                      HasSubstr("--allow_extra")));
  }
}

TEST_P(Detection, BoxesOfUnknownCategoriesLeaveTheOthersAloneAndAreCounted) {
  const TaskScores want = scored()->compute();
  for (Answer& answer : predictions_.answers) {
    answer.boxes.insert(answer.boxes.begin(), {.box = {0, 0, 9, 9},
                                               .category_id = GetParam().unknown_category,
                                               .label = {},
                                               .score = 1.0});
  }
  const TaskScores scores = scored()->compute();
  for (std::size_t i = 0; i < want.metrics.size(); ++i) {
    EXPECT_EQ(scores.metrics[i].value, want.metrics[i].value) << want.metrics[i].key;
  }
  EXPECT_THAT(testing::metric(scores, "recall@0.5").note,
              HasSubstr(std::to_string(predictions_.answers.size()) + " boxes with a label"));
}

TEST_P(Detection, UnknownRulesAreRefusedNamingThoseOfTheTask) {
  EXPECT_THAT(error_of([&] { task_.new_scorer("pascal/voc"); }),
              AllOf(HasSubstr("'pascal/voc'"), HasSubstr(task_.rules.front())));
  const std::string other = GetParam().name[0] == 'c' ? "lvis/lvis-api" : "coco/pycocotools";
  EXPECT_THAT(error_of([&] { task_.new_scorer(other); }), HasSubstr(task_.rules.front()));
}

}  // namespace
}  // namespace sightline
