// What the readers of annotation files say about damaged files. Predictions: tests/models/api.

#include "tasks/annotation_support.h"
#include "tasks/coco_annotations.h"
#include "tests/support/bad_json.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::FieldKind;
using testing::open_task;
using testing::ReaderCase;
using testing::write_text;

const json kTenAnswers = json(10, {{"answer", "yes"}});

const json kVqaAnnotations = {{"annotations",
                               {{{"question_type", "is the"},
                                 {"answers", kTenAnswers},
                                 {"image_id", 42},
                                 {"answer_type", "yes/no"},
                                 {"question_id", 42000}},
                                {{"question_type", "what"},
                                 {"answers", kTenAnswers},
                                 {"image_id", 42},
                                 {"answer_type", "other"},
                                 {"question_id", 42001}}}}};
const json kVqaQuestions = {
    {"questions",
     {{{"image_id", 42}, {"question", "Is it?"}, {"question_id", 42000}},
      {{"image_id", 42}, {"question", "What is it?"}, {"question_id", 42001}}}}};

ReaderCase vqa_annotations() {
  return {
      "VqaAnnotations",
      "annotations.json",
      kVqaAnnotations,
      false,
      {{"", "annotations", FieldKind::kObjects},
       {"/annotations/1", "question_type", FieldKind::kText},
       {"/annotations/1", "answers", FieldKind::kObjects},
       {"/annotations/1/answers/3", "answer", FieldKind::kText},
       {"/annotations/1", "image_id", FieldKind::kInteger},
       {"/annotations/1", "answer_type", FieldKind::kText},
       {"/annotations/1", "question_id", FieldKind::kId}},
      [](const auto& file) { open_task("vqav2_val", {.annotations = file, .for_scoring = true}); }};
}

ReaderCase vqa_questions() {
  return {"VqaQuestions",
          "questions.json",
          kVqaQuestions,
          false,
          {{"", "questions", FieldKind::kObjects},
           {"/questions/1", "image_id", FieldKind::kInteger},
           {"/questions/1", "question", FieldKind::kText},
           {"/questions/1", "question_id", FieldKind::kId}},
          [](const auto& file) {
            const auto annotations = file.parent_path() / "a.json";
            write_text(annotations, kVqaAnnotations.dump());
            open_task("vqav2_val", {.annotations = annotations, .questions = file});
          }};
}

ReaderCase vqa_test_questions() {
  ReaderCase reader = vqa_questions();
  reader.name = "VqaTestQuestions";
  reader.read = [](const auto& file) { open_task("vqav2_testdev", {.questions = file}); };
  return reader;
}

const json kTextVqa = {{"data",
                        {{{"question", "What does it say?"},
                          {"image_id", "00aa"},
                          {"answers", json(10, "stop")},
                          {"question_id", 34602}},
                         {{"question", "Which brand?"},
                          {"image_id", "00ab"},
                          {"answers", json(10, "nokia")},
                          {"question_id", 34603}}}}};

ReaderCase textvqa() {
  return {"TextVqa",
          "textvqa.json",
          kTextVqa,
          false,
          {{"", "data", FieldKind::kObjects},
           {"/data/1", "question", FieldKind::kText},
           {"/data/1", "image_id", FieldKind::kText},
           {"/data/1", "answers", FieldKind::kTexts},
           {"/data/1", "question_id", FieldKind::kId}},
          [](const auto& file) { open_task("textvqa_val", {.annotations = file}); }};
}

ReaderCase ocr_tokens() {
  return {"OcrTokens",
          "TextVQA_Rosetta_OCR_v0.2_val.json",
          {{"data",
            {{{"image_id", "00aa"}, {"ocr_tokens", {"stop"}}},
             {{"image_id", "00ab"}, {"ocr_tokens", {"nokia", "3310"}}}}}},
          false,
          {{"", "data", FieldKind::kObjects},
           {"/data/1", "image_id", FieldKind::kText},
           {"/data/1", "ocr_tokens", FieldKind::kTexts}},
          [](const auto& file) {
            const auto root = file.parent_path() / "root";
            write_text(root / "textvqa/TextVQA_0.5.1_val.json", kTextVqa.dump());
            const auto place = root / "textvqa" / file.filename();
            std::filesystem::remove(place);
            if (std::filesystem::exists(file)) std::filesystem::copy(file, place);
            open_task("textvqa_val[ocr=on]", {.data_root = root});
          }};
}

