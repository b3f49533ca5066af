// Tasks of masks: COCO's instances and referring segmentation, digit for digit, and what they
// refuse.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "metrics/masks/mask.h"
#include "metrics/masks/polygon_mask.h"
#include "tests/support/errors.h"
#include "tests/support/intervals.h"
#include "tests/support/paths.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::open_task;
using testing::score_file;
using testing::score_part;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::value_of;

constexpr const char* kCocoRules = "coco/pycocotools-segm";

json read_json(const std::filesystem::path& path) {
  return json::parse(read_file(path));
}

std::filesystem::path write(const TemporaryFolder& folder, const std::string& name,
                            const json& document) {
  std::ofstream(folder / name) << document;
  return folder / name;
}

Task open_coco() {
  return open_task("coco_seg_val2017", {.annotations = data_path("coco/instances_val2017.json")});
}

Task open_refcoco(const std::string& split) {
  return open_task("refcoco_seg_" + split, {.annotations = data_path("refcoco/instances.json"),
                                            .refs = data_path("refcoco/refs_as_json.json")});
}

TEST(CocoMasks, TheTwelveNumbersAreThoseOfPycocotools) {
  const Task task = open_coco();
  EXPECT_EQ(task.rules, std::vector<std::string>{kCocoRules});
  const TaskScores scores = score_file(task, data_path("masks/segm_detections.json"), kCocoRules);
  const json want = read_json(data_path("masks/expected_segm.json")).at("stats");
  ASSERT_EQ(scores.metrics.size(), want.size());
  for (const auto& [key, value] : want.items()) EXPECT_EQ(value_of(scores, key), value) << key;
  EXPECT_EQ(scores.metrics.front().key, "AP");
  EXPECT_EQ(scores.metrics.front().n, 120);
}

TEST(CocoMasks, MergingPartsEqualsOnePass) {
  const Task task = open_coco();
  const Predictions predictions =
      read_predictions(data_path("masks/segm_detections.json"), task.predictions);
  const TaskScores whole = score_part(task, predictions, kCocoRules, 0, 120)->compute();
  for (const std::size_t cut : {0, 1, 47, 120}) {
    const auto first = score_part(task, predictions, kCocoRules, 0, cut);
    const auto second = score_part(task, predictions, kCocoRules, cut, 120);
    first->merge(*second);
    const TaskScores merged = first->compute();
    for (std::size_t i = 0; i < whole.metrics.size(); ++i) {
      EXPECT_EQ(merged.metrics[i].value, whole.metrics[i].value) << whole.metrics[i].key;
    }
    EXPECT_EQ(merged.breakdowns.at("category").size(), whole.breakdowns.at("category").size());
  }
}

TEST(CocoMasks, PublishedDetectionsOnVal2014HaveThePublishedNumbers) {
  const std::string root = "third_party_data/coco_val2014_100/";
  SIGHTLINE_NEED_SHARED(root);
  // What COCO's demonstration of its mask evaluation prints, to three digits.
  const std::pair<const char*, double> want[] = {
      {"AP", 0.320},     {"AP50", 0.562}, {"AP75", 0.299}, {"APs", 0.387},
      {"APm", 0.310},    {"APl", 0.327},  {"AR@1", 0.268}, {"AR@10", 0.415},
      {"AR@100", 0.417}, {"ARs", 0.469},  {"ARm", 0.377},  {"ARl", 0.381}};
  const Task task = open_task("coco_seg_val2017",
                              {.annotations = shared_path(root + "instances_val2014_100.json")});
  const TaskScores scores = score_file(
      task, shared_path(root + "instances_val2014_fakesegm100_results.json"), kCocoRules);
  for (const auto& [key, value] : want) EXPECT_NEAR(value_of(scores, key), value, 0.0005) << key;
}

