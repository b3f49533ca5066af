#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/paths.h"

// Damages a good file in every way that files get damaged, and looks at what its reader says.

namespace sightline::testing {

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// What a field holds, and so what it must refuse.
enum class FieldKind { kInteger, kNumber, kText, kId, kObjects, kTexts, kIntegers, kBox, kPixels };

struct FieldCase {
  std::string record;  ///< JSON pointer of the record: "/annotations/0"
  std::string name;
  FieldKind kind = FieldKind::kText;
  bool optional = false;
  std::string where = {};  ///< how errors name the record; empty: from `record`
};

/// A reader of one JSON file, with a file that it takes.
struct ReaderCase {
  std::string name;     ///< of the reader, for the test's output
  std::string file;     ///< file name, which errors must hold
  nlohmann::json good;  ///< what the file holds; an array where `lines`
  bool lines = false;   ///< JSON lines
  std::vector<FieldCase> fields;
  std::function<void(const std::filesystem::path&)> read;
};

inline std::string to_text(const ReaderCase& reader, const nlohmann::json& document) {
  if (!reader.lines) return document.dump();
  std::string text;
  for (const auto& record : document) text += record.dump() + "\n";
  return text;
}

/// JSON values, and words that are none, that a field of this kind must refuse.
inline std::vector<std::string> refused_literals(const FieldCase& field) {
  static const std::vector<std::string> kNumbers = {"true",      "[]",    "{}",     "\"x\"", "NaN",
                                                    "-Infinity", "1e999", "-1e999", "nul",   "01"};
  std::vector<std::string> refused = kNumbers;
  switch (field.kind) {
    case FieldKind::kNumber:
      break;
    case FieldKind::kInteger:
      refused.insert(refused.end(), {"1.5", "99999999999999999999"});
      break;
    case FieldKind::kPixels:
      refused.insert(refused.end(), {"1.5", "-1", "3000000000"});
      break;
    case FieldKind::kId:
      refused = {"true", "[]", "{}", "1.5", "NaN", "1e999", "99999999999999999999", "\"\\ud800\""};
      break;
    case FieldKind::kText:
      refused = {"true", "[]", "{}", "1", "NaN", "\"\\ud800\"", "\"\\x\""};
      break;
    case FieldKind::kObjects:
      refused = {"true",    "{}",   "1",      "\"x\"", "[1]",
                 "[\"x\"]", "[[]]", "[null]", "[NaN]", "[{} {}]"};
      break;
    case FieldKind::kTexts:
      refused = {"true", "{}",   "1",      "\"x\"", "[1]",
                 "[{}]", "[[]]", "[null]", "[NaN]", "[\"a\" \"b\"]"};
      break;
    case FieldKind::kIntegers:
      refused = {"true", "{}",    "1",      "\"x\"", "[\"1\"]",
                 "[{}]", "[1.5]", "[null]", "[NaN]", "[1 2]"};
      break;
    case FieldKind::kBox:
      refused = {"true",
                 "{}",
                 "1",
                 "\"x\"",
                 "[]",
                 "[1,2,3]",
                 "[1,2,3,4,5]",
                 "[1,2,\"x\",4]",
                 "[1,2,NaN,4]",
                 "[Infinity,2,3,4]",
                 "[1,2,1e999,4]",
                 "[1,2,-3,4]",
                 "[1,2,3,-4]",
                 "[null,2,3,4]",
                 "[[1],2,3,4]",
                 "[1,2 3,4]"};
      break;
  }
  if (!field.optional) refused.emplace_back("null");
  return refused;
}

/// "record 2 of 'annotations'" for "/annotations/1"; "record 1" or "line 1" at the top level.
inline std::string where_of(const ReaderCase& reader, const FieldCase& field) {
  if (!field.where.empty()) return field.where;
  const nlohmann::json::json_pointer record(field.record);
  if (record.empty()) return "";
  const std::string number = std::to_string(std::stoi(record.back()) + 1);
  const auto array = record.parent_pointer();
  if (array.empty()) return (reader.lines ? "line " : "record ") + number;
  return "record " + number + " of '" + array.back() + "'";
}

/// The file with one field's value replaced by words that need not be JSON.
inline std::string with_literal(const ReaderCase& reader, const FieldCase& field,
                                const std::string& literal) {
  nlohmann::json document = reader.good;
  document.at(nlohmann::json::json_pointer(field.record))[field.name] = "@here@";
  std::string text = to_text(reader, document);
  return text.replace(text.find("\"@here@\""), 8, literal);
}

inline std::string error_for(const ReaderCase& reader, const std::filesystem::path& folder,
                             const std::string& text) {
  write_text(folder / reader.file, text);
  return error_of([&] { reader.read(folder / reader.file); });
}

inline void expect_fields_refused(const ReaderCase& reader, const std::filesystem::path& folder) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  for (const FieldCase& field : reader.fields) {
    SCOPED_TRACE(field.record + "/" + field.name);
    const std::string where = where_of(reader, field);
    for (const std::string& literal : refused_literals(field)) {
      EXPECT_THAT(
          error_for(reader, folder, with_literal(reader, field, literal)),
          AllOf(HasSubstr(reader.file), HasSubstr(where), HasSubstr("'" + field.name + "'")))
          << literal;
    }
    nlohmann::json without = reader.good;
    without.at(nlohmann::json::json_pointer(field.record)).erase(field.name);
    const std::string error = error_for(reader, folder, to_text(reader, without));
    if (field.optional) {
      EXPECT_EQ(error, "no error") << "without it";
    } else {
      EXPECT_THAT(error, AllOf(HasSubstr(reader.file), HasSubstr(where),
                               HasSubstr("'" + field.name + "' is missing")));
    }
  }
}

