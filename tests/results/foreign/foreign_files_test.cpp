#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "harness/base/file.h"
#include "results/foreign/foreign_run.h"
#include "tests/results/foreign/foreign_support.h"

// Which files a run of another harness is read from, and what is refused.

namespace sightline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using testing::HandMade;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kDate;
using testing::TemporaryFolder;
using testing::write_text;

TEST(ForeignFiles, FileFolderAndTheFolderAboveAreOneRun) {
  const HandMade run;
  run.write();
  for (const fs::path& path : {run.folder.path(), run.folder / "m", run.results_file()}) {
    EXPECT_TRUE(is_foreign_run(path)) << path;
    EXPECT_EQ(read_foreign_run(path).tasks.size(), 1u) << path;
  }
}

TEST(ForeignFiles, TheNewestDateIsTakenUnlessAFileIsGiven) {
  HandMade run;
  const std::string old = "2025-12-31T23-59-59.999999";
  run.results["model_name"] = "old";
  run.write(old);
  run.results["model_name"] = "new";
  const RunSamples newest = run.read();
  EXPECT_EQ(newest.label, "new");
  EXPECT_THAT(newest.notes, ElementsAre(AllOf(HasSubstr(kDate), HasSubstr("newest of 2"))));
  const RunSamples given = read_foreign_run(run.results_file(old));
  EXPECT_EQ(given.label, "old");
  EXPECT_THAT(given.notes, IsEmpty());
}

TEST(ForeignFiles, OneOfSeveralModelsMustBeNamed) {
  const HandMade run;
  run.write();
  fs::copy(run.folder / "m", run.folder / "other");
  EXPECT_TRUE(is_foreign_run(run.folder.path()));
  EXPECT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }),
              AllOf(HasSubstr("2 models"), HasSubstr("/m,"), HasSubstr("/other")));
}

TEST(ForeignFiles, RenamedFilesAreKnownByTheirContent) {
  const HandMade run;
  run.write();
  fs::rename(run.results_file(), run.folder / "m/base.json");
  EXPECT_TRUE(is_foreign_run(run.folder / "m/base.json"));
  EXPECT_EQ(read_foreign_run(run.folder.path()).tasks.size(), 1u);
  fs::copy(run.samples(), run.folder / "m/samples_t_2025-01-01T00-00-00.jsonl");
  EXPECT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }),
              HasSubstr("2 files of samples of task t"));
}

TEST(ForeignFiles, OtherFilesAreNoForeignRun) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_foreign_run(folder.path()));
  EXPECT_FALSE(is_foreign_run(folder / "absent"));
  write_text(folder / "own/results.json", R"({"results": {}, "configs": {}, "sightline": {}})");
  write_text(folder / "list.json", "[1]");
  write_text(folder / "broken.json", "{\"results\"");
  write_text(folder / "other.json", R"({"results": {}})");
  EXPECT_FALSE(is_foreign_run(folder.path()));
  EXPECT_FALSE(is_foreign_run(folder / "own"));
  EXPECT_FALSE(is_foreign_run(folder / "list.json"));
  write_text(folder / "results_2026-01-02T03-04-05.json", "{\"results\"");
  EXPECT_TRUE(is_foreign_run(folder.path())) << "a broken file is named by the reader";
  write_text(folder / "run.sqlite", "");
  EXPECT_FALSE(is_foreign_run(folder.path()));
  EXPECT_THAT(error_of([&] { read_foreign_run(folder / "own"); }), HasSubstr("holds no results"));
  EXPECT_THAT(error_of([&] { read_foreign_run(folder / "absent"); }), HasSubstr("does not exist"));
}

TEST(ForeignFiles, MissingSamplesAreAskedFor) {
  const HandMade run;
  run.write();
  fs::remove(run.samples());
  EXPECT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }),
              AllOf(HasSubstr("samples of task t are missing"), HasSubstr("--log_samples")));
}

TEST(ForeignFiles, ANumberOfDocumentsThatIsNotThatOfTheResultsIsSaid) {
  HandMade run;
  run.results["n-samples"] = {{"t", {{"original", 9}, {"effective", 5}}}};
  const RunSamples read = run.read();
  EXPECT_THAT(read.notes, ElementsAre(HasSubstr("has 4 documents, n-samples says 5")));
  EXPECT_EQ(read.tasks.at(0).result.samples_in_dataset, 9);
}

