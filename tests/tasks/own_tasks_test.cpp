// Tasks that a user declares in JSON files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tasks/declarations.h"
#include "tests/support/bad_json.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using testing::FieldKind;
using ::testing::HasSubstr;
using testing::ReaderCase;
using testing::TemporaryFolder;
using testing::value_of;
using testing::write_text;

const json kQuestions = {{"name", "signs"}, {"kind", "questions"}, {"data", "signs.jsonl"}};
const json kCaptions = {
    {"name", "my_captions"}, {"kind", "captions"}, {"data", "data/captions.json"}};
const json kGroundings = {{"name", "things"}, {"kind", "groundings"}, {"data", "data/things.json"}};

class OwnTasks : public ::testing::Test {
 protected:
  void declare(const json& declaration) {
    write_text(folder_ / "tasks/own.json", declaration.dump());
  }
  void write(const std::string& name, const json& document) {
    write_text(folder_ / name, document.dump());
  }

  TaskTable table() {
    TaskTable table = standard_tasks();
    add_tasks_from_folder(table, folder_ / "tasks");
    return table;
  }
  Task open(const std::string& name, const TaskSources& sources = {}) {
    return table().open(parse_task_choices(name).at(0), sources);
  }

  TemporaryFolder folder_;
};

TEST_F(OwnTasks, QuestionsHaveTheNamesOfTheUsersFields) {
  json declaration = kQuestions;
  declaration.update(
      {{"summary", "signs of our street"},
       {"images", "photos"},
       {"rules", "anls/mmf"},
       {"records", "signs"},
       {"max_new_tokens", 12},
       {"fields",
        {{"id", "key"}, {"image", "photo"}, {"question", "ask"}, {"answers", "accepted"}}}});
  declare(declaration);
  write(
      "tasks/signs.jsonl",
      {{"signs",
        {{{"key", "s1"}, {"photo", "bakery.jpg"}, {"ask", "What?"}, {"accepted", {"bakery"}}},
         {{"key", 2}, {"photo", "bakery.jpg"}, {"ask", "Number?"}, {"accepted", {"42", "43"}}}}}});
  const Task task = open("signs");
  EXPECT_EQ(task.version, "own");
  EXPECT_EQ(table().find("signs").summary, "signs of our street");
  EXPECT_THAT(table().find("signs").metrics, ElementsAre("anls"));
  ASSERT_EQ(task.dataset->size(), 2U);
  const Request request = task.dataset->request(1);
  EXPECT_EQ(request.id, "2");
  EXPECT_EQ(request.text, "Number?");
  EXPECT_EQ(request.images.at(0).path, folder_ / "tasks/photos/bakery.jpg");
  EXPECT_EQ(request.decoding.max_new_tokens, 12);
  EXPECT_EQ(task.dataset->cluster(0), task.dataset->cluster(1));
  write_text(folder_ / "predictions.jsonl",
             "{\"key\": \"s1\", \"answer\": \"bakery\"}\n{\"key\": 2, \"answer\": \"nothing\"}\n");
  const TaskScores scores =
      testing::score_file(task, folder_ / "predictions.jsonl", task.rules.front());
  EXPECT_EQ(value_of(scores, "anls"), 0.5);
}

TEST_F(OwnTasks, QuestionsAreScoredAsVqaByDefault) {
  declare(kQuestions);
  write("tasks/signs.jsonl", {{{"id", 1},
                               {"image", "a.jpg"},
                               {"question", "?"},
                               {"answers", {"yes", "yes", "no", "yes", "yes"}}}});
  const Task task = open("signs");
  EXPECT_THAT(task.rules, ElementsAre("vqa/official"));
  EXPECT_EQ(task.dataset->request(0).decoding.max_new_tokens, 16);
  write("predictions.json", {{{"id", "1"}, {"answer", "Yes"}}});
  EXPECT_EQ(value_of(testing::score_file(task, folder_ / "predictions.json", "vqa/official"),
                     "vqa_accuracy"),
            1.0);
}