/// The ground truth itself as detections, in each of the forms a file may have.
TEST(CocoMasks, TheGroundTruthFindsItselfInEveryForm) {
  const TemporaryFolder folder;
  const json annotations = read_json(data_path("coco/instances_val2017.json"));
  std::map<int, std::pair<int, int>> sizes;
  for (const json& image : annotations.at("images")) {
    sizes[image.at("id")] = {image.at("height"), image.at("width")};
  }
  json as_written = json::array(), compressed = json::array();
  for (const json& object : annotations.at("annotations")) {
    if (object.at("iscrowd") == 1) continue;
    json row = {{"image_id", object.at("image_id")},
                {"category_id", object.at("category_id")},
                {"score", 0.5},
                {"segmentation", object.at("segmentation")}};
    as_written.push_back(row);
    const auto [height, width] = sizes.at(object.at("image_id"));
    Segmentation shape;
    shape.polygons = object.at("segmentation").get<std::vector<std::vector<double>>>();
    row["segmentation"] = {{"size", {height, width}},
                           {"counts", counts_of(segmentation_mask(shape, height, width))}};
    compressed.push_back(row);
  }
  const Task task = open_coco();
  const TaskScores polygons = score_file(task, write(folder, "a.json", as_written), kCocoRules);
  const TaskScores runs = score_file(task, write(folder, "b.json", compressed), kCocoRules);
  EXPECT_GT(value_of(polygons, "AP50"), 0.95);
  for (std::size_t i = 0; i < polygons.metrics.size(); ++i) {
    EXPECT_EQ(polygons.metrics[i].value, runs.metrics[i].value) << polygons.metrics[i].key;
  }
}

TEST(CocoMasks, WithoutScoresThereIsRecallButNoPrecision) {
  const TemporaryFolder folder;
  json rows = read_json(data_path("masks/segm_detections.json"));
  for (json& row : rows) row.erase("score");
  rows.push_back(rows.at(0));
  rows.back()["category_id"] = 12345;
  const TaskScores scores = score_file(open_coco(), write(folder, "masks.json", rows), kCocoRules);
  EXPECT_FALSE(testing::metric(scores, "AP").value);
  EXPECT_THAT(testing::metric(scores, "AP").note, HasSubstr("1200 masks have no score"));
  EXPECT_TRUE(testing::metric(scores, "AR@100").value);
  EXPECT_THAT(testing::metric(scores, "AR@100").note, HasSubstr("1 masks with a category"));
}

TEST(CocoMasks, IntervalsHoldTheValueAndRepeat) {
  const Task task = open_coco();
  const Predictions predictions =
      read_predictions(data_path("masks/segm_detections.json"), task.predictions);
  const auto scorer = score_part(task, predictions, kCocoRules, 0, 120);
  const Bootstrap bootstrap{.replicates = 100, .seed = 7};
  const auto intervals = intervals_of(scorer->resampled(bootstrap));
  const TaskScores scores = scorer->compute();
  ASSERT_EQ(intervals.size(), scores.metrics.size());
  for (const MetricValue& metric : scores.metrics) {
    const Interval& interval = intervals.at(metric.key);
    EXPECT_LE(interval.low, *metric.value) << metric.key;
    EXPECT_GE(interval.high, *metric.value) << metric.key;
    EXPECT_LT(interval.low, interval.high) << metric.key;
  }
  EXPECT_EQ(intervals_of(scorer->resampled(bootstrap)), intervals);
}

TEST(CocoMasks, IntervalsOfOneImageAreItsNumbers) {
  const Task task = open_coco();
  const Predictions predictions =
      read_predictions(data_path("masks/segm_detections.json"), task.predictions);
  for (std::size_t image = 0; image < 20; ++image) {
    const auto scorer = score_part(task, predictions, kCocoRules, image, image + 1);
    const auto intervals = intervals_of(scorer->resampled({.replicates = 2, .seed = 1}));
    for (const MetricValue& metric : scorer->compute().metrics) {
      EXPECT_EQ(intervals.contains(metric.key), metric.value.has_value()) << metric.key;
      if (metric.value) {
        EXPECT_EQ(intervals.at(metric.key).low, *metric.value) << metric.key;
      }
    }
  }
}

