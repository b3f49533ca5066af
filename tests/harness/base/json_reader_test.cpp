// What is read. What is refused, for every type of field: tests/tasks/readers_test.cpp.

#include "harness/base/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/bad_json.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;

/// Calls `work` with the top level of a file of this text.
template <typename Work>
void with_top(const std::string& text, Work work) {
  const TemporaryFolder folder;
  write_text(folder / "file.json", text);
  JsonFile file(folder / "file.json");
  JsonRecord top = file.top();
  work(top);
}

TEST(JsonRecord, ReadsEveryType) {
  with_top(R"({"i": -3, "n": 0.1, "e": 1e3, "t": "a\u00e9\n", "id": "x", "number": 7, "z": null,
              "b": [1, 2.5, 0, 4], "w": 640, "big": 9007199254740993})",
           [](JsonRecord& top) {
             EXPECT_EQ(top.integer("i"), -3);
             EXPECT_EQ(top.number("n"), 0.1);
             EXPECT_EQ(top.number("e"), 1000);
             EXPECT_EQ(top.text("t"), "a\u00e9\n");
             EXPECT_EQ(top.id("id"), "x");
             EXPECT_EQ(top.id("number"), "7");
             EXPECT_EQ(top.optional_integer("z"), std::nullopt);
             EXPECT_EQ(top.box("b"), (Box{1, 2.5, 0, 4}));
             EXPECT_EQ(top.pixels("w"), 640);
             EXPECT_EQ(top.integer("big"), 9007199254740993) << "integers are not rounded";
           });
}

TEST(JsonRecord, FindsFieldsInAnyOrder) {
  with_top(R"({"a": 1, "deep": {"b": [{"c": 9}]}, "b": 2, "c": 3})", [](JsonRecord& top) {
    EXPECT_EQ(top.integer("c"), 3);
    EXPECT_EQ(top.integer("a"), 1);
    EXPECT_EQ(top.integer("b"), 2);
  });
}

TEST(JsonRecord, GivesValuesOfAnyTypeAsTheyStandInTheFile) {
  with_top(R"({"i": 1.50 , "t": "a\n\"]", "z": null, "nan": NaN, "m": -Infinity,
              "a": [1, {"b": "]"}] , "e": [], "o": { "x": {} }, "last": true })",
           [](JsonRecord& top) {
             EXPECT_EQ(top.raw("o"), R"({ "x": {} })");
             EXPECT_EQ(top.raw("i"), "1.50");
             EXPECT_EQ(top.raw("t"), R"("a\n\"]")");
             EXPECT_EQ(top.raw("z"), "null");
             EXPECT_EQ(top.raw("nan"), "NaN");
             EXPECT_EQ(top.raw("m"), "-Infinity");
             EXPECT_EQ(top.raw("a"), R"([1, {"b": "]"}])");
             EXPECT_EQ(top.raw("e"), "[]");
             EXPECT_EQ(top.raw("last"), "true");
             EXPECT_EQ(top.raw("absent"), std::nullopt);
             EXPECT_EQ(top.text("t"), "a\n\"]") << "raw text is no reading";
           });
}

TEST(JsonRecord, VisitsAnObjectOnlyWhereThereIsOne) {
  with_top(R"({"doc": {"id": 7}, "z": null, "t": "x", "after": 1})", [](JsonRecord& top) {
    std::string name;
    std::int64_t id = 0;
    EXPECT_TRUE(top.visit_object("doc", [&](JsonRecord& doc) {
      name = doc.name();
      id = doc.integer("id");
    }));
    EXPECT_EQ(id, 7);
    EXPECT_EQ(name, top.name() + ", 'doc'");
    for (const char* field : {"z", "t", "absent"}) {
      EXPECT_FALSE(top.visit_object(field, [](JsonRecord&) { FAIL(); })) << field;
    }
    EXPECT_EQ(top.integer("after"), 1);
  });
}