// ---------------------------------------------------------------- broken files

TEST(ForeignFiles, BrokenLinesAreNamed) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"doc_id": 4, "acc": )", "line 5: broken or truncated JSON"},
      {"{\"doc_id\": 4, \"acc\": 1, \"doc\": {\"x\": \"cut", "line 5"},
      {"[1]", "line 5: want a JSON object"},
      {"{\"doc_id\": 4, \"filter\": \"\xFF\"}", "line 5: the text is not valid UTF-8"},
      {R"({"acc": 1})", "line 5: field 'doc_id' is missing"},
      {R"({"doc_id": 1.5})", "line 5: field 'doc_id' is 1.5"},
      {R"({"doc_id": null})", "line 5: field 'doc_id' is missing"},
      {R"({"doc_id": [4]})", "line 5: field 'doc_id' is an array"},
      {R"({"doc_id": 4, "filter": 1})", "line 5: field 'filter' is 1, want a string"},
      {R"({"doc_id": 4, "doc_hash": 1})", "line 5: field 'doc_hash' is 1, want a string"},
      {R"({"doc_id": 2, "filter": "none"})", "line 5: field 'doc_id' is 2, which line 3 has too"},
      {R"({"doc_id": 4, "acc": "high"})", "line 5: field 'acc' is \"high\", want a number"},
      {R"({"doc_id": 4, "acc": [1]})", "line 5: field 'acc' is [1], want a number"},
      {R"({"doc_id": 4, "acc": 1e999})", "line 5: field 'acc' is 1e999, want a number"},
      {R"({"doc_id": 4, "acc": {"score": }})", "line 5"},
      {R"({"doc_id": 4, "doc": {"image_id": "\ud800"}})", "line 5"}};
  for (const auto& [line, says] : cases) {
    SCOPED_TRACE(line);
    HandMade run;
    run.after_lines = line;
    EXPECT_THAT(run.error(), AllOf(HasSubstr("samples_t_"), HasSubstr(says)));
  }
}

TEST(ForeignFiles, TruncatedFilesAreRefused) {
  const HandMade run;
  run.write();
  const std::string results = read_file(run.results_file()), samples = read_file(run.samples());
  for (std::size_t size = 0; size < results.size(); ++size) {
    write_text(run.results_file(), results.substr(0, size));
    ASSERT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }), HasSubstr("results_"))
        << size;
  }
  write_text(run.results_file(), results);
  for (std::size_t size = 0; size < samples.size(); ++size) {
    if (samples[size] == '\n' || (size > 0 && samples[size - 1] == '\n')) continue;
    write_text(run.samples(), samples.substr(0, size));
    ASSERT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }), HasSubstr("samples_t_"))
        << size;
  }
  write_text(run.samples(), " \n");
  EXPECT_THAT(error_of([&] { read_foreign_run(run.folder.path()); }), HasSubstr("is empty"));
}

TEST(ForeignFiles, FieldsOfTheResultsAreChecked) {
  const std::tuple<const char*, json, const char*> cases[] = {
      {"/results", 1, "field results is 1, want an object"},
      {"/results", json::object(), "results holds no task"},
      {"/results/t", "x", "field results.t is \"x\", want an object"},
      {"/results/t/acc,none", "high", "field results.t.acc,none is no number"},
      {"/n-samples", {{"t", {{"effective", -1}}}}, "n-samples.t.effective is -1, want a count"}};
  for (const auto& [pointer, value, says] : cases) {
    SCOPED_TRACE(pointer);
    HandMade run;
    run.results[json::json_pointer(pointer)] = value;
    EXPECT_THAT(run.error(), AllOf(HasSubstr("results_"), HasSubstr(says)));
  }
  const HandMade run;
  run.write();
  for (const char* text : {"[]", "{\"results\": \"\xFF\"}", "", "{\"configs\": {}}"}) {
    write_text(run.results_file(), text);
    EXPECT_THAT(error_of([&] { read_foreign_run(run.results_file()); }), HasSubstr("results_"))
        << text;
  }
}

}  // namespace
}  // namespace sightline
