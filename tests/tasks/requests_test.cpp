// What a model is asked: images, texts, categories, tokens, limits; ids and clusters.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tasks/annotation_support.h"
#include "tests/support/bad_json.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using testing::data_path;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::open_task;
using testing::TemporaryFolder;
using testing::write_text;

/// A data root with small official files of every task.
class DataRoot : public ::testing::Test {
 protected:
  DataRoot() {
    write("vqav2/v2_OpenEnded_mscoco_val2014_questions.json",
          {{"questions",
            {{{"image_id", 9}, {"question", "Why?"}, {"question_id", 9001}},
             {{"image_id", 42}, {"question", "What is it?"}, {"question_id", 42000}},
             {{"image_id", 9}, {"question", "Is it?"}, {"question_id", 9000}}}}});
    json annotations;
    for (const int id : {42000, 9000, 9001}) {
      annotations["annotations"].push_back({{"question_type", "is"},
                                            {"answers", json(10, {{"answer", "yes"}})},
                                            {"image_id", id / 1000},
                                            {"answer_type", "yes/no"},
                                            {"question_id", id}});
    }
    write("vqav2/v2_mscoco_val2014_annotations.json", annotations);
    write("vqav2/v2_OpenEnded_mscoco_test-dev2015_questions.json",
          {{"questions", {{{"image_id", 1}, {"question", "Who?"}, {"question_id", 1000}}}}});
    write("textvqa/TextVQA_0.5.1_val.json",
          {{"data", {textvqa(34602, "00aa"), textvqa(34603, "00bb"), textvqa(34604, "00aa")}}});
    write("textvqa/TextVQA_Rosetta_OCR_v0.2_val.json",
          {{"data",
            {{{"image_id", "00bb"}, {"ocr_tokens", json::array()}},
             {{"image_id", "00aa"}, {"ocr_tokens", {"stop", "caf\u00e9"}}}}}});
    write("coco/annotations/instances_val2017.json", instances("b.jpg"));
    write("coco/annotations/captions_val2014.json", captions("COCO_val2014_000000000007.jpg"));
    write("coco/annotations/captions_val2017.json", captions("000000000007.jpg"));
    write("docci/docci_descriptions.jsonlines", docci("qual_dev", "qual_dev_00000"));
  }

  void write(const std::string& name, const json& document) {
    write_text(root_ / name, document.dump());
  }

  static json textvqa(int id, const std::string& image) {
    return {{"question", "What " + std::to_string(id) + "?"},
            {"image_id", image},
            {"answers", json(10, "stop")},
            {"question_id", id}};
  }

  static json instances(const std::string& file_name) {
    const auto object = [](int id, int image, int category) {
      return json{{"id", id},
                  {"image_id", image},
                  {"category_id", category},
                  {"bbox", {0, 0, 2, 2}},
                  {"area", 4}};
    };
    return {{"images",
             {{{"id", 7}, {"file_name", "a.jpg"}, {"width", 640}, {"height", 480}},
              {{"id", 5}, {"file_name", file_name}, {"width", 64}, {"height", 48}},
              {{"id", 6}, {"file_name", "c.jpg"}}}},
            {"annotations", {object(1, 7, 90), object(2, 7, 3), object(3, 5, 3), object(4, 7, 3)}},
            {"categories",
             {{{"id", 90}, {"name", "toothbrush"}},
              {{"id", 3}, {"name", "car"}},
              {{"id", 1}, {"name", "person"}}}}};
  }

  static json captions(const std::string& file_name) {
    return {{"images", {{{"id", 7}, {"file_name", file_name}}}},
            {"annotations", {{{"image_id", 7}, {"caption", "A cat."}}}}};
  }

  static json docci(const std::string& split, const std::string& id) {
    return {
        {"example_id", id}, {"split", split}, {"image_file", id + ".jpg"}, {"description", "A."}};
  }

  Task open(const std::string& choice) { return open_task(choice, {.data_root = root_.path()}); }

  /// The image of a sample, relative to the data root.
  std::string image(const Task& task, std::size_t index) {
    return fs::relative(task.dataset->request(index).images.at(0).path, root_.path());
  }

  TemporaryFolder root_;
};

std::vector<std::string> ids_of(const Task& task) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    ids.push_back(task.dataset->id(i));
    EXPECT_EQ(task.dataset->request(i).id, ids.back());
    EXPECT_EQ(task.dataset->request(i).ticket, i);
    EXPECT_TRUE(task.dataset->request(i).prompt.empty());
  }
  return ids;
}

