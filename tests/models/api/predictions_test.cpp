#include "models/api/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/bad_json.h"

namespace sightline {
namespace {

using nlohmann::json;
using Shape = PredictionFormat::Shape;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using testing::FieldKind;
using ::testing::HasSubstr;
using testing::ReaderCase;
using testing::TemporaryFolder;
using testing::write_text;

const PredictionFormat kTexts{.id_field = "question_id", .text_field = "answer"};
const PredictionFormat kDetections{.shape = Shape::kDetections, .id_field = "image_id"};
const PredictionFormat kGroundings{.shape = Shape::kGroundings, .id_field = "sent_id"};
const PredictionFormat kMasks{.shape = Shape::kMasks, .id_field = "image_id"};
const PredictionFormat kGroundedMasks{.shape = Shape::kGroundedMasks, .id_field = "sent_id"};
const PredictionFormat kImages{.shape = Shape::kReconstructions, .id_field = "name"};

// Damaged files ----------------------------------------------------------------------------------

ReaderCase texts(bool lines) {
  return {lines ? "TextsInLines" : "Texts",
          "results.json",
          {{{"question_id", 42000}, {"answer", "yes"}}, {{"question_id", "x1"}, {"answer", ""}}},
          lines,
          {{"/1", "question_id", FieldKind::kId}, {"/1", "answer", FieldKind::kText}},
          [](const auto& file) { read_predictions(file, kTexts); }};
}

ReaderCase detections(bool lines) {
  return {lines ? "DetectionsInLines" : "Detections",
          "results.json",
          {{{"image_id", 7}, {"category_id", 1}, {"bbox", {1, 2, 3, 4}}, {"score", 0.5}},
           {{"image_id", 7}, {"category_id", 1}, {"bbox", {1, 2.5, 3, 4}}, {"score", 1}}},
          lines,
          {{"/1", "image_id", FieldKind::kId},
           {"/1", "category_id", FieldKind::kInteger},
           {"/1", "bbox", FieldKind::kBox},
           {"/1", "score", FieldKind::kNumber, true}},
          [](const auto& file) { read_predictions(file, kDetections); }};
}

ReaderCase groundings(bool lines) {
  return {lines ? "GroundingsInLines" : "Groundings",
          "results.json",
          {{{"ref_id", 1}, {"bbox", {1, 2, 3, 4}}},
           {{"ref_id", 2}, {"sent_id", 8}, {"bbox", {1, 2, 3, 4}}}},
          lines,
          {{"/1", "sent_id", FieldKind::kId, true},
           {"/1", "ref_id", FieldKind::kId, true},
           {"/1", "bbox", FieldKind::kBox}},
          [](const auto& file) { read_predictions(file, kGroundings); }};
}

// Values of 'segmentation' that are no shape are in tests/tasks/segmentation_test.cpp.
const json kShape = {{"size", {2, 3}}, {"counts", "123"}};

ReaderCase masks(bool lines) {
  return {lines ? "MasksInLines" : "Masks",
          "results.json",
          {{{"image_id", 7}, {"category_id", 1}, {"segmentation", kShape}, {"score", 0.5}},
           {{"image_id", 7}, {"category_id", 1}, {"segmentation", kShape}, {"score", 1}}},
          lines,
          {{"/1", "image_id", FieldKind::kId},
           {"/1", "category_id", FieldKind::kInteger},
           {"/1", "score", FieldKind::kNumber, true}},
          [](const auto& file) { read_predictions(file, kMasks); }};
}

ReaderCase grounded_masks(bool lines) {
  return {lines ? "GroundedMasksInLines" : "GroundedMasks",
          "results.json",
          {{{"ref_id", 1}, {"segmentation", kShape}},
           {{"ref_id", 2}, {"sent_id", 8}, {"segmentation", kShape}}},
          lines,
          {{"/1", "sent_id", FieldKind::kId, true}, {"/1", "ref_id", FieldKind::kId, true}},
          [](const auto& file) { read_predictions(file, kGroundedMasks); }};
}

class PredictionsFile : public ::testing::TestWithParam<ReaderCase> {};

TEST_P(PredictionsFile, IsRefusedWhenBrokenNamingFileRecordAndField) {
  testing::expect_reader_refuses_what_is_broken(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Shapes, PredictionsFile,
                         ::testing::Values(texts(false), texts(true), detections(false),
                                           detections(true), groundings(false), groundings(true),
                                           masks(false), masks(true), grounded_masks(false),
                                           grounded_masks(true)),
                         testing::reader_name);

/// The error that a file's content gives.
std::string error_for(const std::string& text, const PredictionFormat& format) {
  const TemporaryFolder folder;
  write_text(folder / "results.json", text);
  return error_of([&] { read_predictions(folder / "results.json", format); });
}

TEST(PredictionsFile, RefusesASecondPrediction) {
  const std::string a = R"({"question_id": 5, "answer": "yes"})";
  const std::string b = R"({"question_id": "5", "answer": "no"})";
  EXPECT_THAT(error_for("[" + a + "," + b + "]", kTexts),
              AllOf(HasSubstr("results.json: record 2"), HasSubstr("question_id 5")));
  EXPECT_THAT(error_for(a + "\n\n" + b + "\n", kTexts),
              AllOf(HasSubstr("results.json: line 3"), HasSubstr("question_id 5")));
  const std::string sentence = R"({"sent_id": 5, "ref_id": 1, "bbox": [0,0,1,1]})";
  const std::string ref = R"({"ref_id": 1, "bbox": [0,0,1,1]})";
  EXPECT_EQ(error_for("[" + sentence + "," + ref + "]", kGroundings), "no error");
  EXPECT_THAT(error_for("[" + sentence + "," + sentence + "]", kGroundings),
              HasSubstr("a second prediction for sent_id 5"));
  EXPECT_THAT(error_for("[" + ref + "," + ref + "]", kGroundings),
              HasSubstr("a second prediction for ref_id 1"));
}

TEST(PredictionsFile, RefusesRowsThatNameNothing) {
  EXPECT_THAT(error_for(R"([{"bbox": [0,0,1,1]}])", kGroundings),
              AllOf(HasSubstr("record 1"), HasSubstr("sent_id"), HasSubstr("ref_id")));
}

TEST(PredictionsFile, RefusesWhatFollowsARecord) {
  const std::string a = R"({"question_id": 5, "answer": "yes"})";
  const std::string b = R"({"question_id": 6, "answer": "no"})";
  EXPECT_EQ(error_for(a + "\r\n" + b, kTexts), "no error");
  EXPECT_THAT(error_for(a + " " + b + "\n", kTexts), HasSubstr("line 1: more text follows"));
  EXPECT_THAT(error_for("[" + a + "]\n[" + b + "]\n", kTexts), HasSubstr("more text follows"));
  EXPECT_THAT(error_for("[" + a + " " + b + "]", kTexts), HasSubstr("record 2"));
  EXPECT_THAT(error_for("[" + a + ",]", kTexts), HasSubstr("record 2"));
}

TEST(PredictionsFile, RefusesTheWrongKindOfPlace) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { read_predictions(folder.path(), kTexts); }),
              HasSubstr("is a folder, want a file"));
  write_text(folder / "results.json", "[]");
  EXPECT_THAT(error_of([&] { read_predictions(folder / "results.json", kImages); }),
              AllOf(HasSubstr("results.json"), HasSubstr("folder")));
}

