#include "harness/demo/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/demo/coco_files.h"
#include "harness/media/decode.h"
#include "models/opencv/painter.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using sightline::testing::TemporaryFolder;

constexpr DemoOptions kSmall = {.scenes = 16, .text_images = 6, .textures = 9};

/// One small suite for all tests that only read.
class DemoSuite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    summary_ = make_demo_suite(folder_->path(), open_painter, kSmall);
  }
  static void TearDownTestSuite() { delete folder_; }

  static fs::path file(const std::string& name) { return *folder_ / name; }
  static Json json(const std::string& name) { return Json::parse(read_file(file(name))); }

  static TemporaryFolder* folder_;
  static DemoSummary summary_;
};
TemporaryFolder* DemoSuite::folder_ = nullptr;
DemoSummary DemoSuite::summary_;

std::map<std::string, std::string> contents(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(root).string()] = read_file(entry.path());
    }
  }
  return files;
}

TEST_F(DemoSuite, IsTheSameByteForByteOnAnyNumberOfThreads) {
  const TemporaryFolder other;
  set_thread_count(3);
  make_demo_suite(other.path(), open_painter, kSmall);
  set_thread_count(0);
  const auto one = contents(folder_->path()), two = contents(other.path());
  ASSERT_EQ(one.size(), two.size());
  for (const auto& [name, bytes] : one) {
    ASSERT_TRUE(two.contains(name)) << name;
    EXPECT_TRUE(two.at(name) == bytes) << name << " differs";
  }
}

TEST_F(DemoSuite, ChangesWithTheSeed) {
  const TemporaryFolder other;
  DemoOptions options = kSmall;
  options.seed = 1;
  make_demo_suite(other.path(), open_painter, options);
  EXPECT_NE(read_file(other / "coco/annotations/instances_val2017.json"),
            read_file(file("coco/annotations/instances_val2017.json")));
}

TEST_F(DemoSuite, CountsWhatItWrote) {
  EXPECT_EQ(summary_.images, 16U + 6 + 9);
  const auto files = contents(folder_->path());
  EXPECT_EQ(summary_.files + 1, files.size());  // and the marker
  std::map<std::string, std::size_t> samples(summary_.samples.begin(), summary_.samples.end());
  EXPECT_EQ(samples["vqav2_val"],
            json("vqav2/v2_OpenEnded_mscoco_val2014_questions.json")["questions"].size());
  EXPECT_EQ(samples["textvqa_val"], json("textvqa/TextVQA_0.5.1_val.json")["data"].size());
  EXPECT_EQ(samples["coco_det_val2017"], 16U);
  EXPECT_EQ(samples["imagenet_recon_val"], 9U);
  for (const auto& [task, count] : samples) EXPECT_GT(count, 0U) << task;
}

TEST_F(DemoSuite, HoldsPicturesOfTheSizesThatItsFilesTell) {
  const std::pair<std::string, std::string> kFiles[] = {
      {"coco/annotations/instances_val2017.json", "coco/val2017/"},
      {"coco/annotations/captions_val2014.json", "coco/val2014/"},
      {"refcoco/refcoco/instances.json", "coco/train2014/"},
      {"refcoco/refcoco+/instances.json", "coco/train2014/"},
      {"refcoco/refcocog/instances.json", "coco/train2014/"}};
  for (const auto& [annotations, folder] : kFiles) {
    const Json data = json(annotations);
    EXPECT_EQ(data["images"].size(), 16U);
    for (const Json& image : data["images"]) {
      const std::string name = folder + image["file_name"].get<std::string>();
      const Image picture = read_image(file(name));
      EXPECT_EQ(picture.width, image["width"].get<int>()) << name;
      EXPECT_EQ(picture.height, image["height"].get<int>()) << name;
    }
  }
}

