// The LVIS tasks: official files, what lvis-api makes of them, requests, files that do not fit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/file.h"
#include "tests/support/bad_json.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::metric;
using testing::open_task;
using testing::score_file;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::value_of;
using testing::write_text;

json read_json(const std::filesystem::path& path) {
  return json::parse(read_file(path));
}

Task open_golden(const std::string& name = "lvis_det_val") {
  return open_task(name, {.annotations = data_path("coco/lvis_v1_val.json")});
}

TaskScores score_golden(const Task& task) {
  return score_file(task, data_path("coco/lvis_detections.json"), "lvis/lvis-api");
}

TEST(LvisTask, NumbersAreThoseOfLvisApi) {
  const json want = read_json(data_path("coco/expected_lvis_bbox.json")).at("results");
  for (const std::string name : {"lvis_det_val", "lvis_det_minival"}) {
    const Task task = open_golden(name);
    EXPECT_EQ(task.rules, (std::vector<std::string>{"lvis/lvis-api"}));
    const TaskScores scores = score_golden(task);
    EXPECT_EQ(scores.metrics.front().key, "AP");
    for (const auto& [key, value] : want.items()) {
      EXPECT_EQ(value_of(scores, key), value.get<double>()) << key;
    }
  }
}

TEST(LvisTask, ShardsInAnySplitMakeTheSameNumbers) {
  const Task task = open_golden();
  const Predictions predictions =
      read_predictions(data_path("coco/lvis_detections.json"), task.predictions);
  const TaskScores whole = score_golden(task);
  for (const std::size_t cut : {0U, 1U, 33U, 80U}) {
    const auto first = testing::score_part(task, predictions, "lvis/lvis-api", 0, cut);
    first->merge(*testing::score_part(task, predictions, "lvis/lvis-api", cut, 80));
    const TaskScores merged = first->compute();
    for (std::size_t i = 0; i < whole.metrics.size(); ++i) {
      EXPECT_EQ(merged.metrics[i].value, whole.metrics[i].value) << whole.metrics[i].key;
    }
  }
}

TEST(LvisTask, CategoriesHaveTheirOwnNumbers) {
  const json want = read_json(data_path("coco/expected_lvis_bbox.json")).at("per_category");
  const json categories = read_json(data_path("coco/lvis_v1_val.json")).at("categories");
  const TaskScores scores = score_golden(open_golden());
  const auto& groups = scores.breakdowns.at("category");
  double recalls = 0;
  for (const json& category : categories) {
    const json& row = want.at(category.at("id").dump());
    SCOPED_TRACE(category.dump());
    const std::string name = category.at("name");
    ASSERT_EQ(groups.contains(name), row.at("AP") >= 0);
    if (!groups.contains(name)) continue;
    EXPECT_EQ(groups.at(name).values.at("AP"), row.at("AP").get<double>());
    EXPECT_EQ(groups.at(name).values.at("recall@0.5"), row.at("R50").get<double>());
    recalls += row.at("R50").get<double>();
  }
  EXPECT_NEAR(value_of(scores, "recall@0.5"), recalls / static_cast<double>(groups.size()), 1e-14);
}

TEST(LvisTask, FrequenciesHaveTheirOwnNumbers) {
  const TaskScores scores = score_golden(open_golden());
  const auto& groups = scores.breakdowns.at("frequency");
  std::int64_t truths = 0;
  for (const auto& [name, key] :
       {std::pair{"rare", "APr"}, {"common", "APc"}, {"frequent", "APf"}}) {
    EXPECT_EQ(groups.at(name).values.at("AP"), value_of(scores, key));
    EXPECT_GT(groups.at(name).values.at("recall@0.5"), 0);
    truths += groups.at(name).n;
  }
  EXPECT_EQ(truths, 431);
}