// Referring segmentation --------------------------------------------------------------------------

TEST(ReferringMaskGolden, EverySplitHasTheGoldenNumbersUnderBothRules) {
  const json want = read_json(data_path("refcoco/expected.json"));
  for (const std::string split : {"val", "testA", "testB"}) {
    SCOPED_TRACE(split);
    const Task task = open_refcoco(split);
    const json& golden = want.at(split);
    const TaskScores all =
        score_file(task, data_path("masks/predictions_masks.json"), "refcoco_seg/union");
    EXPECT_NEAR(value_of(all, "giou"), golden.at("gIoU_mean_mask_iou").get<double>(), 2e-16);
    EXPECT_EQ(value_of(all, "ciou"), golden.at("cIoU_sumI_over_sumU").get<double>());
    for (const std::string at : {"0.5", "0.6", "0.7", "0.8", "0.9"}) {
      EXPECT_EQ(value_of(all, "prec@" + at), golden.at("mask_prec@" + at).get<double>()) << at;
    }
    const TaskScores once =
        score_file(task, data_path("masks/predictions_masks.json"), "refcoco_seg/refer_eq1");
    EXPECT_NEAR(value_of(once, "giou"), golden.at("gIoU_eq1").get<double>(), 2e-16);
    EXPECT_EQ(value_of(once, "ciou"), golden.at("cIoU_eq1").get<double>());
    EXPECT_GT(all.metrics.front().standard_error.value(), 0);
    EXPECT_EQ(all.breakdowns.at("split").at(split).n, golden.at("n_sentences").get<int>());
  }
}

TEST(ReferringMaskGolden, EverySentenceHasItsGoldenIou) {
  std::map<std::string, json> want;
  const json golden = read_json(data_path("refcoco/expected.json"));
  for (const json& row : golden.at("per_sentence")) {
    want[std::to_string(row.at("sent_id").get<int>())] = row;
  }
  const std::pair<std::string, std::string> rules[] = {{"refcoco_seg/union", "mask_iou"},
                                                       {"refcoco_seg/refer_eq1", "mask_iou_eq1"}};
  for (const std::string split : {"val", "testA", "testB"}) {
    const Task task = open_refcoco(split);
    const Predictions predictions =
        read_predictions(data_path("masks/predictions_masks.json"), task.predictions);
    for (const auto& [name, key] : rules) {
      const auto scorer = task.new_scorer(name);
      for (std::size_t i = 0; i < task.dataset->size(); ++i) {
        const std::string id = task.dataset->id(i);
        const SampleScore score = scorer->update(i, *predictions.find(id));
        EXPECT_EQ(score.at(0).second, want.at(id).at(key).get<double>()) << name << " " << id;
      }
    }
  }
}

TEST(ReferringMasks, AMissingPredictionIsAnEmptyMask) {
  const TemporaryFolder folder;
  const Task task = open_refcoco("val");
  json rows = read_json(data_path("masks/predictions_masks.json"));
  json empty = rows;
  for (json& row : empty) {
    const int height = row.at("segmentation").at("size").at(0);
    const int width = row.at("segmentation").at("size").at(1);
    row["segmentation"]["counts"] = {height * width};
  }
  const TaskScores without =
      score_file(task, write(folder, "none.json", json::array()), "refcoco_seg/union");
  const TaskScores blank =
      score_file(task, write(folder, "blank.json", empty), "refcoco_seg/union");
  for (const char* key : {"giou", "ciou", "prec@0.5"}) {
    EXPECT_EQ(value_of(without, key), 0) << key;
    EXPECT_EQ(value_of(blank, key), 0) << key;
  }
}

