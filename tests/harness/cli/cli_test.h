#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "harness/demo/suite.h"
#include "models/opencv/painter.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace sightline::testing {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

/// A small sample suite beside the built program, drawn by the first test that wants it and kept
/// until the tests are built anew: CTest runs each test in a process of its own.
inline std::filesystem::path small_suite() {
  namespace fs = std::filesystem;
  const fs::path suites = fs::path(SIGHTLINE_PROGRAM).parent_path() / "test_suites";
  const auto built = fs::last_write_time(fs::canonical("/proc/self/exe")).time_since_epoch();
  const fs::path suite = suites / std::to_string(built.count());
  if (fs::exists(suite)) return suite;
  const fs::path mine = suites / ("drawn_by_" + std::to_string(::getpid()));
  make_demo_suite(mine, open_painter, {.scenes = 12, .text_images = 6, .textures = 6});
  std::error_code another_was_first;
  fs::rename(mine, suite, another_was_first);
  if (another_was_first) fs::remove_all(mine);
  return suite;
}

/// Runs the built program as a user would.
class CliTest : public ::testing::Test {
 protected:
  // What is kept between runs is kept for this test alone.
  CliTest() { ::setenv("SIGHTLINE_CACHE", (own_ / "cache").c_str(), 1); }

  /// Official files of all tasks. Read only.
  static std::filesystem::path data() {
    static const std::filesystem::path suite = small_suite();
    return suite;
  }
  /// A folder of the test's own.
  std::filesystem::path folder(const std::string& name) const { return own_ / name; }

  static Words command(const Words& arguments) {
    Words words = {SIGHTLINE_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  static ProgramEnd sightline(const Words& arguments, const StartOptions& options = {}) {
    return run_to_end(command(arguments), options);
  }
  /// The same, to succeed.
  static ProgramEnd must(const Words& arguments, const StartOptions& options = {}) {
    ProgramEnd end = sightline(arguments, options);
    EXPECT_EQ(end.exit_code, 0) << Json(arguments).dump() << "\nsignal " << end.signal << "\n"
                                << end.err;
    return end;
  }

  /// `run` of a model on tasks of the suite, into folder(name); `more` goes behind.
  Words run_words(const std::string& model, const std::string& tasks, const std::string& name,
                  const Words& more = {}) const {
    Words words = {"run",           "--model",       model,
                   "--tasks",       tasks,           "--data_root",
                   data().string(), "--output_path", folder(name).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  ProgramEnd run(const std::string& model, const std::string& tasks, const std::string& name,
                 const Words& more = {}) const {
    return must(run_words(model, tasks, name, more));
  }

  /// `--model_args` that start tests/data/cli/slow_model.py.
  static std::string slow_model(const std::string& flags = "") {
    return "command=python3 '" + data_path("cli/slow_model.py").string() + "' " + flags;
  }

  static Json read_json(const std::filesystem::path& file) { return Json::parse(read_file(file)); }
  /// results.json without what tells when and where it was made.
  static Json result_fields(const std::filesystem::path& run_folder) {
    return result_fields(read_json(run_folder / "results.json"));
  }
  static Json result_fields(Json document) {
    document.erase("date");
    const Json manifest = std::exchange(document["sightline"], Json::object());
    document["sightline"]["run"] = manifest.at("run");
    if (!manifest.contains("tasks")) return document;
    for (const auto& [task, note] : manifest["tasks"].items()) {
      document["sightline"]["tasks"][task] = {{"model", note.at("model")},
                                              {"data", note.at("data")}};
    }
    return document;
  }
  /// The number of one metric: metric_of(run_folder, "vqav2_val", "vqa_accuracy").
  static double metric_of(const std::filesystem::path& run_folder, const std::string& task,
                          const std::string& metric) {
    return read_json(run_folder / "results.json")["results"][task].at(metric + ",none");
  }

  /// Changes a journal behind the program's back, or reads one number out of it.
  static std::int64_t query(const std::filesystem::path& run_folder, const std::string& sql) {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open((run_folder / "run.sqlite").c_str(), &database), SQLITE_OK);
    std::int64_t value = -1;
    const auto keep = [](void* target, int, char** columns, char**) {
      if (columns[0] != nullptr) *static_cast<std::int64_t*>(target) = std::stoll(columns[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), keep, &value, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(database);
    sqlite3_close(database);
    return value;
  }

  static std::size_t lines_in(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return 0;
    const std::string text = read_file(file);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

 private:
  TemporaryFolder own_;
};

constexpr const char* kAllTasks =
    "vqav2_val,textvqa_val,coco_det_val2017,refcoco_val,docci_test,imagenet_recon_val";

}  // namespace sightline::testing

/// Skips the test where there is no Python to be the model in another process.
#define SIGHTLINE_NEED_PYTHON()                          \
  if (std::system("python3 -c '' >/dev/null 2>&1") != 0) \
  GTEST_SKIP() << "needs python3 for the model in another process; install the package python3"
