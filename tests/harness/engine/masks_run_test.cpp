// Runs of mask tasks: answers in the journal, replayed predictions, and models that give no masks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/file.h"
#include "harness/engine/answer_codec.h"
#include "harness/engine/doctor.h"
#include "harness/engine/run.h"
#include "harness/engine/score_file.h"
#include "harness/engine/stored_run.h"
#include "models/adapters/standard_models.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

void expect_round_trip(Kind kind, const Answer& answer) {
  const Answer back = decode_answer(kind, encode_answer(kind, answer));
  EXPECT_TRUE(back.boxes.empty());
  ASSERT_EQ(back.masks.size(), answer.masks.size());
  for (std::size_t i = 0; i < back.masks.size(); ++i) {
    EXPECT_EQ(back.masks[i].segmentation, answer.masks[i].segmentation);
    EXPECT_EQ(back.masks[i].category_id, answer.masks[i].category_id);
    EXPECT_EQ(back.masks[i].score, answer.masks[i].score);
  }
}

TEST(AnswerCodec, MasksReadBackAsTheyWere) {
  const Segmentation runs{.height = 480, .width = 640, .counts = "\\o`\"", .polygons = {}};
  const Segmentation polygons{.counts = {},
                              .polygons = {{0.1, 1e-17, 1e8, 3, 4, 5}, {1, 2, 3, 4, 5, -6.25}}};
  Answer answer;
  answer.masks = {{.segmentation = runs, .category_id = 18, .score = 0.1},
                  {.segmentation = polygons, .category_id = 0, .score = 1.0 / 3},
                  {.segmentation = runs, .score = {}}};
  expect_round_trip(Kind::kDetect, answer);
  expect_round_trip(Kind::kGround, answer);
  expect_round_trip(Kind::kDetect, {});
  EXPECT_EQ(encode_answer(Kind::kDetect, {}), R"({"boxes":[]})") << "boxes are as they were";
  EXPECT_THAT(error_of([] { decode_answer(Kind::kDetect, R"({"boxes":[],"masks":[{}]})"); }),
              HasSubstr("the journal holds an answer that cannot be read"));
}

/// A task of masks, where its goldens are, and the kind of its rows.
struct MaskTask {
  const char* name;
  TaskSources sources;
  const char* predictions;
};

const MaskTask kMaskTasks[] = {
    {"coco_seg_val2017",
     {.annotations = data_path("coco/instances_val2017.json")},
     "masks/segm_detections.json"},
    {"refcoco_seg_val",
     {.annotations = data_path("refcoco/instances.json"),
      .refs = data_path("refcoco/refs_as_json.json")},
     "masks/predictions_masks.json"},
};

class MaskRun : public ::testing::TestWithParam<MaskTask> {
 protected:
  RunEnd run_with(const std::string& model, const std::filesystem::path& predictions,
                  const std::string& output, bool predict_only = false) {
    RunSettings settings;
    settings.model = model;
    if (!predictions.empty()) settings.model_args = "predictions=" + predictions.string();
    settings.tasks = parse_task_choices(GetParam().name);
    settings.sources = GetParam().sources;
    settings.output_path = folder_ / output;
    settings.progress = ProgressMode::kNone;
    settings.predict_only = predict_only;
    Registry registry;
    add_standard_models(registry);
    return run(settings, registry, tasks_, stop_);
  }

  FileScores score(const std::filesystem::path& predictions) {
    return score_file({.task = parse_task_choices(GetParam().name).front(),
                       .sources = GetParam().sources,
                       .predictions = predictions,
                       .allow_extra = true},
                      tasks_);
  }

  /// The golden predictions of the task's own samples.
  json own_predictions() {
    const Task task = tasks_.open(parse_task_choices(GetParam().name).front(), GetParam().sources);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < task.dataset->size(); ++i) ids.insert(task.dataset->id(i));
    json rows = json::array();
    for (json& row : json::parse(read_file(data_path(GetParam().predictions)))) {
      const auto& id = row.at(task.predictions.id_field);
      if (ids.contains(id.dump())) rows.push_back(std::move(row));
    }
    return rows;
  }

  std::filesystem::path write(const std::string& name, const json& document) {
    std::ofstream(folder_ / name) << document;
    return folder_ / name;
  }

  void expect_same(const std::vector<MetricValue>& a, const std::vector<MetricValue>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].key, b[i].key);
      EXPECT_EQ(a[i].value, b[i].value) << a[i].key;
      EXPECT_EQ(a[i].standard_error, b[i].standard_error) << a[i].key;
    }
  }

  TemporaryFolder folder_;
  TaskTable tasks_ = standard_tasks();
  std::atomic<bool> stop_{false};
};

TEST_P(MaskRun, OfReplayedPredictionsEqualsTheirScoreAndVerifies) {
  const auto predictions = write("masks.json", own_predictions());
  const RunEnd end = run_with("replay", predictions, "run");
  const FileScores scored = score(predictions);
  expect_same(end.results.tasks.at(0).metrics, scored.by_rules.at(0).scores.metrics);
  EXPECT_GT(*end.results.tasks.at(0).metrics.at(0).value, 0.1);
  EXPECT_EQ(end.results.tasks.at(0).outcomes.size(), 1U);
  const Verification verified = verify_run(folder_ / "run", tasks_, {});
  EXPECT_THAT(verified.bad, IsEmpty());
}

TEST_P(MaskRun, PredictOnlyWritesTheOfficialFormatAgain) {
  const auto predictions = write("masks.json", own_predictions());
  run_with("replay", predictions, "run", true);
  const auto written = folder_ / "run" / ("predictions_" + std::string(GetParam().name) + ".json");
  EXPECT_EQ(json::parse(read_file(written)).size(), own_predictions().size());
  expect_same(score(written).by_rules.at(0).scores.metrics,
              score(predictions).by_rules.at(0).scores.metrics);
}

TEST_P(MaskRun, AMaskOfAnotherSizeCostsOneSample) {
  json rows = own_predictions();
  rows[3]["segmentation"] = {{"size", {2, 2}}, {"counts", "22"}};
  const RunEnd end = run_with("replay", write("masks.json", rows), "run");
  const auto& outcomes = end.results.tasks.at(0).outcomes;
  EXPECT_EQ(outcomes.at("parse_fail"), 1);
  EXPECT_GT(outcomes.at("ok"), 10);
}

TEST_P(MaskRun, IsRefusedForAModelThatGivesNoMasks) {
  for (const std::string model : {"null", "baseline"}) {
    EXPECT_THAT(error_of([&] { run_with(model, {}, model); }),
                ::testing::AllOf(HasSubstr(GetParam().name), HasSubstr("asks for masks"),
                                 HasSubstr("the model " + model + " does not give")));
    EXPECT_FALSE(std::filesystem::exists(folder_ / model)) << "nothing was written";
  }
}

INSTANTIATE_TEST_SUITE_P(Tasks, MaskRun, ::testing::ValuesIn(kMaskTasks),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sightline