TEST_F(DemoSuite, HasBoxesInsideTheirImagesWithTheirAreas) {
  const Json data = json("coco/annotations/instances_val2017.json");
  std::map<std::int64_t, Json> images;
  for (const Json& image : data["images"]) images[image["id"].get<std::int64_t>()] = image;
  std::set<std::int64_t> categories, ids;
  for (const Json& category : data["categories"])
    categories.insert(category["id"].get<std::int64_t>());
  for (const Json& annotation : data["annotations"]) {
    const auto box = annotation["bbox"].get<std::vector<double>>();
    const Json& image = images.at(annotation["image_id"].get<std::int64_t>());
    EXPECT_GE(std::min(box[0], box[1]), 0);
    EXPECT_LE(box[0] + box[2], image["width"].get<double>());
    EXPECT_LE(box[1] + box[3], image["height"].get<double>());
    EXPECT_GT(annotation["area"].get<double>(), 0);
    EXPECT_LE(annotation["area"].get<double>(), box[2] * box[3]);
    EXPECT_TRUE(categories.contains(annotation["category_id"].get<std::int64_t>()));
    EXPECT_TRUE(ids.insert(annotation["id"].get<std::int64_t>()).second) << "id twice";
  }
  EXPECT_FALSE(ids.contains(0));  // COCO's evaluator loses an annotation of id 0
}

TEST_F(DemoSuite, HasCrowdsWithTheMaskThatTheirBoxSays) {
  int crowds = 0;
  const Json entries = json("coco/annotations/instances_val2017.json")["annotations"];
  for (const Json& annotation : entries) {
    if (annotation["iscrowd"] == 0) continue;
    ++crowds;
    const auto counts = annotation["segmentation"]["counts"].get<std::vector<int>>();
    const auto size = annotation["segmentation"]["size"].get<std::vector<int>>();
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), size[0] * size[1]);
    int area = 0;
    for (std::size_t i = 1; i < counts.size(); i += 2) area += counts[i];
    EXPECT_EQ(area, annotation["area"].get<int>());
    // The first run of zeros ends in the column where the box starts.
    EXPECT_EQ(counts[0] / size[0], annotation["bbox"][0].get<int>());
  }
  EXPECT_GT(crowds, 0);
}

TEST_F(DemoSuite, HasAnImageAndTenAnswersForEveryVqaQuestion) {
  for (const std::string split : {"val2014", "train2014"}) {
    const Json questions =
        json("vqav2/v2_OpenEnded_mscoco_" + split + "_questions.json")["questions"];
    const Json annotations = json("vqav2/v2_mscoco_" + split + "_annotations.json")["annotations"];
    ASSERT_EQ(questions.size(), annotations.size());
    std::set<std::int64_t> ids;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const Json &question = questions[i], &annotation = annotations[i];
      EXPECT_TRUE(ids.insert(question["question_id"].get<std::int64_t>()).second);
      EXPECT_EQ(question["question_id"], annotation["question_id"]);
      EXPECT_EQ(question["image_id"], annotation["image_id"]);
      EXPECT_EQ(question["question_id"].get<std::int64_t>() / 1000, question["image_id"]);
      ASSERT_EQ(annotation["answers"].size(), 10U);
      for (std::size_t k = 0; k < 10; ++k) EXPECT_EQ(annotation["answers"][k]["answer_id"], k + 1);
      if (split == "val2014") {
        EXPECT_TRUE(fs::exists(
            file("vqav2/val2014/" + demo::coco_file_name("COCO_val2014_", question["image_id"]))));
      }
    }
  }
}