TEST(JsonFile, LinesCanBeReadAgain) {
  const TemporaryFolder folder;
  write_text(folder / "file.jsonl", "{\"a\": 1}\n\n{\"a\": 2}\n{\"a\": \"x\"}");
  JsonFile file(folder / "file.jsonl");
  std::vector<JsonLine> lines;
  file.each_line([&](JsonRecord&, const JsonLine& line) { lines.push_back(line); });
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].number, 3u);
  EXPECT_EQ(lines[1].text, "{\"a\": 2}");
  std::vector<std::int64_t> values;
  const auto read = [&](JsonRecord& record) { values.push_back(record.integer("a")); };
  file.visit_line(lines[1], read);
  file.visit_line(lines[0], read);
  EXPECT_THAT(values, ElementsAre(2, 1));
  EXPECT_THAT(error_of([&] { file.visit_line(lines[2], read); }),
              HasSubstr("file.jsonl: line 4: field 'a' is a string"));
}

TEST(JsonRecord, OptionalFieldsMayBeMissingOrNull) {
  with_top(R"({"i": null, "n": null, "t": null, "id": null, "w": null, "x": 1})",
           [](JsonRecord& top) {
             for (const char* i : {"i", "absent"}) EXPECT_FALSE(top.optional_integer(i));
             for (const char* n : {"n", "absent"}) EXPECT_FALSE(top.optional_number(n));
             for (const char* t : {"t", "absent"}) EXPECT_FALSE(top.optional_text(t));
             for (const char* id : {"id", "absent"}) EXPECT_FALSE(top.optional_id(id));
             for (const char* w : {"w", "absent"}) EXPECT_EQ(top.pixels(w), 0);
             EXPECT_EQ(top.optional_integer("x"), 1);
           });
  with_top(R"({"n": 2, "t": "", "id": 5})", [](JsonRecord& top) {
    EXPECT_EQ(top.optional_number("n"), 2.0);
    EXPECT_EQ(top.optional_text("t"), "");
    EXPECT_EQ(top.optional_id("id"), "5");
  });
}

TEST(JsonRecord, NamesItselfByItsPlace) {
  with_top(R"({"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": []}]})", [](JsonRecord& top) {
    std::vector<std::string> names;
    top.each_record("a", [&](JsonRecord& outer) {
      names.push_back(outer.name());
      outer.each_record("b", [&](JsonRecord& inner) { names.push_back(inner.name()); });
    });
    const std::string file = top.name();
    EXPECT_THAT(
        names,
        ElementsAre(file + ": record 1 of 'a'", file + ": record 1 of 'a': record 1 of 'b'",
                    file + ": record 1 of 'a': record 2 of 'b'", file + ": record 2 of 'a'"));
    EXPECT_THAT(file, HasSubstr("file.json"));
  });
}

TEST(JsonRecord, GoesThroughArraysInOrder) {
  with_top(
      R"({"t": ["a", "", "\u00e9"], "none": [], "o": [{"i": 1}, {"i": 2}], "n": [7, -3], "last": 5})",
      [](JsonRecord& top) {
        std::vector<std::string> texts;
        top.each_text("t", [&](std::string_view text) { texts.emplace_back(text); });
        EXPECT_THAT(texts, ElementsAre("a", "", "\u00e9"));
        top.each_text("none", [](std::string_view) { FAIL(); });
        top.each_record("none", [](JsonRecord&) { FAIL(); });
        std::vector<std::int64_t> numbers;
        top.each_record("o", [&](JsonRecord& record) { numbers.push_back(record.integer("i")); });
        EXPECT_THAT(numbers, ElementsAre(1, 2));
        EXPECT_THAT(top.integers("n"), ElementsAre(7, -3));
        EXPECT_EQ(top.integer("last"), 5);
      });
}

TEST(JsonRecord, ARecordMayBeLeftHalfRead) {
  with_top(R"({"a": [{"x": [1, 2, 3], "y": {"z": [[]]}}, {"x": [4], "i": 7}], "b": 1})",
           [](JsonRecord& top) {
             int visits = 0;
             top.each_record("a", [&](JsonRecord& record) {
               if (++visits == 1) return;
               EXPECT_EQ(record.integer("i"), 7);
             });
             EXPECT_EQ(visits, 2);
             EXPECT_EQ(top.integer("b"), 1);
           });
}