// What is read -----------------------------------------------------------------------------------

Predictions read_text(const std::string& text, const PredictionFormat& format) {
  const TemporaryFolder folder;
  write_text(folder / "results.json", text);
  return read_predictions(folder / "results.json", format);
}

TEST(Predictions, TextsKeepTheirOrderAndTheirCharacters) {
  const Predictions predictions = read_text(
      R"([{"question_id": 9, "answer": " Caf\u00e9 \ud83d\ude00\n"},
          {"answer": "", "image_id": 3, "question_id": "007"}])",
      kTexts);
  EXPECT_THAT(predictions.ids, ElementsAre("9", "007"));
  EXPECT_EQ(predictions.find("9")->text, " Caf\xC3\xA9 \xF0\x9F\x98\x80\n");
  EXPECT_EQ(predictions.find("007")->text, "");
  EXPECT_EQ(predictions.find("7"), nullptr) << "an id is its characters";
}

TEST(Predictions, MasksKeepTheirRunLengthsOrPolygons) {
  const Predictions predictions = read_text(
      R"([{"image_id": 7, "category_id": 3, "score": 0.25,
           "segmentation": {"counts": [1, 2, 3], "size": [2, 3]}},
          {"image_id": 7, "category_id": 3, "segmentation": {"size": [2, 3], "counts": "123"}},
          {"image_id": 7, "category_id": 4, "segmentation": [[0, 0, 2.5, 0, 2, 1]]}])",
      kMasks);
  ASSERT_THAT(predictions.ids, ElementsAre("7"));
  const std::vector<PredictedMask>& masks = predictions.find("7")->masks;
  ASSERT_EQ(masks.size(), 3U);
  EXPECT_EQ(masks[0].segmentation, (Segmentation{2, 3, "123", {}}));
  EXPECT_EQ(masks[1].segmentation, masks[0].segmentation);
  EXPECT_EQ(masks[2].segmentation, (Segmentation{0, 0, "", {{0, 0, 2.5, 0, 2, 1}}}));
  EXPECT_EQ(masks[0].score, 0.25);
  EXPECT_FALSE(masks[1].score);
  EXPECT_EQ(masks[2].category_id, 4);
}