TEST_F(DemoSuite, HasTextQuestionsAndWordsForItsPictures) {
  std::map<std::string, Json> words;
  const Json entries = json("textvqa/TextVQA_Rosetta_OCR_v0.2_val.json")["data"];
  for (const Json& entry : entries) {
    words[entry["image_id"].get<std::string>()] = entry;
    ASSERT_EQ(entry["ocr_tokens"].size(), entry["ocr_info"].size());
    for (const Json& info : entry["ocr_info"]) {
      const Json& box = info["bounding_box"];
      EXPECT_GT(box["topLeftX"].get<double>(), 0);
      EXPECT_GT(box["topLeftY"].get<double>(), 0);
      EXPECT_LT(box["topLeftX"].get<double>() + box["width"].get<double>(), 1);
      EXPECT_LT(box["topLeftY"].get<double>() + box["height"].get<double>(), 1);
    }
  }
  const Json data = json("textvqa/TextVQA_0.5.1_val.json")["data"];
  EXPECT_GE(data.size(), 12U);
  for (const Json& entry : data) {
    EXPECT_EQ(entry["answers"].size(), 10U);
    ASSERT_TRUE(words.contains(entry["image_id"].get<std::string>()));
    const auto info = probe_image_file(
        file("textvqa/train_images/" + entry["image_id"].get<std::string>() + ".jpg"));
    EXPECT_EQ(info.width, entry["image_width"].get<int>());
    EXPECT_EQ(info.height, entry["image_height"].get<int>());
  }
}

TEST_F(DemoSuite, HasDescriptionsOfEverySplitForItsPictures) {
  std::ifstream lines(file("docci/docci_descriptions.jsonlines"));
  std::map<std::string, int> splits, endings;
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line);
    const std::string id = entry["example_id"], split = entry["split"];
    EXPECT_TRUE(id.starts_with(split + "_"));
    ++splits[split];
    const fs::path image = file("docci/images/" + entry["image_file"].get<std::string>());
    ++endings[image.extension()];
    const bool is_png = probe_image_file(image).format == ImageFormat::kPng;
    EXPECT_EQ(is_png, image.extension() == ".png");
  }
  EXPECT_THAT(splits, ::testing::ElementsAre(
                          ::testing::Pair("qual_dev", 4), ::testing::Pair("qual_test", 4),
                          ::testing::Pair("test", 6), ::testing::Pair("train", 2)));
  EXPECT_EQ(endings[".png"], 2);
}

TEST_F(DemoSuite, HasJpegsToReconstructOfSeveralShapes) {
  std::set<std::pair<int, int>> sizes;
  for (int i = 1; i <= 9; ++i) {
    const auto info =
        probe_image_file(file("imagenet/val/ILSVRC2012_val_0000000" + std::to_string(i) + ".JPEG"));
    EXPECT_EQ(info.format, ImageFormat::kJpeg);
    EXPECT_GE(std::min(info.width, info.height), 64);
    EXPECT_NE(info.width, info.height);
    sizes.emplace(info.width, info.height);
  }
  EXPECT_GE(sizes.size(), 4U);
}

TEST(DemoSuiteFolder, IsDrawnAgainOverItself) {
  const TemporaryFolder folder;
  const DemoOptions tiny = {.scenes = 2, .text_images = 1, .textures = 1};
  make_demo_suite(folder.path(), open_painter, tiny);
  const auto before = contents(folder.path());
  make_demo_suite(folder.path(), open_painter, tiny);
  EXPECT_TRUE(contents(folder.path()) == before);
}

TEST(DemoSuiteFolder, IsRefusedWhenItHoldsSomethingElse) {
  const TemporaryFolder folder;
  const DemoOptions tiny = {.scenes = 1, .text_images = 1, .textures = 1};
  write_file_atomically(folder / "thesis.tex", "mine");
  EXPECT_THROW(make_demo_suite(folder.path(), open_painter, tiny), Error);
  EXPECT_THROW(make_demo_suite(folder / "thesis.tex", open_painter, tiny), Error);
  EXPECT_EQ(contents(folder.path()).size(), 1U);
  make_demo_suite(folder / "new/suite", open_painter, tiny);
  EXPECT_THROW(make_demo_suite(folder / "new/suite", open_painter, {.seed = 1}), Error);
}

TEST(RunLengths, StartWithZerosAndCoverTheMask) {
  using demo::run_lengths;
  EXPECT_EQ(run_lengths({false, false, true, false}), (std::vector{2, 1, 1}));
  EXPECT_EQ(run_lengths({true, true, false}), (std::vector{0, 2, 1}));
  EXPECT_EQ(run_lengths({false, false}), (std::vector{2}));
}

}  // namespace
}  // namespace sightline