TEST(ReferringMasks, ACocoStyleFileIsTheSameTask) {
  const TemporaryFolder folder;
  const json square = {0, 0, 10, 0, 10, 10, 0, 10};
  const json file = {
      {"images",
       {{{"id", 3}, {"file_name", "a.jpg"}, {"caption", "cat"}, {"width", 40}, {"height", 30}}}},
      {"annotations",
       {{{"image_id", 3}, {"bbox", {0, 0, 10, 10}}, {"segmentation", json::array({square})}}}}};
  const Task task = open_task("refcoco_seg_val", {.annotations = write(folder, "val.json", file)});
  const json half = {0, 0, 10, 0, 10, 5, 0, 5};
  const json rows = {{{"sent_id", 3}, {"segmentation", json::array({half})}}};
  const TaskScores scores =
      score_file(task, write(folder, "masks.json", rows), "refcoco_seg/union");
  EXPECT_NEAR(value_of(scores, "giou"), 0.5, 0.1);
  EXPECT_EQ(value_of(scores, "giou"), value_of(scores, "ciou"));
}

TEST(ReferringMasks, IntervalOfTheRatioHoldsItsValue) {
  const Task task = open_refcoco("val");
  const Predictions predictions =
      read_predictions(data_path("masks/predictions_masks.json"), task.predictions);
  const auto scorer = score_part(task, predictions, task.rules.front(), 0, task.dataset->size());
  const auto intervals = intervals_of(scorer->resampled({.replicates = 200, .seed = 1}));
  ASSERT_EQ(intervals.size(), 1U);
  const double ciou = value_of(scorer->compute(), "ciou");
  EXPECT_LT(intervals.at("ciou").low, ciou);
  EXPECT_GT(intervals.at("ciou").high, ciou);
  EXPECT_LT(intervals.at("ciou").high - intervals.at("ciou").low, 0.5);
}

// What is refused ---------------------------------------------------------------------------------

struct BadShape {
  const char* name;
  json shape;
  const char* says;
};

const std::vector<BadShape>& bad_shapes() {
  static const std::vector<BadShape> shapes = {
      {"negative run", {{"size", {4, 5}}, {"counts", {25, -5}}}, "run length -5"},
      {"negative run, compressed", {{"size", {4, 5}}, {"counts", "5O:"}}, "run length 2 is -1"},
      {"overrun", {{"size", {4, 5}}, {"counts", {15, 6}}}, "cover 21 pixels, and 'size' makes 20"},
      {"overrun, compressed", {{"size", {4, 5}}, {"counts", "?6"}}, "cover 21 pixels"},
      {"underrun", {{"size", {4, 5}}, {"counts", {15, 4}}}, "cover 19 pixels"},
      {"underrun, compressed", {{"size", {4, 5}}, {"counts", "?4"}}, "cover 19 pixels"},
      {"no runs", {{"size", {4, 5}}, {"counts", ""}}, "cover 0 pixels"},
      {"bad character", {{"size", {4, 5}}, {"counts", "?!5"}}, "character 2 of the run lengths"},
      {"bad high character", {{"size", {4, 5}}, {"counts", "?\u00e9"}}, "0xc3"},
      {"truncated continuation", {{"size", {4, 5}}, {"counts", "?o"}}, "end within a number"},
      {"endless continuation", {{"size", {4, 5}}, {"counts", "oooooooooo"}}, "too large"},
      {"zero height", {{"size", {0, 5}}, {"counts", "0"}}, "height 0 and width 5"},
      {"negative width", {{"size", {4, -5}}, {"counts", "0"}}, "width -5"},
      {"huge", {{"size", {1 << 20, 1 << 20}}, {"counts", "0"}}, "fewer than 2^31 pixels"},
      {"size of three", {{"size", {4, 5, 6}}, {"counts", "d0"}}, "'size' of 3 numbers"},
      {"no size", {{"counts", "d0"}}, "lacks 'size'"},
      {"no counts", {{"size", {4, 5}}}, "lacks 'counts'"},
      {"counts of floats", {{"size", {4, 5}}, {"counts", {1.5}}}, "integers"},
      {"no polygon", json::array(), "empty array"},
      {"odd coordinates", {{1, 2, 3, 4, 5, 6, 7}}, "7 coordinates"},
      {"two points", {{1, 2, 3, 4}}, "2 points, want at least 3"},
      {"empty polygon", json::array({json::array()}), "0 points"},
      {"huge coordinate", {{1, 2, 3, 1e9, 5, 6}}, "the coordinate 1000000000"},
      {"flat polygon", {1, 2, 3, 4, 5, 6}, "arrays of numbers"},
      {"text", "polygon", "polygons or run lengths"},
  };
  return shapes;
}

