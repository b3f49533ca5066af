#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "results/journal.h"

namespace sightline::testing {

inline JournalTask task_named(const std::string& name, std::size_t samples = 1'000'000) {
  return {.name = name, .protocol = R"({"prompt":"short"})", .samples = samples};
}

/// A row whose every field follows from its index, so that a mixed-up or torn row shows.
inline JournalRow row_at(std::size_t index) {
  const std::string i = std::to_string(index);
  return {.index = index,
          .id = "id" + i,
          .outcome = index % 7 == 0 ? "timeout" : "ok",
          .request = R"({"prompt":"question )" + i + R"("})",
          .response = "response " + i + std::string(index % 50, 'x'),
          .answer = "[" + i + "]",
          .scores = R"({"vqa_accuracy":0.)" + i + "}",
          .error = index % 7 == 0 ? "no answer in 300 s" : "",
          .prompt_tokens = static_cast<int>(index % 1000),
          .generated_tokens = static_cast<int>(index % 16),
          .seconds = static_cast<double>(index) / 3};
}

inline std::vector<JournalRow> rows_between(std::size_t begin, std::size_t end) {
  std::vector<JournalRow> rows;
  for (std::size_t i = begin; i < end; ++i) rows.push_back(row_at(i));
  return rows;
}

inline void expect_equal(const JournalRow& a, const JournalRow& b) {
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.request, b.request);
  EXPECT_EQ(a.response, b.response);
  EXPECT_EQ(a.answer, b.answer);
  EXPECT_EQ(a.scores, b.scores);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.prompt_tokens, b.prompt_tokens);
  EXPECT_EQ(a.generated_tokens, b.generated_tokens);
  EXPECT_EQ(a.seconds, b.seconds);
}

/// Runs SQL on a file with SQLite alone, as another program would; the first column of the first
/// row, or "error: ...".
inline std::string query(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* connection = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::string result;
  if (sqlite3_open(file.c_str(), &connection) != SQLITE_OK ||
      sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    result = std::string("error: ") + sqlite3_errmsg(connection);
  } else if (sqlite3_step(statement) == SQLITE_ROW) {
    result = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return result;
}

/// The message of the `Error` that `action` throws, or "" and a failure when it throws none.
template <typename Expected = Error, typename Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.message();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace sightline::testing