TEST(LvisTask, BoxesOfCategoriesThatWereNotLookedForAreIgnored) {
  const Task task = open_golden();
  const json annotations = read_json(data_path("coco/lvis_v1_val.json"));
  std::map<std::int64_t, std::set<std::int64_t>> judged;
  for (const json& image : annotations.at("images")) {
    for (const std::int64_t id : image.at("neg_category_ids")) judged[image.at("id")].insert(id);
  }
  for (const json& object : annotations.at("annotations")) {
    judged[object.at("image_id")].insert(object.at("category_id").get<std::int64_t>());
  }
  const json rows = read_json(data_path("coco/lvis_detections.json"));
  std::map<std::int64_t, int> boxes;
  for (const json& row : rows) ++boxes[row.at("image_id")];
  json all = json::array();
  json kept = json::array();
  for (const json& row : rows) {
    // Above the limit such boxes take the places of others.
    if (boxes[row.at("image_id")] > 300) continue;
    all.push_back(row);
    if (judged[row.at("image_id")].contains(row.at("category_id"))) kept.push_back(row);
  }
  ASSERT_LT(kept.size(), all.size());
  const TemporaryFolder folder;
  write_text(folder / "all.json", all.dump());
  write_text(folder / "kept.json", kept.dump());
  const TaskScores want = score_file(task, folder / "all.json", "lvis/lvis-api");
  const TaskScores scores = score_file(task, folder / "kept.json", "lvis/lvis-api");
  for (std::size_t i = 0; i < want.metrics.size(); ++i) {
    EXPECT_EQ(scores.metrics[i].value, want.metrics[i].value) << want.metrics[i].key;
  }
}

TEST(LvisTask, ScoreThresholdTradesRecallForPrecision) {
  const TaskScores scores = score_golden(open_golden("lvis_det_val[score_threshold=0.5]"));
  EXPECT_EQ(value_of(scores, "AP"), value_of(score_golden(open_golden()), "AP"));
  EXPECT_LT(value_of(scores, "recall_micro@0.5"),
            value_of(score_golden(open_golden()), "recall_micro@0.5"));
  EXPECT_GT(value_of(scores, "precision_micro@0.5"),
            value_of(score_golden(open_golden()), "precision_micro@0.5"));
}

TEST(LvisTask, BoxesWithoutScoresHaveRecallButNoPrecisionCurve) {
  json rows = read_json(data_path("coco/lvis_detections.json"));
  for (json& row : rows) row.erase("score");
  const TemporaryFolder folder;
  write_text(folder / "boxes.json", rows.dump());
  const TaskScores scores = score_file(open_golden(), folder / "boxes.json", "lvis/lvis-api");
  EXPECT_FALSE(metric(scores, "APr").value);
  EXPECT_THAT(metric(scores, "APr").note, HasSubstr("2047 boxes have no score"));
  EXPECT_TRUE(metric(scores, "recall@0.5").value);
  EXPECT_TRUE(metric(scores, "AR@300").value);
}

TEST(LvisTask, ImagesLieInTheFolderOfTheirAddress) {
  const Task task = open_task(
      "lvis_det_val", {.annotations = data_path("coco/lvis_v1_val.json"), .images = "pictures"});
  const json images = read_json(data_path("coco/lvis_v1_val.json")).at("images");
  std::map<std::string, std::string> urls;
  for (const json& image : images) urls[image.at("id").dump()] = image.at("coco_url");
  ASSERT_EQ(task.dataset->size(), images.size());
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    const Request request = task.dataset->request(i);
    const std::string path = request.images.at(0).path;
    EXPECT_EQ(path.substr(0, 9), "pictures/");
    EXPECT_TRUE(urls.at(request.id).ends_with(path.substr(8))) << path;
    EXPECT_EQ(request.categories->size(), 60U);
    EXPECT_EQ(request.kind, Kind::kDetect);
  }
  EXPECT_EQ(task.protocol.at("max_boxes"), "300");
  EXPECT_EQ(task.protocol.at("split"), "val");
}