/// Every file cut short is refused, but for lines cut at an end of line.
inline void expect_truncations_refused(const ReaderCase& reader,
                                       const std::filesystem::path& folder) {
  const std::string text = to_text(reader, reader.good);
  for (std::size_t size = 0; size < text.size(); ++size) {
    if (reader.lines && (text[size] == '\n' || (size > 0 && text[size - 1] == '\n'))) continue;
    ASSERT_THAT(error_for(reader, folder, text.substr(0, size)), ::testing::HasSubstr(reader.file))
        << "cut after " << size << " of " << text.size() << " bytes";
  }
}

inline void expect_broken_files_refused(const ReaderCase& reader,
                                        const std::filesystem::path& folder) {
  const std::string good = to_text(reader, reader.good);
  const std::pair<std::string, std::string> broken[] = {
      {"", "is empty"},
      {" \n\t\r\n ", "is empty"},
      {"\xEF\xBB\xBF", "is empty"},
      {"null", ""},
      {"1", ""},
      {"\"x\"", ""},
      {"NaN", ""},
      {reader.good.is_array() ? "\"a\": 1" : "[]", ""},
      {reader.good.is_array() ? "[[]]" : "[{}]", ""},
      {std::string(1 << 20, '['), ""},
      {std::string(1 << 20, '{'), ""},
      {"{\"x\": " + std::string(1 << 20, '['), ""},
      {good + "]", ""},
      {good + "x", ""},
      {"x" + good, ""},
      {std::string(good).insert(good.rfind('"'), "\xE2\x28"), "not valid UTF-8"},
      {std::string(good).insert(good.rfind('"'), "\xFF"), "not valid UTF-8"},
      {std::string(good).insert(good.rfind('"'), "\n"), ""},
      {std::string(good).insert(good.size() / 2, 1, '\0'), ""},
  };
  for (const auto& [text, says] : broken) {
    SCOPED_TRACE(text.substr(0, 60));
    EXPECT_THAT(error_for(reader, folder, text),
                ::testing::AllOf(::testing::HasSubstr(reader.file), ::testing::HasSubstr(says)));
  }
}

inline void expect_good_files_read(const ReaderCase& reader, const std::filesystem::path& folder) {
  const std::string good = to_text(reader, reader.good);
  EXPECT_EQ(error_for(reader, folder, good), "no error");
  EXPECT_EQ(error_for(reader, folder, "\xEF\xBB\xBF" + good), "no error") << "byte order mark";
  EXPECT_EQ(error_for(reader, folder, "\n \n" + good + "\n\n"), "no error") << "empty lines";
  if (!reader.lines) {
    EXPECT_EQ(error_for(reader, folder, reader.good.dump(2)), "no error") << "indented";
  }
  // Readers look for fields by name: other fields and another order change nothing.
  nlohmann::json extended = reader.good;
  for (const FieldCase& field : reader.fields) {
    auto& record = extended.at(nlohmann::json::json_pointer(field.record));
    record["0 first"] = {{"deep", {1, "]", nullptr}}};
    record["~ last"] = "}";
  }
  EXPECT_EQ(error_for(reader, folder, to_text(reader, extended)), "no error") << "more fields";
}

/// All of the above, and a file that is absent or a folder.
inline void expect_reader_refuses_what_is_broken(const ReaderCase& reader) {
  const TemporaryFolder folder;
  expect_good_files_read(reader, folder.path());
  expect_fields_refused(reader, folder.path());
  expect_truncations_refused(reader, folder.path());
  expect_broken_files_refused(reader, folder.path());
  std::filesystem::remove(folder / reader.file);
  EXPECT_THAT(error_of([&] { reader.read(folder / reader.file); }),
              ::testing::HasSubstr(reader.file));
  std::filesystem::create_directory(folder / reader.file);
  EXPECT_THAT(error_of([&] { reader.read(folder / reader.file); }),
              ::testing::HasSubstr(reader.file));
}

inline void PrintTo(const ReaderCase& reader, std::ostream* out) {
  *out << reader.name;
}

/// The name of the reader as that of the test.
inline std::string reader_name(const ::testing::TestParamInfo<ReaderCase>& info) {
  return info.param.name;
}

}  // namespace sightline::testing