TEST_F(DataRoot, VqaAsksInTheOrderOfTheAnnotations) {
  const Task task = open("vqav2_val");
  EXPECT_THAT(ids_of(task), ElementsAre("42000", "9000", "9001"));
  const Request request = task.dataset->request(1);
  EXPECT_EQ(request.kind, Kind::kText);
  EXPECT_EQ(request.purpose, Purpose::kShortAnswer);
  EXPECT_EQ(request.text, "Is it?");
  EXPECT_EQ(request.decoding.max_new_tokens, 16);
  EXPECT_EQ(request.decoding.temperature, 0);
  EXPECT_TRUE(request.ocr_tokens.empty());
  EXPECT_EQ(image(task, 0), "vqav2/val2014/COCO_val2014_000000000042.jpg");
  EXPECT_EQ(task.dataset->cluster(0), 0U);
  EXPECT_EQ(task.dataset->cluster(1), 1U);
  EXPECT_EQ(task.dataset->cluster(2), 1U);
  EXPECT_EQ(task.dataset->hashes().size(), 2U);
}

TEST_F(DataRoot, VqaIsScoredWithoutItsQuestions) {
  fs::remove(root_ / "vqav2/v2_OpenEnded_mscoco_val2014_questions.json");
  const Task task = open_task("vqav2_val", {.data_root = root_.path(), .for_scoring = true});
  EXPECT_EQ(task.dataset->size(), 3U);
  EXPECT_EQ(task.dataset->hashes().size(), 1U);
  EXPECT_THAT(error_of([&] { open("vqav2_val"); }), HasSubstr("questions.json"));
}

TEST_F(DataRoot, VqaTestDevHasNoReferences) {
  const Task task = open("vqav2_testdev");
  EXPECT_FALSE(task.has_references);
  EXPECT_THAT(ids_of(task), ElementsAre("1000"));
  EXPECT_EQ(image(task, 0), "vqav2/test2015/COCO_test2015_000000000001.jpg");
  EXPECT_TRUE(open("vqav2_val").has_references);
}

TEST_F(DataRoot, TextVqaGivesOcrTokensOnlyWhenAsked) {
  const Task off = open("textvqa_val");
  EXPECT_THAT(ids_of(off), ElementsAre("34602", "34603", "34604"));
  EXPECT_TRUE(off.dataset->request(0).ocr_tokens.empty());
  EXPECT_EQ(off.dataset->hashes().size(), 1U);
  const Task on = open("textvqa_val[ocr=on]");
  EXPECT_THAT(on.dataset->request(0).ocr_tokens, ElementsAre("stop", "caf\u00e9"));
  EXPECT_THAT(on.dataset->request(1).ocr_tokens, ElementsAre());
  EXPECT_THAT(on.dataset->request(2).ocr_tokens, ElementsAre("stop", "caf\u00e9"));
  EXPECT_EQ(on.dataset->hashes().size(), 2U);
  EXPECT_EQ(on.protocol.at("ocr"), "on");
  EXPECT_EQ(image(on, 1), "textvqa/train_images/00bb.jpg");
  EXPECT_EQ(on.dataset->cluster(0), on.dataset->cluster(2));
  EXPECT_NE(on.dataset->cluster(0), on.dataset->cluster(1));
  EXPECT_EQ(on.dataset->request(0).decoding.max_new_tokens, 16);
}

std::vector<std::int64_t> categories_of(const Task& task, std::size_t index) {
  std::vector<std::int64_t> ids;
  const Request request = task.dataset->request(index);
  for (const Category& category : *request.categories) ids.push_back(category.id);
  return ids;
}

TEST_F(DataRoot, DetectionNamesAllCategoriesOrThosePresent) {
  const Task all = open("coco_det_val2017");
  EXPECT_THAT(ids_of(all), ElementsAre("5", "6", "7")) << "ascending, as pycocotools goes";
  const Task present = open("coco_det_val2017[categories=present]");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(categories_of(all, i), ElementsAre(1, 3, 90));
  EXPECT_THAT(categories_of(present, 0), ElementsAre(3));
  EXPECT_THAT(categories_of(present, 1), ElementsAre());
  EXPECT_THAT(categories_of(present, 2), ElementsAre(3, 90));
  const Request request = present.dataset->request(2);
  EXPECT_EQ(request.categories->at(1).name, "toothbrush");
  EXPECT_EQ(request.kind, Kind::kDetect);
  EXPECT_EQ(request.images.at(0).width, 640);
  EXPECT_EQ(request.images.at(0).height, 480);
  EXPECT_EQ(request.decoding.max_new_tokens, 2048);
  EXPECT_EQ(image(present, 2), "coco/val2017/a.jpg");
  const std::set<std::uint32_t> clusters = {all.dataset->cluster(0), all.dataset->cluster(1),
                                            all.dataset->cluster(2)};
  EXPECT_EQ(clusters, (std::set<std::uint32_t>{0, 1, 2}));
}

