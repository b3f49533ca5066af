#include "results/history/history.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <limits>

#include "harness/base/file.h"
#include "tests/results/history/history_support.h"
#include "tests/support/bad_json.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using testing::addition;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::run_of_day;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::write_text;

void execute(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

std::vector<std::string> labels_in(const fs::path& file) {
  std::vector<std::string> labels;
  for (const HistoryPoint& point : History::open_to_read(file).points()) {
    labels.push_back(point.label);
  }
  return labels;
}

class HistoryFile : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const fs::path file_ = folder_ / "history.sqlite";
};

TEST_F(HistoryFile, GivesBackWhatWasAdded) {
  HistoryAddition run = addition(3, 0.5);
  TaskResult& task = run.results.tasks[0];
  task.metrics.push_back({.key = "rfid",
                          .value = std::numeric_limits<double>::infinity(),
                          .n = 400,
                          .unit = "FID",
                          .higher_is_better = false,
                          .rules = "fid/tf"});
  task.metrics.push_back({.key = "nes", .value = {}, .n = 0, .note = "not rated"});
  EXPECT_TRUE(History::open(file_).add({run})[0].is_new);
  const std::vector<HistoryPoint> points = History::open_to_read(file_).points();
  ASSERT_THAT(points, SizeIs(2));  // what has no value is no point
  EXPECT_EQ(points[0].metric, "rfid");
  EXPECT_EQ(points[0].value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(points[0].standard_error, std::nullopt);
  EXPECT_FALSE(points[0].higher_is_better);
  EXPECT_EQ(points[0].rules, "fid/tf");
  const HistoryPoint& accuracy = points[1];
  EXPECT_EQ(accuracy.date, 3 * 86400);
  EXPECT_EQ(accuracy.label, "day 3");
  EXPECT_EQ(accuracy.commit, "c3");
  EXPECT_EQ(accuracy.model, "native");
  EXPECT_EQ(accuracy.task, "vqav2_val");
  EXPECT_EQ(accuracy.value, 0.5);
  EXPECT_EQ(accuracy.standard_error, 0.01);
  EXPECT_EQ(accuracy.n, 400);
  EXPECT_EQ(nlohmann::json::parse(accuracy.meaning), nlohmann::json({{"max_new_tokens", "16"},
                                                                     {"split", "val2014"},
                                                                     {"rules", "vqa/official"},
                                                                     {"task version", "1"},
                                                                     {"samples", 400}}));
}

TEST_F(HistoryFile, KnowsTheDataOfARun) {
  HistoryAddition run = addition(3, 0.5);
  const nlohmann::json data = {{"annotations.json", "e654"}};
  run.results.manifest = nlohmann::json({{"date", testing::date_of_day(3)},
                                         {"tasks", {{"vqav2_val", {{"data", data}}}}}})
                             .dump();
  History::open(file_).add({run});
  const std::string meaning = History::open_to_read(file_).points().at(0).meaning;
  EXPECT_EQ(nlohmann::json::parse(meaning)["data"], data);
}

TEST_F(HistoryFile, IsInTheOrderOfDatesNotOfAdditions) {
  History::open(file_).add({addition(5, 0.5), addition(2, 0.4)});
  History::open(file_).add({addition(3, 0.6)});
  EXPECT_THAT(labels_in(file_), ElementsAre("day 2", "day 3", "day 5"));
}

TEST_F(HistoryFile, TakesARunOnce) {
  History history = History::open(file_);
  history.add({addition(1, 0.5)});
  HistoryAddition again = addition(1, 0.5);
  again.label = "another label";
  const std::vector<AddedRun> added = history.add({again, addition(2, 0.5), addition(2, 0.5)});
  EXPECT_FALSE(added[0].is_new);
  EXPECT_EQ(added[0].label, "day 1");
  EXPECT_TRUE(added[1].is_new);  // equal results of another day are another run
  EXPECT_FALSE(added[2].is_new);
  EXPECT_THAT(labels_in(file_), ElementsAre("day 1", "day 2"));
}

TEST_F(HistoryFile, AddsAllOrNothing) {
  HistoryAddition unfinished = addition(2, 0.5);
  unfinished.results.finished = false;
  HistoryAddition undated = addition(3, 0.5);
  undated.results.manifest = "{}";
  HistoryAddition misdated = addition(3, 0.5);
  misdated.results.manifest = R"({"date": "yesterday"})";
  HistoryAddition unscored = addition(4, 0.5);
  unscored.results.tasks[0].metrics.clear();
  const std::pair<const HistoryAddition*, const char*> cases[] = {{&unfinished, "is unfinished"},
                                                                  {&undated, "has no date"},
                                                                  {&misdated, "has no date"},
                                                                  {&unscored, "has no values"}};
  History history = History::open(file_);
  for (const auto& [bad, problem] : cases) {
    EXPECT_THAT(error_of([&] { history.add({addition(1, 0.5), *bad}); }), HasSubstr(problem));
    EXPECT_THAT(labels_in(file_), SizeIs(0));
  }
}

TEST_F(HistoryFile, RefusesTheFilesOfOthers) {
  write_text(file_, "date,value\n1,2 and more than sixteen bytes\n");
  EXPECT_THAT(error_of([&] { History::open(file_); }),
              AllOf(HasSubstr(file_.string()), HasSubstr("no history of Sightline")));
  fs::remove(file_);
  execute(file_, "CREATE TABLE mine(x)");
  for (const auto& open : {History::open, History::open_to_read}) {
    EXPECT_THAT(error_of([&] { open(file_); }), HasSubstr("no history of Sightline"));
  }
  fs::remove(file_);
  History::open(file_).add({addition(1, 0.5)});
  execute(file_, "PRAGMA user_version = 99");
  EXPECT_THAT(error_of([&] { History::open(file_); }), HasSubstr("schema version 99"));
  EXPECT_THAT(error_of([&] { History::open_to_read(folder_ / "none"); }),
              AllOf(HasSubstr("there is no history"), HasSubstr("history add")));
  EXPECT_THAT(error_of([&] { History::open(folder_.path()); }), HasSubstr(folder_.path().string()));
}

TEST_F(HistoryFile, RefusesOneThatIsCutOff) {
  History::open(file_).add({addition(1, 0.5)});
  fs::resize_file(file_, 5000);
  EXPECT_THAT(error_of([&] { History::open_to_read(file_).points(); }),
              HasSubstr(file_.filename().string()));
}

TEST_F(HistoryFile, IsReadWhereNothingCanBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  History::open(file_).add({addition(1, 0.5)});
  fs::permissions(file_, fs::perms::owner_read);
  fs::permissions(folder_.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(labels_in(file_), SizeIs(1));
  fs::permissions(folder_.path(), fs::perms::owner_all);
}

/// Adds runs of days from `first` on, one transaction each, and exits with 0.
pid_t start_adding(const fs::path& file, int first, int count) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    for (int day = first; day < first + count; ++day) {
      History::open(file).add({addition(day, 0.5)});
    }
  } catch (const std::exception&) {
    _exit(1);
  }
  _exit(0);
}

TEST_F(HistoryFile, TakesTheRunsOfSeveralProcessesAtOnce) {
  constexpr int kProcesses = 4, kRuns = 10;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(start_adding(file_, 1 + i * kRuns, kRuns));
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_THAT(labels_in(file_), SizeIs(kProcesses * kRuns));
}

TEST_F(HistoryFile, SurvivesBeingKilledAtAnyMoment) {
  for (int round = 0; round < 15; ++round) {
    const pid_t child = start_adding(file_, 1 + round * 1000, 1000);
    usleep(static_cast<useconds_t>(3000 + 2711 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (!fs::exists(file_)) continue;
    History::open(file_).add(
        {addition(100'000 + round, 0.5)});  // goes on, and nothing is half there
    for (const HistoryPoint& point : History::open_to_read(file_).points()) {
      ASSERT_EQ(point.value, 0.5);
    }
  }
  EXPECT_GE(labels_in(file_).size(), 15U);
}

}  // namespace
}  // namespace sightline
