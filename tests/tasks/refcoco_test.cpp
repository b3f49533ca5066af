// RefCOCO through the task layer: the goldens from every form of its files, splits, ids.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/file.h"
#include "tests/support/paths.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;
using testing::open_task;
using testing::score_file;
using testing::TemporaryFolder;
using testing::value_of;

json read_json(const std::string& name) {
  return json::parse(read_file(data_path(name)));
}

/// The width that leads from `low` to `high`, exactly where a double does: the goldens give
/// corners.
double exact_size(double low, double high) {
  double size = high - low;
  while (low + size < high) size = std::nextafter(size, INFINITY);
  while (low + size > high) size = std::nextafter(size, 0.0);
  return size;
}

/// The golden boxes in the official format. A box whose corners are swapped becomes an empty one:
/// both have IoU 0.
json golden_predictions() {
  json rows = json::array();
  for (const json& row : read_json("refcoco/predictions_boxes.json")) {
    const std::vector<double> c = row.at("bbox_xyxy");
    const double w = std::max(0.0, exact_size(c[0], c[2]));
    const double h = std::max(0.0, exact_size(c[1], c[3]));
    rows.push_back({{"ref_id", row.at("ref_id")},
                    {"sent_id", row.at("sent_id")},
                    {"bbox", {c[0], c[1], w, h}}});
  }
  return rows;
}

std::filesystem::path write(const TemporaryFolder& folder, const std::string& name,
                            const json& document) {
  std::ofstream(folder / name) << document;
  return folder / name;
}

Task open_refcoco(const std::string& split, const std::string& refs) {
  return open_task("refcoco_" + split,
                   {.annotations = data_path("refcoco/instances.json"), .refs = data_path(refs)});
}

class RefsFile : public ::testing::TestWithParam<const char*> {};

TEST_P(RefsFile, EverySplitHasTheGoldenAccuracies) {
  const TemporaryFolder folder;
  const auto predictions = write(folder, "boxes.json", golden_predictions());
  const json want = read_json("refcoco/expected.json");
  for (const std::string split : {"val", "testA", "testB"}) {
    SCOPED_TRACE(split);
    const Task task = open_refcoco(split, GetParam());
    const json& golden = want.at(split);
    ASSERT_EQ(task.dataset->size(), golden.at("n_sentences").get<std::size_t>());
    const TaskScores scores = score_file(task, predictions, "refcoco/iou_at_least");
    EXPECT_EQ(value_of(scores, "acc@0.5"), golden.at("acc@0.5").get<double>());
    EXPECT_NEAR(value_of(scores, "mean_iou"), golden.at("mean_iou").get<double>(), 1e-15);
    EXPECT_EQ(value_of(score_file(task, predictions, "refcoco/iou_above"), "acc@0.5"),
              golden.at("acc@0.5_strict_gt").get<double>());
    const auto& group = scores.breakdowns.at("split").at(split);
    EXPECT_EQ(group.n, golden.at("n_sentences").get<std::int64_t>());
    EXPECT_NEAR(group.values.at("acc@0.5"), golden.at("acc@0.5").get<double>(), 1e-15);
  }
}