TEST_F(DataRoot, CaptionsComeFromEitherYear) {
  const Task of2014 = open("coco_captions_val");
  EXPECT_EQ(image(of2014, 0), "coco/val2014/COCO_val2014_000000000007.jpg");
  EXPECT_EQ(of2014.protocol.at("split"), "val2014");
  const Task of2017 = open("coco_captions_val[year=2017]");
  EXPECT_EQ(image(of2017, 0), "coco/val2017/000000000007.jpg");
  EXPECT_EQ(of2017.protocol.at("split"), "val2017");
  const Request request = of2017.dataset->request(0);
  EXPECT_EQ(request.id, "7");
  EXPECT_EQ(request.purpose, Purpose::kCaption);
  EXPECT_EQ(request.text, "");
  EXPECT_EQ(request.decoding.max_new_tokens, 512);
}

TEST_F(DataRoot, DocciIsReadBySplit) {
  write_text(root_ / "docci/docci_descriptions.jsonlines",
             docci("train", "train_00000").dump() + "\n" + docci("test", "test_00000").dump() +
                 "\n\n" + docci("qual_dev", "qual_dev_00000").dump() + "\n" +
                 docci("qual_test", "qual_test_00000").dump() + "\n");
  for (const std::string split : {"test", "qual_dev", "qual_test"}) {
    const Task task = open("docci_" + split);
    EXPECT_THAT(ids_of(task), ElementsAre(split + "_00000"));
    EXPECT_EQ(image(task, 0), "docci/images/" + split + "_00000.jpg");
    EXPECT_EQ(task.dataset->request(0).purpose, Purpose::kDetailedCaption);
    EXPECT_EQ(task.protocol.at("split"), split);
  }
}

TEST_F(DataRoot, ImagesAreTakenFromTheFolderNamed) {
  for (const std::string name :
       {"vqav2_val", "textvqa_val", "coco_det_val2017", "coco_captions_val", "docci_qual_dev"}) {
    const Task task = open_task(name, {.data_root = root_.path(), .images = root_ / "elsewhere"});
    EXPECT_EQ(task.dataset->request(0).images.at(0).path.parent_path(), root_ / "elsewhere")
        << name;
  }
}

TEST_F(DataRoot, HashesFollowTheContent) {
  const auto before = open("coco_det_val2017").dataset->hashes();
  ASSERT_EQ(before.count("instances_val2017.json"), 1U);
  EXPECT_EQ(open("coco_det_val2017").dataset->hashes(), before);
  write("coco/annotations/instances_val2017.json", instances("other.jpg"));
  EXPECT_NE(open("coco_det_val2017").dataset->hashes(), before);
}

TEST_F(DataRoot, FilesOfOneNameKeepBothHashes) {
  write_text(root_ / "a/file.json", "1");
  write_text(root_ / "b/file.json", "2");
  const auto hashes = hashes_of({root_ / "a/file.json", root_ / "b/file.json"});
  EXPECT_EQ(hashes.size(), 2U);
  EXPECT_NE(hashes.at("file.json"), hashes.at("file.json (2)"));
}

TEST_F(DataRoot, ImagesOutsideTheirFolderAreRefused) {
  fs::create_directories(root_ / "coco/val2017/sub");
  write_text(root_ / "secret.jpg", "x");
  fs::create_symlink(root_ / "secret.jpg", root_ / "coco/val2017/link.jpg");
  fs::create_symlink(root_.path(), root_ / "coco/val2017/up");
  write_text(root_ / "coco/val2017/real.jpg", "x");
  fs::create_symlink("real.jpg", root_ / "coco/val2017/inside.jpg");
  const std::pair<std::string, const char*> refused[] = {
      {"", "empty"},
      {"../x.jpg", "climbs out"},
      {"sub/../../x.jpg", "climbs out"},
      {"/etc/passwd", "absolute"},
      {"link.jpg", "symbolic link"},
      {"up/secret.jpg", "symbolic link"},
      {std::string("a\0.jpg", 6), "zero byte"},
  };
  for (const auto& [name, says] : refused) {
    SCOPED_TRACE(name);
    write("coco/annotations/instances_val2017.json", instances(name));
    const Task task = open("coco_det_val2017");
    EXPECT_THAT(error_of([&] { task.dataset->request(0); }),
                AllOf(HasSubstr(says), HasSubstr("sample 5"), HasSubstr("instances_val2017.json")));
    EXPECT_EQ(error_of([&] { task.dataset->request(2); }), "no error");
  }
  for (const char* name : {"sub/x.jpg", "inside.jpg", "..x.jpg"}) {
    write("coco/annotations/instances_val2017.json", instances(name));
    EXPECT_EQ(open("coco_det_val2017").dataset->request(0).images.at(0).path,
              root_ / "coco/val2017" / name);
  }
}

}  // namespace
}  // namespace sightline