const json kInstances = {
    {"images",
     {{{"id", 7}, {"file_name", "a.jpg"}, {"width", 640}, {"height", 480}},
      {{"id", 5}, {"file_name", "b.jpg"}, {"width", 640}, {"height", 480}}}},
    {"annotations",
     {{{"id", 1}, {"image_id", 7}, {"category_id", 3}, {"bbox", {1, 2, 3, 4}}, {"area", 9.5}},
      {{"id", 2},
       {"image_id", 5},
       {"category_id", 3},
       {"bbox", {1.5, 2, 3, 4}},
       {"area", 9},
       {"iscrowd", 1}}}},
    {"categories", {{{"id", 3}, {"name", "cat"}}, {{"id", 1}, {"name", "dog"}}}}};

ReaderCase coco_instances() {
  return {"CocoInstances",
          "instances.json",
          kInstances,
          false,
          {{"", "images", FieldKind::kObjects},
           {"/images/1", "id", FieldKind::kInteger},
           {"/images/1", "file_name", FieldKind::kText, true},
           {"/images/1", "width", FieldKind::kPixels, true},
           {"/images/1", "height", FieldKind::kPixels, true},
           {"", "annotations", FieldKind::kObjects},
           {"/annotations/1", "id", FieldKind::kInteger},
           {"/annotations/1", "image_id", FieldKind::kInteger},
           {"/annotations/1", "category_id", FieldKind::kInteger},
           {"/annotations/1", "bbox", FieldKind::kBox},
           {"/annotations/1", "area", FieldKind::kNumber},
           {"/annotations/1", "iscrowd", FieldKind::kInteger, true},
           {"", "categories", FieldKind::kObjects},
           {"/categories/1", "id", FieldKind::kInteger},
           {"/categories/1", "name", FieldKind::kText}},
          [](const auto& file) { open_task("coco_det_val2017", {.annotations = file}); }};
}

ReaderCase lvis() {
  json good = kInstances;
  for (json& image : good["images"]) {
    image["coco_url"] = "http://images.cocodataset.org/train2017/000000000007.jpg";
    image["neg_category_ids"] = {1};
    image["not_exhaustive_category_ids"] = {3, 1};
  }
  for (json& category : good["categories"]) category["frequency"] = "f";
  return {"Lvis",
          "lvis.json",
          good,
          false,
          {{"/images/1", "coco_url", FieldKind::kText},
           {"/images/1", "neg_category_ids", FieldKind::kIntegers},
           {"/images/1", "not_exhaustive_category_ids", FieldKind::kIntegers},
           {"/annotations/1", "bbox", FieldKind::kBox},
           {"/categories/1", "frequency", FieldKind::kText}},
          [](const auto& file) { open_task("lvis_det_val", {.annotations = file}); }};
}

ReaderCase coco_captions() {
  return {"CocoCaptions",
          "captions.json",
          {{"images", {{{"id", 7}, {"file_name", "a.jpg"}}, {{"id", 5}, {"file_name", "b.jpg"}}}},
           {"annotations",
            {{{"image_id", 7}, {"caption", "A cat."}}, {{"image_id", 5}, {"caption", "A dog."}}}}},
          false,
          {{"", "images", FieldKind::kObjects},
           {"/images/1", "id", FieldKind::kInteger},
           {"", "annotations", FieldKind::kObjects},
           {"/annotations/1", "image_id", FieldKind::kInteger},
           {"/annotations/1", "caption", FieldKind::kText}},
          [](const auto& file) { open_task("coco_captions_val", {.annotations = file}); }};
}