TEST(Predictions, LinesAreTheSameAsAnArray) {
  const json rows = {{{"image_id", 7}, {"category_id", 1}, {"bbox", {1, 2, 3, 4}}, {"score", 0.1}},
                     {{"image_id", 8}, {"category_id", 2}, {"bbox", {1, 2, 3, 4}}},
                     {{"image_id", 7}, {"category_id", 3}, {"bbox", {5, 6, 7, 8}}, {"score", 1}}};
  std::string lines;
  for (const json& row : rows) lines += row.dump() + "\n";
  for (const std::string& text : {rows.dump(), lines}) {
    const Predictions predictions = read_text(text, kDetections);
    EXPECT_THAT(predictions.ids, ElementsAre("7", "8"));
    const auto& boxes = predictions.find("7")->boxes;
    ASSERT_EQ(boxes.size(), 2U);
    EXPECT_EQ(boxes[0].box, (Box{1, 2, 3, 4}));
    EXPECT_EQ(boxes[0].score, 0.1);
    EXPECT_EQ(boxes[1].category_id, 3);
    EXPECT_FALSE(predictions.find("8")->boxes[0].score);
  }
}

TEST(Predictions, ASentenceOrARefNamesABox) {
  const Predictions predictions = read_text(R"([{"ref_id": 1, "bbox": [0, 0, 1, 1]},
      {"sent_id": 1, "bbox": [0, 0, 2, 2]}, {"sent_id": 2, "ref_id": 1, "bbox": [0, 0, 3, 3]}])",
                                            kGroundings);
  EXPECT_THAT(predictions.ids, ElementsAre("ref:1", "1", "2"));
  EXPECT_EQ(predictions.find("2")->boxes.at(0).box.w, 3);
}

TEST(Predictions, AnEmptyArrayIsNoPrediction) {
  EXPECT_TRUE(read_text("[]", kDetections).ids.empty());
}

// Folders of images ------------------------------------------------------------------------------