TEST_F(OwnTasks, CaptionsAreShortOrDetailed) {
  write("tasks/data/captions.json",
        {{{"id", "a"}, {"image", "a.jpg"}, {"references", {"A cat sits.", "A cat."}}},
         {{"id", "b"}, {"image", "b.jpg"}, {"references", {"A dog runs."}}}});
  write("predictions.json",
        {{{"id", "a"}, {"caption", "A cat sits."}}, {{"id", "b"}, {"caption", "A dog runs."}}});
  for (const std::string kind : {"captions", "detailed_captions"}) {
    json declaration = kCaptions;
    declaration["kind"] = kind;
    declaration["max_new_tokens"] = 77;
    declare(declaration);
    const Task task = open("my_captions");
    const Request request = task.dataset->request(0);
    EXPECT_EQ(request.purpose, kind == "captions" ? Purpose::kCaption : Purpose::kDetailedCaption);
    EXPECT_EQ(request.decoding.max_new_tokens, 77);
    const TaskScores scores =
        testing::score_file(task, folder_ / "predictions.json", task.rules.front());
    EXPECT_DOUBLE_EQ(value_of(scores, "rouge_l"), 1);
    if (kind == "detailed_captions") {
      EXPECT_EQ(value_of(scores, "sentences"), 1);
    }
    std::vector<std::string> keys;
    for (const MetricValue& metric : scores.metrics) keys.push_back(metric.key);
    EXPECT_EQ(keys, table().find("my_captions").metrics);
  }
}

TEST_F(OwnTasks, GroundingsHaveBoxes) {
  json declaration = kGroundings;
  declaration.update({{"rules", "refcoco/iou_above"},
                      {"max_new_tokens", 9},
                      {"fields", {{"expression", "what"}, {"box", "xywh"}}}});
  declare(declaration);
  write("tasks/data/things.json",
        {{{"id", 1}, {"image", "a.jpg"}, {"what", "the cat"}, {"xywh", {0, 0, 10, 10}}},
         {{"id", 2}, {"image", "b.jpg"}, {"what", "the dog"}, {"xywh", {0, 0, 10, 10}}}});
  const Task task = open("things");
  EXPECT_EQ(task.kind, Kind::kGround);
  EXPECT_EQ(task.dataset->request(0).text, "the cat");
  EXPECT_EQ(task.dataset->request(0).decoding.max_new_tokens, 9);
  EXPECT_EQ(task.dataset->group_id(0), "");
  write("predictions.json",
        {{{"sent_id", 1}, {"bbox", {0, 0, 10, 5}}}, {{"sent_id", 2}, {"bbox", {0, 0, 10, 9}}}});
  const TaskScores scores =
      testing::score_file(task, folder_ / "predictions.json", task.rules.front());
  EXPECT_EQ(value_of(scores, "acc@0.5"), 0.5) << "exactly one half is not above it";
  EXPECT_DOUBLE_EQ(value_of(scores, "mean_iou"), 0.7);
}

TEST_F(OwnTasks, FilesAreFoundBesideTheDeclarationOrUnderTheDataRoot) {
  const json records = {{{"id", 1}, {"image", "a.jpg"}, {"question", "?"}, {"answers", {"x"}}}};
  json declaration = kQuestions;
  declaration["images"] = "photos";
  declare(declaration);
  EXPECT_THAT(error_of([&] { open("signs", {.data_root = folder_ / "root"}); }),
              AllOf(HasSubstr("root/signs.jsonl"), HasSubstr("own.json")));
  write("root/signs.jsonl", records);
  EXPECT_EQ(open("signs", {.data_root = folder_ / "root"}).dataset->request(0).images.at(0).path,
            folder_ / "root/photos/a.jpg");
  std::filesystem::create_directories(folder_ / "tasks/photos");
  EXPECT_EQ(open("signs", {.data_root = folder_ / "root"}).dataset->request(0).images.at(0).path,
            folder_ / "tasks/photos/a.jpg");
  declaration["data"] = (folder_ / "elsewhere/records.json").string();
  declaration["images"] = (folder_ / "elsewhere").string();
  declare(declaration);
  write("elsewhere/records.json", records);
  EXPECT_EQ(open("signs").dataset->request(0).images.at(0).path, folder_ / "elsewhere/a.jpg");
  EXPECT_EQ(open("signs", {.images = "given"}).dataset->request(0).images.at(0).path,
            "given/a.jpg");
}

TEST_F(OwnTasks, ImagesOutsideTheirFolderAreRefused) {
  declare(kQuestions);
  write("tasks/signs.jsonl",
        {{{"id", "q1"}, {"image", "../a.jpg"}, {"question", "?"}, {"answers", {"x"}}}});
  const Task task = open("signs");
  EXPECT_THAT(error_of([&] { task.dataset->request(0); }),
              AllOf(HasSubstr("climbs out"), HasSubstr("sample q1"), HasSubstr("signs.jsonl")));
}

struct BadDeclaration {
  const char* name;
  std::string text;
  std::vector<std::string> says;
};

std::string changed(const json& declaration, const json& change) {
  json result = declaration;
  result.merge_patch(change);
  return result.dump();
}