const json kRefs = {
    {{"ref_id", 17},
     {"split", "val"},
     {"image_id", 7},
     {"ann_id", 1},
     {"sentences", {{{"sent_id", 100}, {"sent", "left cat"}}, {{"sent_id", 101}, {"sent", "it"}}}}},
    {{"ref_id", 18},
     {"split", "val"},
     {"image_id", 5},
     {"ann_id", 2},
     {"sentences", {{{"sent_id", 102}, {"sent", "cats"}}}}}};

void open_refs(const std::filesystem::path& refs, const json& instances = kInstances) {
  const auto annotations = refs.parent_path() / "i.json";
  write_text(annotations, instances.dump());
  open_task("refcoco_val", {.annotations = annotations, .refs = refs});
}

ReaderCase refs_json() {
  return {"RefsJson",
          "refs.json",
          kRefs,
          false,
          {{"/1", "ref_id", FieldKind::kId},
           {"/1", "split", FieldKind::kText},
           {"/1", "image_id", FieldKind::kInteger},
           {"/1", "ann_id", FieldKind::kInteger},
           {"/1", "sentences", FieldKind::kObjects},
           {"/1/sentences/0", "sent_id", FieldKind::kId, false, "record 1 of 'sentences'"},
           {"/1/sentences/0", "sent", FieldKind::kText, false, "record 2: record 1"}},
          [](const auto& file) { open_refs(file); }};
}

ReaderCase coco_style_grounding() {
  return {
      "CocoStyleGrounding",
      "finetune_refcoco_val.json",
      {{"images",
        {{{"id", 0}, {"file_name", "a.jpg"}, {"caption", "left cat"}, {"original_id", 7}},
         {{"id", 1}, {"file_name", "a.jpg"}, {"caption", "it"}, {"original_id", 7}}}},
       {"annotations",
        {{{"image_id", 0}, {"bbox", {1, 2, 3, 4}}}, {{"image_id", 1}, {"bbox", {1, 2, 3, 4}}}}}},
      false,
      {{"", "images", FieldKind::kObjects},
       {"/images/1", "id", FieldKind::kInteger},
       {"/images/1", "original_id", FieldKind::kInteger, true},
       {"/images/1", "file_name", FieldKind::kText},
       {"/images/1", "caption", FieldKind::kText},
       {"/images/1", "width", FieldKind::kPixels, true},
       {"/images/1", "height", FieldKind::kPixels, true},
       {"", "annotations", FieldKind::kObjects},
       {"/annotations/1", "image_id", FieldKind::kInteger},
       {"/annotations/1", "bbox", FieldKind::kBox}},
      [](const auto& file) { open_task("refcoco_val", {.annotations = file}); }};
}

ReaderCase docci() {
  return {"Docci",
          "docci_descriptions.jsonlines",
          {{{"example_id", "test_00000"},
            {"split", "test"},
            {"image_file", "test_00000.jpg"},
            {"description", "A cat. It sits."}},
           {{"example_id", "test_00001"},
            {"split", "test"},
            {"image_file", "test_00001.jpg"},
            {"description", "A dog."}}},
          true,
          {{"/1", "example_id", FieldKind::kText},
           {"/1", "split", FieldKind::kText},
           {"/1", "image_file", FieldKind::kText},
           {"/1", "description", FieldKind::kText}},
          [](const auto& file) { open_task("docci_test", {.annotations = file}); }};
}

class Reader : public ::testing::TestWithParam<ReaderCase> {};