TEST(PredictedImages, AreNamedByTheirStem) {
  const TemporaryFolder folder;
  for (const char* name : {"b.PNG", "sub/a.jpeg", "c.webp", "notes.txt"}) {
    write_text(folder / name, name);
  }
  write_text(folder / "bits.json", R"({"c.webp": 3, "a": 1, "b.PNG": 2, "other.png": 9})");
  const Predictions predictions = read_predictions(folder.path(), kImages);
  EXPECT_THAT(predictions.ids, ElementsAre("a", "b", "c"));
  EXPECT_EQ(predictions.files.at(0), folder / "sub/a.jpeg");
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(predictions.answers.at(static_cast<std::size_t>(i)).reconstruction.bits, i + 1);
  }
  EXPECT_EQ(predictions.sha256.size(), 64U);
}

TEST(PredictedImages, NeedNoBits) {
  const TemporaryFolder folder;
  write_text(folder / "a.png", "x");
  const Predictions predictions = read_predictions(folder.path(), kImages);
  EXPECT_FALSE(predictions.answers.at(0).reconstruction.bits);
  write_text(folder / "a.png", "xy");
  EXPECT_NE(read_predictions(folder.path(), kImages).sha256, predictions.sha256);
}

TEST(PredictedImages, KnowNamesWithEscapesInTheirBits) {
  const TemporaryFolder folder;
  write_text(folder / "caf\xC3\xA9.png", "x");
  write_text(folder / "bits.json", "{\"caf\\u00e9.png\": 7}");
  EXPECT_EQ(read_predictions(folder.path(), kImages).answers.at(0).reconstruction.bits, 7);
}

TEST(PredictedImages, RefuseFoldersThatDoNotFit) {
  const TemporaryFolder folder;
  const auto error = [&] { return error_of([&] { read_predictions(folder / "out", kImages); }); };
  EXPECT_THAT(error(), HasSubstr("missing folder"));
  std::filesystem::create_directory(folder / "out");
  EXPECT_THAT(error(), AllOf(HasSubstr("out"), HasSubstr("holds no PNG, JPEG or WebP image")));
  std::filesystem::create_symlink(folder / "absent.png", folder / "out/dangling.png");
  EXPECT_THAT(error(), HasSubstr("holds no PNG"));
  write_text(folder / "out/a.png", "x");
  EXPECT_EQ(error(), "no error");
  // Between the two in the order of names: "a.k.png" has another stem.
  write_text(folder / "out/a.k.png", "x");
  write_text(folder / "out/sub/a.webp", "x");
  EXPECT_THAT(error(), AllOf(HasSubstr("two images have the name 'a'"), HasSubstr("a.png"),
                             HasSubstr("sub/a.webp")));
}

TEST(PredictedImages, RefuseBrokenBits) {
  const TemporaryFolder folder;
  write_text(folder / "a.png", "x");
  const std::pair<const char*, const char*> cases[] = {
      {"", "is empty"},
      {"[1]", "not a JSON object"},
      {"{}", "field 'a.png' is missing"},
      {"{\"a.png\": 1", "broken or truncated JSON"},
      {"{\"a.png\": 1.5}", "field 'a.png' is 1.5, want an integer"},
      {"{\"a.png\": \"8\"}", "field 'a.png' is a string"},
      {"{\"a.png\": null}", "field 'a.png' is null"},
      {"{\"a.png\": NaN}", "field 'a.png' is NaN"},
      {"{\"a.png\": 1e999}", "field 'a.png'"},
      {"{\"a.png\": -8}", "field 'a.png' is -8, want a number of bits"},
      {"{\"a.png\": 8, \"a.png\": 9}", "field 'a.png' occurs twice"},
      {"{\"\\ud800\": 8}", "the name of a field is broken"},
      {"{\"a.png\" 8}", "broken or truncated JSON"},
  };
  for (const auto& [text, says] : cases) {
    write_text(folder / "bits.json", text);
    EXPECT_THAT(error_of([&] { read_predictions(folder.path(), kImages); }),
                AllOf(HasSubstr("bits.json"), HasSubstr(says)))
        << text;
  }
}

}  // namespace
}  // namespace sightline