TEST(JsonRecord, FieldsMayBeCountersOfAnyName) {
  with_top(R"({"a.png": 1, "caf\u00e9": 2, "": 3})", [](JsonRecord& top) {
    std::vector<std::pair<std::string, std::int64_t>> fields;
    top.each_integer(
        [&](std::string_view name, std::int64_t value) { fields.emplace_back(name, value); });
    EXPECT_EQ(fields, (decltype(fields){{"a.png", 1}, {"caf\u00e9", 2}, {"", 3}}));
  });
}

TEST(JsonRecord, ErrorsShowWhatWasFound) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"i": 1.5})", "field 'i' is 1.5, want an integer"},
      {R"({"i": "5"})", "field 'i' is a string, want an integer"},
      {R"({"i": [5]})", "field 'i' is an array, want an integer"},
      {R"({"i": {}})", "field 'i' is an object, want an integer"},
      {R"({"i": true})", "field 'i' is true, want an integer"},
      {R"({"i": NaN})", "field 'i' is NaN, want an integer"},
      {R"({"i": null})", "field 'i' is missing, want an integer"},
      {R"({})", "field 'i' is missing, want an integer"},
      {R"({"i": 12345678901234567890123456789012345678901234567890})",
       "field 'i' is 1234567890123456789012345678901234567890, want an integer"},
  };
  for (const auto& [text, says] : cases) {
    EXPECT_THAT(
        error_of([&, &json = text] { with_top(json, [](JsonRecord& top) { top.integer("i"); }); }),
        AllOf(HasSubstr("file.json"), HasSubstr(says)));
  }
}

std::vector<std::string> ids_in(const std::string& text) {
  const TemporaryFolder folder;
  write_text(folder / "file.json", text);
  JsonFile file(folder / "file.json");
  std::vector<std::string> ids;
  file.each_record([&](JsonRecord& record) { ids.push_back(record.id("id")); });
  return ids;
}

TEST(JsonFile, TakesAnArrayOrLines) {
  for (const char* text :
       {R"([{"id": 1}, {"id": "b"}])", "{\"id\": 1}\n{\"id\": \"b\"}",
        "{\"id\": 1}\n{\"id\": \"b\"}\n", "\n{\"id\": 1}\r\n  \r\n {\"id\": \"b\"} \r\n\n",
        "\xEF\xBB\xBF{\"id\": 1}\n{\"id\": \"b\"}",
        "\xEF\xBB\xBF [{\"id\": 1}, {\"id\": \"b\"}] \n"}) {
    EXPECT_THAT(ids_in(text), ElementsAre("1", "b")) << text;
  }
  EXPECT_THAT(ids_in("[]"), ElementsAre());
}

TEST(JsonFile, LinesOfAnyLengthAroundAPage) {
  // The last line ends where the file ends, which may be the end of a page.
  for (std::size_t size = 4000; size < 4200; ++size) {
    const std::string line = R"({"id": ")" + std::string(size, 'x') + R"("})";
    ASSERT_EQ(ids_in("{\"id\": 0}\n" + line + "\n" + line).at(2), std::string(size, 'x'));
  }
}

TEST(JsonFile, MoreThanItCanHoldIsRefusedWithTheWayOut) {
  const TemporaryFolder folder;
  write_text(folder / "file.json", "[");
  std::filesystem::resize_file(folder / "file.json", (std::uintmax_t{4} << 30) + 1);
  EXPECT_THAT(error_of([&] { JsonFile(folder / "file.json").each_record([](JsonRecord&) {}); }),
              AllOf(HasSubstr("file.json"), HasSubstr("4 GiB"), HasSubstr("JSON lines")));
}

TEST(JsonFile, TextsOfAFileLiveAsLongAsIt) {
  const TemporaryFolder folder;
  std::string text = "[";
  for (int i = 0; i < 2000; ++i) {
    text += R"({"id": "escaped \u00e9 )" + std::to_string(i) + "\"},";
  }
  text.back() = ']';
  write_text(folder / "file.json", text);
  JsonFile file(folder / "file.json");
  std::vector<std::string_view> texts;
  file.each_record([&](JsonRecord& record) { texts.push_back(record.text("id")); });
  ASSERT_EQ(texts.size(), 2000U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i], "escaped \u00e9 " + std::to_string(i));
  }
}

}  // namespace
}  // namespace sightline