TEST(MaskFiles, ShapesThatAreNoneAreRefusedNamingRecordAndField) {
  const TemporaryFolder folder;
  const PredictionFormat format = open_coco().predictions;
  for (const BadShape& bad : bad_shapes()) {
    SCOPED_TRACE(bad.name);
    const json rows = {
        {{"image_id", 1},
         {"category_id", 1},
         {"score", 1},
         {"segmentation", {{"size", {1, 1}}, {"counts", "1"}}}},
        {{"image_id", 1}, {"category_id", 1}, {"score", 1}, {"segmentation", bad.shape}}};
    const std::string error =
        error_of([&] { read_predictions(write(folder, "masks.json", rows), format); });
    EXPECT_THAT(error, HasSubstr(bad.says));
    EXPECT_THAT(error, HasSubstr("masks.json: record 2"));
    EXPECT_THAT(error, HasSubstr("'segmentation'"));
  }
}

TEST(MaskFiles, BadGroundTruthIsRefusedToo) {
  const TemporaryFolder folder;
  json file = read_json(data_path("coco/instances_val2017.json"));
  const auto error = [&] {
    return error_of([&] {
      open_task("coco_seg_val2017", {.annotations = write(folder, "instances.json", file)});
    });
  };
  const json good = file;
  for (const BadShape& bad : bad_shapes()) {
    file["annotations"][4]["segmentation"] = bad.shape;
    EXPECT_THAT(error(), HasSubstr("record 5 of 'annotations'")) << bad.name;
  }
  file = good;
  file["annotations"][4]["segmentation"] = {{"size", {1, 1}}, {"counts", "1"}};
  EXPECT_THAT(error(), HasSubstr("a mask of 1 x 1 pixels"));
  file = good;
  file["images"][0].erase("height");
  EXPECT_THAT(error(), HasSubstr("height 0"));
}

TEST(MaskFiles, AMaskOfAnotherSizeThanItsImageIsRefused) {
  const TemporaryFolder folder;
  const Task coco = open_coco();
  json rows = read_json(data_path("masks/segm_detections.json"));
  rows[3]["segmentation"] = {{"size", {2, 2}}, {"counts", "22"}};
  const auto masks = write(folder, "masks.json", rows);
  EXPECT_THAT(error_of([&] { score_file(coco, masks, kCocoRules); }),
              HasSubstr("a mask of 2 x 2 pixels"));
  const Predictions predictions = read_predictions(masks, coco.predictions);
  int refused = 0;
  for (std::size_t i = 0; i < coco.dataset->size(); ++i) {
    const Answer* found = predictions.find(coco.dataset->id(i));
    if (found == nullptr) continue;
    refused += error_of([&] { coco.check(i, *found); }) == "no error" ? 0 : 1;
  }
  EXPECT_EQ(refused, 1) << "a run charges it to one sample";

  json referring = read_json(data_path("masks/predictions_masks.json"));
  for (json& row : referring) row["segmentation"] = {{"size", {2, 2}}, {"counts", "22"}};
  const Task task = open_refcoco("val");
  EXPECT_THAT(
      error_of([&] { score_file(task, write(folder, "r.json", referring), task.rules.front()); }),
      HasSubstr("scoring sentence"));
}

TEST(MaskFiles, UnknownRulesAreRefused) {
  EXPECT_THAT(error_of([] { open_coco().new_scorer("coco/pycocotools"); }),
              HasSubstr("coco/pycocotools-segm"));
  EXPECT_THAT(error_of([] { open_refcoco("val").new_scorer("refcoco/iou_above"); }),
              HasSubstr("refcoco_seg/union"));
}

}  // namespace
}  // namespace sightline