TEST(LvisTask, OfficialFilesAreFoundUnderTheDataRoot) {
  const TemporaryFolder root;
  const std::string file = read_file(data_path("coco/lvis_v1_val.json"));
  write_text(root / "lvis/lvis_v1_val.json", file);
  write_text(root / "lvis/lvis_v1_minival.json", file);
  for (const std::string split : {"val", "minival"}) {
    const Task task = open_task("lvis_det_" + split, {.data_root = root.path()});
    EXPECT_EQ(task.protocol.at("split"), split);
    EXPECT_TRUE(task.dataset->hashes().contains("lvis_v1_" + split + ".json"));
    EXPECT_EQ(task.dataset->request(0).images.at(0).path.parent_path().parent_path(),
              root / "coco");
  }
}

TEST(LvisReal, TheFileOfVersion05IsReadAndItsOwnBoxesArePerfect) {
  const std::string file = "third_party_data/lvis_val_100/lvis_val_100.json";
  SIGHTLINE_NEED_SHARED(file);
  const Task task = open_task("lvis_det_val", {.annotations = shared_path(file)});
  EXPECT_EQ(task.dataset->size(), 100U);
  EXPECT_EQ(task.dataset->request(0).categories->size(), 1230U);
  EXPECT_THAT(task.dataset->request(0).images.at(0).path, HasSubstr("val2017/0000"));
  json rows = json::array();
  const json annotations = read_json(shared_path(file));
  for (const json& object : annotations.at("annotations")) {
    rows.push_back({{"image_id", object.at("image_id")},
                    {"category_id", object.at("category_id")},
                    {"bbox", object.at("bbox")},
                    {"score", 1}});
  }
  const TemporaryFolder folder;
  write_text(folder / "own.json", rows.dump());
  const TaskScores scores = score_file(task, folder / "own.json", "lvis/lvis-api");
  for (const char* key :
       {"AP", "AP50", "APr", "APc", "APf", "AR@300", "recall@0.5", "precision@0.5"}) {
    EXPECT_NEAR(value_of(scores, key), 1, 1e-12) << key;
  }
  std::int64_t truths = 0;
  for (const auto& [name, group] : scores.breakdowns.at("frequency")) truths += group.n;
  EXPECT_EQ(truths, 977);
}

/// The golden's file with one value replaced.
std::string error_with(const std::string& pointer, const json& value) {
  const TemporaryFolder folder;
  json document = read_json(data_path("coco/lvis_v1_val.json"));
  document.at(json::json_pointer(pointer)) = value;
  write_text(folder / "lvis.json", document.dump());
  return error_of([&] { open_task("lvis_det_val", {.annotations = folder / "lvis.json"}); });
}

TEST(LvisTask, RefusesWhatDoesNotFitTogether) {
  struct Case {
    const char* at;
    json value;
    std::vector<const char*> says;
  };
  const Case cases[] = {
      {"/categories/2/frequency", "x", {"record 3 of 'categories'", "'frequency' is 'x'"}},
      {"/images/1/coco_url", "000000003650.jpg", {"record 2 of 'images'", "'coco_url'"}},
      {"/images/1/coco_url", "", {"record 2 of 'images'", "'coco_url'"}},
      {"/images/1/coco_url", "/", {"'coco_url'"}},
      {"/images/1/coco_url", "val2017/", {"'coco_url'"}},
      {"/images/1/coco_url", "http://x//a.jpg", {"'coco_url'"}},
      {"/images/0/neg_category_ids", {61}, {"'neg_category_ids' holds 61", "'categories'"}},
      {"/images/0/not_exhaustive_category_ids",
       {0},
       {"'not_exhaustive_category_ids' holds 0", "'categories'"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.at) + " " + c.value.dump());
    const std::string error = error_with(c.at, c.value);
    EXPECT_THAT(error, HasSubstr("lvis.json"));
    for (const char* says : c.says) EXPECT_THAT(error, HasSubstr(says));
  }
}

}  // namespace
}  // namespace sightline