TEST_F(OwnTasks, BadDeclarationsAreRefusedNamingFileAndSetting) {
  const BadDeclaration cases[] = {
      {"empty", "", {"broken JSON"}},
      {"truncated", R"({"name": "x")", {"broken JSON"}},
      {"not_utf8", "{\"name\": \"\xFF\"}", {"broken JSON"}},
      {"array", "[]", {"want a JSON object that declares a task"}},
      {"deep", std::string(100000, '['), {"broken JSON"}},
      {"unknown_key",
       changed(kQuestions, {{"imags", "x"}}),
       {"no setting 'imags'", "did you mean 'images'?", "max_new_tokens"}},
      {"unknown_field",
       changed(kQuestions, {{"fields", {{"awnsers", "x"}}}}),
       {"no setting 'awnsers'", "did you mean 'answers'?"}},
      {"fields_no_object",
       changed(kQuestions, {{"fields", {"id"}}}),
       {"'fields' is not an object"}},
      {"field_no_text", changed(kQuestions, {{"fields", {{"id", 1}}}}), {"'id' is not a string"}},
      {"kind",
       changed(kQuestions, {{"kind", "question"}}),
       {"'kind' is 'question'", "did you mean 'questions'?", "detailed_captions"}},
      {"no_kind", changed(kQuestions, {{"kind", nullptr}}), {"'kind' is ''"}},
      {"no_name", changed(kQuestions, {{"name", nullptr}}), {"'name' is ''"}},
      {"name_no_text", changed(kQuestions, {{"name", 3}}), {"'name' is not a string"}},
      {"name_with_brackets", changed(kQuestions, {{"name", "a[b]"}}), {"'name' is 'a[b]'"}},
      {"name_with_comma", changed(kQuestions, {{"name", "a,b"}}), {"'name' is 'a,b'"}},
      {"name_with_slash", changed(kQuestions, {{"name", "../a"}}), {"'name' is '../a'"}},
      {"name_taken", changed(kQuestions, {{"name", "vqav2_val"}}), {"two tasks are named"}},
      {"no_data", changed(kQuestions, {{"data", nullptr}}), {"'data' is missing"}},
      {"tokens_zero", changed(kQuestions, {{"max_new_tokens", 0}}), {"'max_new_tokens' is 0"}},
      {"tokens_text",
       changed(kQuestions, {{"max_new_tokens", "9"}}),
       {"'max_new_tokens' is \"9\""}},
      {"tokens_fraction",
       changed(kQuestions, {{"max_new_tokens", 1.5}}),
       {"'max_new_tokens' is 1.5"}},
      {"tokens_huge", changed(kQuestions, {{"max_new_tokens", 5000000000}}), {"5000000000"}},
      {"tokens_null",
       R"({"name":"x","kind":"questions","data":"d","max_new_tokens":null})",
       {"'max_new_tokens' is null"}},
  };
  for (const BadDeclaration& c : cases) {
    SCOPED_TRACE(c.name);
    write_text(folder_ / "tasks/own.json", c.text);
    const std::string error = error_of([&] { table(); });
    EXPECT_THAT(error, HasSubstr("own.json"));
    for (const std::string& says : c.says) EXPECT_THAT(error, HasSubstr(says));
  }
}

TEST_F(OwnTasks, UnknownRulesAreRefusedWhenTheTaskIsOpened) {
  write("tasks/signs.jsonl", {{{"id", 1},
                               {"image", "a.jpg"},
                               {"question", "?"},
                               {"answers", {"x"}},
                               {"references", {"x"}},
                               {"expression", "x"},
                               {"bbox", {0, 0, 1, 1}}}});
  const std::pair<const char*, const char*> cases[] = {{"questions", "vqa/oficial"},
                                                       {"questions", "anls/x"},
                                                       {"questions", "bleu"},
                                                       {"captions", "vqa/official"},
                                                       {"groundings", "iou"}};
  for (const auto& [kind, rules] : cases) {
    declare(json::parse(changed(kQuestions, {{"kind", kind}, {"rules", rules}})));
    EXPECT_THAT(error_of([&] { open("signs"); }), HasSubstr(rules)) << kind;
  }
}

TEST_F(OwnTasks, TheFolderMustExist) {
  TaskTable table;
  EXPECT_THAT(error_of([&] { add_tasks_from_folder(table, folder_ / "absent"); }),
              AllOf(HasSubstr("--include_path"), HasSubstr("absent")));
}

// Damaged data files -----------------------------------------------------------------------------