TEST_P(Reader, RefusesWhatIsBrokenNamingFileRecordAndField) {
  testing::expect_reader_refuses_what_is_broken(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Files, Reader,
                         ::testing::Values(vqa_annotations(), vqa_questions(), vqa_test_questions(),
                                           textvqa(), ocr_tokens(), coco_instances(), lvis(),
                                           coco_captions(), refs_json(), coco_style_grounding(),
                                           docci()),
                         testing::reader_name);

/// A file whose parts are well formed but do not fit together.
struct Contradiction {
  const char* name;
  ReaderCase reader;
  std::string at;  ///< JSON pointer of what is replaced
  json value;
  std::vector<std::string> says;
};

const Contradiction kContradictions[] = {
    {"no_annotations",
     vqa_annotations(),
     "/annotations",
     json::array(),
     {"'annotations' is empty"}},
    {"no_answers",
     vqa_annotations(),
     "/annotations/1/answers",
     json::array(),
     {"record 2 of 'annotations'", "'answers' is empty"}},
    {"question_twice",
     vqa_annotations(),
     "/annotations/1/question_id",
     42000,
     {"record 2 of 'annotations'", "question_id '42000' occurs twice"}},
    {"question_twice_as_text",
     vqa_annotations(),
     "/annotations/1/question_id",
     "42000",
     {"question_id '42000' occurs twice"}},
    {"no_questions", vqa_test_questions(), "/questions", json::array(), {"'questions' is empty"}},
    {"test_question_twice",
     vqa_test_questions(),
     "/questions/1/question_id",
     42000,
     {"record 2 of 'questions'", "question_id '42000' occurs twice"}},
    {"question_text_twice",
     vqa_questions(),
     "/questions/1/question_id",
     42000,
     {"record 2 of 'questions'", "question_id '42000' occurs twice"}},
    {"question_without_annotation",
     vqa_questions(),
     "/questions/1/question_id",
     9,
     {"record 2 of 'questions'", "question_id 9 is not among the annotations"}},
    {"annotation_without_question",
     vqa_questions(),
     "/questions",
     {kVqaQuestions["questions"][0]},
     {"question_id 42001 of the annotations is missing"}},
    {"question_about_another_image",
     vqa_questions(),
     "/questions/1/image_id",
     43,
     {"record 2 of 'questions'", "COCO_val2014_000000000043.jpg", "COCO_val2014_000000000042.jpg"}},
    {"no_data", textvqa(), "/data", json::array(), {"'data' is empty"}},
    {"nine_answers",
     textvqa(),
     "/data/1/answers",
     json(9, "x"),
     {"record 2 of 'data'", "'answers' has 9 answers, want ten"}},
    {"eleven_answers", textvqa(), "/data/1/answers", json(11, "x"), {"has 11 answers"}},
    {"textvqa_question_twice",
     textvqa(),
     "/data/1/question_id",
     34602,
     {"record 2 of 'data'", "question_id '34602' occurs twice"}},
    {"ocr_twice",
     ocr_tokens(),
     "/data/1/image_id",
     "00aa",
     {"record 2 of 'data'", "image_id '00aa' occurs twice"}},
    {"ocr_missing",
     ocr_tokens(),
     "/data/1/image_id",
     "00ff",
     {"no OCR tokens for image 00ab", "question 34603"}},
    {"no_images", coco_instances(), "/images", json::array(), {"'images' is empty"}},
    {"image_twice", coco_instances(), "/images/1/id", 7, {"image id 7 occurs twice"}},
    {"category_twice", coco_instances(), "/categories/1/id", 3, {"category id 3 occurs twice"}},
    {"annotation_twice",
     coco_instances(),
     "/annotations/1/id",
     1,
     {"annotation id 1 occurs twice"}},
    {"unknown_image",
     coco_instances(),
     "/annotations/1/image_id",
     8,
     {"annotation 2 is of image 8", "not among 'images'"}},
    {"unknown_category",
     coco_instances(),
     "/annotations/1/category_id",
     9,
     {"annotation 2 is of category 9", "not among 'categories'"}},
    {"negative_area",
     coco_instances(),
     "/annotations/1/area",
     -1,
     {"record 2 of 'annotations'", "'area' is -1"}},
    {"captions_no_images", coco_captions(), "/images", json::array(), {"'images' is empty"}},
    {"captions_image_twice", coco_captions(), "/images/1/id", 7, {"image id 7 occurs twice"}},
    {"caption_of_unknown_image",
     coco_captions(),
     "/annotations/1/image_id",
     8,
     {"record 2 of 'annotations'", "image 8 is not among 'images'"}},
    {"image_without_caption",
     coco_captions(),
     "/annotations/1/image_id",
     7,
     {"image 5 has no caption"}},
    {"ref_twice", refs_json(), "/1/ref_id", 17, {"ref_id 17 occurs twice"}},
    {"sentence_twice",
     refs_json(),
     "/1/sentences/0/sent_id",
     100,
     {"sent_id 100 of ref_id 18 occurs twice"}},
    {"ref_of_unknown_annotation",
     refs_json(),
     "/1/ann_id",
     3,
     {"ref_id 18 is of annotation 3 in image 5", "i.json lacks"}},
    {"ref_of_unknown_image", refs_json(), "/1/image_id", 8, {"ref_id 18", "image 8"}},
    {"ref_in_another_image", refs_json(), "/1/ann_id", 1, {"ref_id 18", "annotation 1 in image 5"}},
    {"no_refs", refs_json(), "", json::array(), {"no sentence of the split 'val'"}},
    {"no_expressions", coco_style_grounding(), "/images", json::array(), {"'images' is empty"}},
    {"expression_twice",
     coco_style_grounding(),
     "/images/1/id",
     0,
     {"record 2 of 'images'", "image id 0 occurs twice"}},
    {"box_of_unknown_image",
     coco_style_grounding(),
     "/annotations/1/image_id",
     9,
     {"record 2 of 'annotations'", "image 9 is not among 'images'"}},
    {"two_boxes",
     coco_style_grounding(),
     "/annotations/1/image_id",
     0,
     {"record 2 of 'annotations'", "a second box"}},
    {"no_box", coco_style_grounding(), "/annotations", json::array(), {"image 0 has no box"}},
    {"docci_twice",
     docci(),
     "/1/example_id",
     "test_00000",
     {"line 2", "example_id 'test_00000' occurs twice"}},
    {"docci_other_split",
     docci(),
     "",
     {{{"example_id", "a"}, {"split", "train"}}},
     {"no record of the split 'test'"}},
};

TEST(Readers, RefuseWhatDoesNotFitTogether) {
  const testing::TemporaryFolder folder;
  for (const Contradiction& c : kContradictions) {
    SCOPED_TRACE(c.name);
    json document = c.reader.good;
    document[json::json_pointer(c.at)] = c.value;
    if (c.reader.name == "CocoStyleGrounding" && document["images"].empty()) {
      document["annotations"].clear();
    }
    if (c.reader.name.starts_with("Coco") && document["images"].empty()) {
      document["annotations"] = json::array();
    }
    const std::string error =
        testing::error_for(c.reader, folder.path(), testing::to_text(c.reader, document));
    EXPECT_THAT(error, ::testing::HasSubstr(c.reader.file));
    for (const std::string& says : c.says) EXPECT_THAT(error, ::testing::HasSubstr(says));
  }
}

TEST(Refs, InstancesAreReadAsThoseOfCoco) {
  const testing::TemporaryFolder folder;
  write_text(folder / "refs.json", kRefs.dump());
  json instances = kInstances;
  instances["annotations"][1]["bbox"] = {1, 2, 3};
  EXPECT_THAT(testing::error_of([&] { open_refs(folder / "refs.json", instances); }),
              ::testing::AllOf(::testing::HasSubstr("i.json: record 2 of 'annotations'"),
                               ::testing::HasSubstr("'bbox' has 3 numbers")));
}

TEST(SourceFiles, AreNamedWithTheWayToGetThem) {
  const testing::TemporaryFolder folder;
  const auto error_for = [](const TaskSources& sources) {
    return testing::error_of([&] { open_task("coco_det_val2017", sources); });
  };
  EXPECT_THAT(error_for({.data_root = folder.path()}),
              ::testing::AllOf(::testing::HasSubstr("coco/annotations/instances_val2017.json"),
                               ::testing::HasSubstr("docs/data.md"),
                               ::testing::HasSubstr("opening task coco_det_val2017")));
  EXPECT_THAT(
      error_for({.annotations = folder / "x.json"}),
      ::testing::AllOf(::testing::HasSubstr("missing file"), ::testing::HasSubstr("x.json")));
  EXPECT_THAT(error_for({}), ::testing::HasSubstr("--data_root"));
  EXPECT_THAT(error_for({.annotations = folder.path()}), ::testing::HasSubstr("missing file"));
}

}  // namespace
}  // namespace sightline
