#include "results/published/published.h"

#include <gmock/gmock.h>

#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "tests/results/published/published_support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using testing::full_row;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_rows;
using testing::row_of;
using testing::small_row;
using testing::TemporaryFolder;
using testing::write_text;

TEST(PublishedRow, GivesEveryField) {
  const PublishedResult row = row_of(full_row());
  EXPECT_EQ(row.id, "paligemma2/textvqa_val/textvqa_accuracy");
  EXPECT_EQ(label_of(row), "PaliGemma 2, 3B, 224x224");
  EXPECT_EQ(value_of(row), "60.04 %");
  EXPECT_EQ(row.higher_is_better, true);
  EXPECT_EQ(row.task_name, "textvqa_val");
  EXPECT_EQ(row.n, 5000);
  EXPECT_DOUBLE_EQ(row.value_in_files(), 0.6004);
  EXPECT_EQ(row.protocol, (std::map<std::string, std::string>{{"ocr", "off"}, {"split", "val"}}));
  EXPECT_TRUE(row.is_comparable());
  json again = to_json(row);
  again["protocol"].erase("ocr");
  EXPECT_EQ(again, full_row());
}

TEST(PublishedRow, LeavesOutWhatIsUnknown) {
  const PublishedResult row = row_of(small_row());
  EXPECT_FALSE(row.is_comparable());
  EXPECT_EQ(row.n, std::nullopt);
  EXPECT_THAT(row.protocol, IsEmpty());
  EXPECT_EQ(label_of(row), "PaliGemma 2");
}

TEST(PublishedRow, KeepsTheDecimalsOfItsValue) {
  const std::pair<json, std::string> cases[] = {
      {60.04, "60.04 %"}, {484, "484 %"}, {75.0, "75.0 %"}, {0.111, "0.111 %"}, {-1.5, "-1.5 %"}};
  for (const auto& [value, text] : cases) {
    json row = small_row();
    row["value"] = value;
    EXPECT_EQ(value_of(row_of(row)), text);
  }
}

TEST(PublishedRow, SaysWhenItIsFromMemory) {
  json row = small_row();
  row["confidence"] = "from memory";
  EXPECT_EQ(source_of(row_of(row)), "an article (from memory)");
}

/// A field with a value that it must refuse; null takes the field away.
struct BadField {
  const char* field;
  json value;
  const char* problem;
};

TEST(PublishedReader, NamesFileRowAndFieldOfWhatItRefuses) {
  const BadField cases[] = {
      {"model", nullptr, "is missing"},
      {"task", nullptr, "is missing"},
      {"value", nullptr, "is missing"},
      {"unit", nullptr, "is missing"},
      {"source", nullptr, "is missing"},
      {"confidence", nullptr, "is missing"},
      {"model", 3, "want a string"},
      {"model", "", "is empty"},
      {"metric", "", "is empty"},
      {"source", "", "is empty"},
      {"value", "60", "want a number"},
      {"value", "nan", "is not a finite number"},
      {"value", "inf", "is not a finite number"},
      {"higher_is_better", 1, "want true or false"},
      {"confidence", "rumour", "want 'read in source' or 'from memory'"},
      {"n", 0, "want the number of samples"},
      {"n", -3, "want a count"},
      {"n", 2.5, "want a count"},
      {"factor", 0, "must be above 0"},
      {"factor", nullptr, "is missing"},
      {"metric_key", nullptr, "is missing"},
      {"task_key", nullptr, "is missing"},
      {"task_key", "[ocr=on]", "want name or name[option=value,...]"},
      {"task_key", "textvqa_val[ocr]", "want name or name[option=value,...]"},
      {"task_key", "textvqa_val[ocr=on", "want name or name[option=value,...]"},
      {"protocol", "val", "want an object"},
      {"protocol", {{"max_new_tokens", 16}}, "want a string"},
      {"protocol", {{"ocr", "on"}}, "but task_key says 'off'"},
      {"citation", "x", "there is no field"},
  };
  for (const BadField& bad : cases) {
    SCOPED_TRACE(std::string(bad.field) + " " + bad.value.dump());
    json row = full_row();
    if (bad.value.is_null()) {
      row.erase(bad.field);
    } else {
      row[bad.field] = bad.value;
    }
    EXPECT_THAT(error_of([&] { row_of(row); }),
                AllOf(HasSubstr("own.json"), HasSubstr("row 'paligemma2/"), HasSubstr(bad.field),
                      HasSubstr(bad.problem)));
  }
}

TEST(PublishedReader, RefusesIdsThatAreMissingTwiceOrHardToType) {
  json row = small_row();
  row.erase("id");
  EXPECT_THAT(error_of([&] { row_of(row); }), AllOf(HasSubstr("rows[0].id"), HasSubstr("missing")));
  row["id"] = "a b";
  EXPECT_THAT(error_of([&] { row_of(row); }), HasSubstr("want letters"));
  row["id"] = "same";
  EXPECT_THAT(error_of([&] {
                read_rows({row, row});
              }),
              AllOf(HasSubstr("own.json"), HasSubstr("'same' is there already")));
}