TEST_P(RefsFile, EverySampleHasItsGoldenIou) {
  const TemporaryFolder folder;
  const auto predictions = read_predictions(write(folder, "boxes.json", golden_predictions()),
                                            open_refcoco("val", GetParam()).predictions);
  std::map<std::string, double> want;
  const json golden = read_json("refcoco/expected.json");
  for (const json& row : golden.at("per_sentence")) {
    want[std::to_string(row.at("sent_id").get<int>())] = row.at("iou");
  }
  for (const std::string split : {"val", "testA", "testB"}) {
    const Task task = open_refcoco(split, GetParam());
    const auto scorer = task.new_scorer(task.rules.front());
    for (std::size_t i = 0; i < task.dataset->size(); ++i) {
      const std::string id = task.dataset->id(i);
      EXPECT_NEAR(scorer->update(i, *predictions.find(id)).at(1).second, want.at(id), 1e-15) << id;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, RefsFile,
                         ::testing::Values("pickle/refs(unc).p", "pickle/refs_py2_protocol0.p",
                                           "pickle/refs_py3_protocol0.p",
                                           "pickle/refs_py3_protocol2.p",
                                           "pickle/refs_py3_protocol4.p",
                                           "refcoco/refs_as_json.json"));

TEST(RefCoco, OfficialLayoutIsFoundUnderTheDataRoot) {
  const TemporaryFolder root;
  for (const std::string set : {"refcoco", "refcoco+", "refcocog"}) {
    const auto folder = root / "refcoco" / set;
    std::filesystem::create_directories(folder);
    const std::string refs = set == "refcocog" ? "refs(umd).p" : "refs(unc).p";
    std::filesystem::copy(data_path("pickle/refs(unc).p"), folder / refs);
    std::filesystem::copy(data_path("refcoco/instances.json"), folder / "instances.json");
    const Task task = open_task(set + "_val", {.data_root = root.path()});
    EXPECT_EQ(task.dataset->size(), 59U);
    EXPECT_EQ(task.protocol.at("dataset"), set);
    EXPECT_EQ(task.protocol.at("partition"), set == "refcocog" ? "umd" : "unc");
    EXPECT_EQ(task.dataset->hashes().size(), 2U);
    const ImageInput image = task.dataset->request(0).images.at(0);
    EXPECT_EQ(image.path.parent_path(), root / "coco/train2014");
    EXPECT_GT(image.width, 0);
  }
}

/// Refs of one sentence each, one for every split, on one object.
json refs_of_splits(const std::vector<std::string>& splits) {
  const json golden = read_json("refcoco/refs_as_json.json").at(0);
  json refs = json::array();
  int id = 0;
  for (const std::string& split : splits) {
    json ref = golden;
    ref["split"] = split;
    ref["ref_id"] = ++id;
    ref["sentences"] = {{{"sent_id", 100 + id}, {"sent", split}}};
    refs.push_back(ref);
  }
  return refs;
}

TEST(RefCoco, SplitsAreChosenAsTheLoaderOfTheDataSetDoes) {
  const TemporaryFolder folder;
  const auto refs = write(folder, "refs.json",
                          refs_of_splits({"train", "val", "testA", "testB", "testAB", "test"}));
  const std::pair<std::string, std::set<std::string>> cases[] = {
      {"refcoco_val", {"val"}},
      {"refcoco_testA", {"testA", "testAB"}},
      {"refcoco+_testB", {"testB", "testAB"}},
      {"refcocog_test", {"test", "testA", "testB", "testAB"}}};
  for (const auto& [name, want] : cases) {
    const Task task =
        open_task(name, {.annotations = data_path("refcoco/instances.json"), .refs = refs});
    std::set<std::string> texts;
    for (std::size_t i = 0; i < task.dataset->size(); ++i) {
      texts.insert(task.dataset->request(i).text);
    }
    EXPECT_EQ(texts, want) << name;
  }
}

TEST(RefCoco, ARefIdStandsForAllItsSentences) {
  const TemporaryFolder folder;
  const Task task = open_refcoco("val", "refcoco/refs_as_json.json");
  json refs_only = json::array(), every_sentence = json::array();
  std::set<std::string> seen;
  int left = 10;
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    const std::string group = task.dataset->group_id(i);
    ASSERT_TRUE(group.starts_with("ref:"));
    EXPECT_EQ(task.dataset->request(i).group_id, group);
    const int ref = std::stoi(group.substr(4));
    const json box = {ref % 7 * left, 0, 300, 300};
    every_sentence.push_back({{"sent_id", std::stoi(task.dataset->id(i))}, {"bbox", box}});
    if (seen.insert(group).second) refs_only.push_back({{"ref_id", ref}, {"bbox", box}});
  }
  EXPECT_LT(seen.size(), task.dataset->size());
  const TaskScores by_ref =
      score_file(task, write(folder, "refs.json", refs_only), task.rules.front());
  const TaskScores by_sentence =
      score_file(task, write(folder, "sentences.json", every_sentence), task.rules.front());
  EXPECT_GT(value_of(by_ref, "mean_iou"), 0);
  EXPECT_EQ(value_of(by_ref, "mean_iou"), value_of(by_sentence, "mean_iou"));
}

TEST(RefCoco, ExpressionsOfOneImageShareACluster) {
  const Task task = open_refcoco("val", "refcoco/refs_as_json.json");
  std::map<std::string, std::set<std::uint32_t>> clusters;
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    clusters[task.dataset->request(i).images.at(0).path].insert(task.dataset->cluster(i));
  }
  std::set<std::uint32_t> numbers;
  for (const auto& [image, own] : clusters) {
    EXPECT_EQ(own.size(), 1U) << image;
    numbers.insert(own.begin(), own.end());
  }
  EXPECT_EQ(numbers.size(), clusters.size());
  EXPECT_EQ(*numbers.rbegin(), numbers.size() - 1) << "dense from 0";
}

TEST(RefCoco, ACocoStyleFileIsTheSameTask) {
  const TemporaryFolder folder;
  const json file = {{"images",
                      {{{"id", 3},
                        {"file_name", "a.jpg"},
                        {"caption", "left cat"},
                        {"original_id", 7},
                        {"width", 640},
                        {"height", 480}},
                       {{"id", 4}, {"file_name", "a.jpg"}, {"caption", "it"}, {"original_id", 7}},
                       {{"id", 5}, {"file_name", "b.jpg"}, {"caption", "dog"}}}},
                     {"annotations",
                      {{{"image_id", 3}, {"bbox", {0, 0, 10, 10}}},
                       {{"image_id", 5}, {"bbox", {0, 0, 10, 10}}},
                       {{"image_id", 4}, {"bbox", {5, 5, 10, 10}}}}}};
  const Task task =
      open_task("refcoco_val", {.annotations = write(folder, "val.json", file), .images = "root"});
  ASSERT_EQ(task.dataset->size(), 3U);
  const Request request = task.dataset->request(0);
  EXPECT_EQ(request.id, "3");
  EXPECT_EQ(request.text, "left cat");
  EXPECT_EQ(request.images.at(0).path, "root/a.jpg");
  EXPECT_EQ(request.images.at(0).width, 640);
  EXPECT_EQ(task.dataset->group_id(0), "");
  EXPECT_EQ(task.dataset->cluster(0), task.dataset->cluster(1));
  EXPECT_NE(task.dataset->cluster(0), task.dataset->cluster(2));
  const json rows = {{{"sent_id", 3}, {"bbox", {0, 0, 10, 5}}},
                     {{"sent_id", "4"}, {"bbox", {5, 5, 10, 10}}}};
  const TaskScores scores =
      score_file(task, write(folder, "boxes.json", rows), "refcoco/iou_at_least");
  EXPECT_DOUBLE_EQ(value_of(scores, "acc@0.5"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value_of(scores, "mean_iou"), 1.5 / 3);
}

}  // namespace
}  // namespace sightline