void open_own(const std::filesystem::path& data, const std::string& kind,
              const std::string& records) {
  json declaration = {{"name", "own"}, {"kind", kind}, {"data", data.string()}};
  if (!records.empty()) declaration["records"] = records;
  const auto folder = data.parent_path() / "declared";
  write_text(folder / "own.json", declaration.dump());
  TaskTable table;
  add_tasks_from_folder(table, folder);
  table.open({.name = "own", .options = {}}, {});
}

const json kOwnQuestions = {
    {{"id", 1}, {"image", "a.jpg"}, {"question", "?"}, {"answers", {"x", "y"}}},
    {{"id", "b"}, {"image", "a.jpg"}, {"question", "?"}, {"answers", {"z"}}}};

ReaderCase own_questions(bool lines) {
  return {lines ? "QuestionsInLines" : "Questions",
          "data.json",
          kOwnQuestions,
          lines,
          {{"/1", "id", FieldKind::kId},
           {"/1", "image", FieldKind::kText},
           {"/1", "question", FieldKind::kText},
           {"/1", "answers", FieldKind::kTexts}},
          [](const auto& file) { open_own(file, "questions", ""); }};
}

ReaderCase own_records() {
  return {"Records",
          "data.json",
          {{"items", kOwnQuestions}},
          false,
          {{"", "items", FieldKind::kObjects},
           {"/items/1", "id", FieldKind::kId},
           {"/items/1", "answers", FieldKind::kTexts}},
          [](const auto& file) { open_own(file, "questions", "items"); }};
}

ReaderCase own_captions() {
  return {"Captions",
          "data.json",
          {{{"id", 1}, {"image", "a.jpg"}, {"references", {"x", "y"}}},
           {{"id", 2}, {"image", "b.jpg"}, {"references", {"z"}}}},
          false,
          {{"/1", "id", FieldKind::kId},
           {"/1", "image", FieldKind::kText},
           {"/1", "references", FieldKind::kTexts}},
          [](const auto& file) { open_own(file, "captions", ""); }};
}

ReaderCase own_groundings() {
  return {"Groundings",
          "data.json",
          {{{"id", 1}, {"image", "a.jpg"}, {"expression", "x"}, {"bbox", {1, 2, 3, 4}}},
           {{"id", 2}, {"image", "b.jpg"}, {"expression", "x"}, {"bbox", {1, 2, 3, 4}}}},
          false,
          {{"/1", "id", FieldKind::kId},
           {"/1", "image", FieldKind::kText},
           {"/1", "expression", FieldKind::kText},
           {"/1", "bbox", FieldKind::kBox}},
          [](const auto& file) { open_own(file, "groundings", ""); }};
}

class OwnData : public ::testing::TestWithParam<ReaderCase> {};

TEST_P(OwnData, IsRefusedWhenBrokenNamingFileRecordAndField) {
  testing::expect_reader_refuses_what_is_broken(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Kinds, OwnData,
                         ::testing::Values(own_questions(false), own_questions(true), own_records(),
                                           own_captions(), own_groundings()),
                         testing::reader_name);

TEST(OwnDataIds, MayOccurOnce) {
  const TemporaryFolder folder;
  for (const ReaderCase& reader :
       {own_questions(false), own_questions(true), own_captions(), own_groundings()}) {
    SCOPED_TRACE(reader.name);
    json document = reader.good;
    document[1]["id"] = "1";
    EXPECT_THAT(testing::error_for(reader, folder.path(), to_text(reader, document)),
                AllOf(HasSubstr("data.json"), HasSubstr(reader.lines ? "line 2" : "record 2"),
                      HasSubstr("id '1' occurs twice")));
  }
}

TEST(OwnDataRecords, MustBeAtLeastOne) {
  const TemporaryFolder folder;
  for (const ReaderCase& reader : {own_questions(false), own_captions(), own_groundings()}) {
    EXPECT_THAT(testing::error_for(reader, folder.path(), "[]"), HasSubstr("no record"))
        << reader.name;
  }
  EXPECT_THAT(testing::error_for(own_records(), folder.path(), R"({"items": []})"),
              HasSubstr("no record"));
}

TEST(OwnDataTexts, MustBeAtLeastOne) {
  const TemporaryFolder folder;
  ReaderCase reader = own_captions();
  reader.good[1]["references"] = json::array();
  EXPECT_THAT(testing::error_for(reader, folder.path(), reader.good.dump()),
              AllOf(HasSubstr("record 2"), HasSubstr("'references' is empty")));
}

}  // namespace
}  // namespace sightline