TEST(PublishedReader, RefusesFilesThatAreNoTableOfRows) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no JSON"},
      {R"({"rows": [)", "no JSON"},
      {R"({"rows": [{"value": 1e999}]})", "no JSON"},
      {R"({"rows": [{"value": NaN}]})", "no JSON"},
      {R"({"rows": []})", "no rows"},
      {R"({"rows": {}})", "want an array"},
      {R"({"rows": [3]})", "want an object"},
      {R"({"lines": []})", "there are rows"},
      {"[]", "want an object"},
      {"{\"rows\": \"\xff\"}", "not UTF-8"}};
  const TemporaryFolder folder;
  for (const auto& [text, problem] : cases) {
    SCOPED_TRACE(text);
    write_text(folder / "own.json", text);
    EXPECT_THAT(error_of([&] { read_published(folder / "own.json"); }),
                AllOf(HasSubstr("own.json"), HasSubstr(problem)));
  }
  EXPECT_THAT(error_of([&] { read_published(folder / "missing.json"); }),
              HasSubstr("missing.json"));
}

TEST(PublishedReader, SetsOwnFilesBesideThoseOfTheProgram) {
  const TemporaryFolder folder;
  const std::size_t standard = published_results().size();
  const std::string file = folder / "own.json";
  write_text(file, json({{"rows", {small_row()}}}).dump());
  EXPECT_EQ(published_results({file}).size(), standard + 1);
  EXPECT_THAT(error_of([&] { published_results({file, file}); }), HasSubstr("is there already"));
}

TEST(PublishedResults, FindByIdNamesTheNearest) {
  const std::vector<PublishedResult> rows = read_rows({full_row(), small_row()});
  EXPECT_EQ(find_published(rows, "small").id, "small");
  EXPECT_THAT(error_of([&] { find_published(rows, "smal"); }), HasSubstr("did you mean 'small'?"));
}

TEST(PublishedResults, FilterLooksAtNamesAndWordsInSmallLetters) {
  json other = small_row();
  other["id"] = "other";
  other["task"] = "object detection";
  other["split"] = "COCO val2017";
  other["model"] = "ChatRex";
  const std::vector<PublishedResult> rows = read_rows({full_row(), other});
  const auto ids = [&](const std::string& task, const std::string& model) {
    std::vector<std::string> found;
    for (const PublishedResult& row : filter_published(rows, task, model)) found.push_back(row.id);
    return found;
  };
  EXPECT_THAT(ids("", ""), ElementsAre(full_row()["id"], "other"));
  EXPECT_THAT(ids("textvqa_val", ""), ElementsAre(full_row()["id"]));
  EXPECT_THAT(ids("coco VAL", ""), ElementsAre("other"));
  EXPECT_THAT(ids("", "chatrex"), ElementsAre("other"));
  EXPECT_THAT(ids("", "3b"), ElementsAre(full_row()["id"]));
  EXPECT_THAT(ids("textvqa", "chatrex"), IsEmpty());
}

// The rows that come with the program.

TEST(StandardRows, HaveASourceAndAnIdThatSaysWhatTheyAre) {
  const std::vector<PublishedResult> rows = published_results();
  EXPECT_EQ(rows.size(), 536U);
  for (const PublishedResult& row : rows) {
    SCOPED_TRACE(row.id);
    EXPECT_FALSE(row.source.empty());
    EXPECT_EQ(std::count(row.id.begin(), row.id.end(), '/'), 2);
    if (row.is_comparable()) {
      EXPECT_THAT(row.id, HasSubstr("/" + row.task_name + "/" + row.metric_key));
      EXPECT_TRUE(row.unit != "%" || row.factor == 0.01);
    }
  }
}

TEST(StandardRows, AreThoseOfTheReference) {
  SIGHTLINE_NEED_SHARED("reference/published.json");
  const json reference =
      json::parse(read_file(testing::shared_path("reference/published.json"))).at("rows");
  const char* fields[] = {"model", "variant", "task",   "split",      "metric",
                          "value", "unit",    "source", "confidence", "higher_is_better"};
  std::multiset<std::string> wanted, found;
  const auto text_of = [&](const json& row) {
    json kept;
    for (const char* field : fields) kept[field] = row.at(field);
    kept["value"] = row.at("value").get<double>();  // 3 and 3.0 are one number
    return kept.dump();
  };
  for (const json& row : reference) wanted.insert(text_of(row));
  for (const PublishedResult& row : published_results()) found.insert(text_of(to_json(row)));
  EXPECT_TRUE(found == wanted);
}

TEST(StandardRows, KnowThePublishedQuantisationTable) {
  const std::vector<PublishedResult> rows = published_results();
  const std::pair<const char*, double> cases[] = {{"bf16", 60.04}, {"int8", 59.78}, {"nf4", 58.72}};
  for (const auto& [precision, value] : cases) {
    const PublishedResult& row = find_published(
        rows, "paligemma2-3b-224-" + std::string(precision) + "/textvqa_val/textvqa_accuracy");
    EXPECT_EQ(row.value, value);
    EXPECT_EQ(row.n, 5000);
  }
}

}  // namespace
}  // namespace sightline
