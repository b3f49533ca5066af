#include "harness/engine/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/engine/stored_run.h"
#include "results/journal.h"
#include "tests/support/fake_task.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

/// Answers "What number is N?" with N; told to fail for some and to be gone after some.
struct Behaviour {
  std::size_t max_batch = 7;
  std::size_t fail_every = 0;         ///< every this many tickets is a model error
  std::size_t gone_after = SIZE_MAX;  ///< StopError once this many were answered
  std::size_t stop_after = SIZE_MAX;  ///< sets `stop` once this many were answered
  std::atomic<bool>* stop = nullptr;
  std::shared_ptr<std::atomic<std::size_t>> asked = std::make_shared<std::atomic<std::size_t>>(0);
};

class NumberModel final : public BatchModel {
 public:
  explicit NumberModel(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
    info_ = {.name = "number", .kinds = {Kind::kText}};
    info_.max_batch = behaviour_.max_batch;
    info_.opens_images = info_.wants_pixels = false;
  }
  const ModelInfo& info() const override { return info_; }
  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses;
    for (const Request& request : requests) responses.push_back(answer_one(request));
    return responses;
  }

 private:
  Response answer_one(const Request& request) {
    const std::size_t asked = ++*behaviour_.asked;
    if (asked > behaviour_.gone_after) throw StopError("the model is gone");
    if (asked >= behaviour_.stop_after && behaviour_.stop != nullptr) *behaviour_.stop = true;
    if (behaviour_.fail_every > 0 && request.ticket % behaviour_.fail_every == 0) {
      return failed_response(Outcome::kModelError, "no luck");
    }
    const bool right = request.ticket % 3 != 0;
    return {.text = right ? std::to_string(request.ticket) : "no idea", .answer = {}};
  }

  Behaviour behaviour_;
  ModelInfo info_;
};

class RunTest : public ::testing::Test {
 protected:
  ~RunTest() override { set_thread_count(0); }

  RunSettings settings(const std::string& output) {
    RunSettings settings;
    settings.model = "number";
    settings.tasks = parse_task_choices("numbers");
    settings.output_path = folder_ / output;
    settings.progress = ProgressMode::kNone;
    return settings;
  }

  RunEnd run_with(const RunSettings& settings, const Behaviour& behaviour = {}) {
    Registry registry;
    registry.add({.name = "number",
                  .summary = "",
                  .open = [&](ModelSettings) { return std::make_unique<NumberModel>(behaviour); },
                  .module = {}});
    stop_ = false;
    return run(settings, registry, tasks_, stop_);
  }

  /// results.json without what tells time and machine.
  json results(const std::string& output) {
    std::ifstream file(folder_ / output / "results.json");
    json document = json::parse(file);
    document.erase("date");
    const json run = document.at("sightline").at("run");
    document["sightline"] = run;
    return document;
  }

  TemporaryFolder folder_;
  TaskTable tasks_ = testing::number_tasks(1000);
  std::atomic<bool> stop_{false};
};

TEST_F(RunTest, AnswersEverySampleOnceAndScoresIt) {
  Behaviour behaviour;
  const RunEnd end = run_with(settings("a"), behaviour);
  EXPECT_EQ(*behaviour.asked, 1000U);
  ASSERT_EQ(end.results.tasks.size(), 1U);
  const TaskResult& task = end.results.tasks[0];
  EXPECT_DOUBLE_EQ(*task.metrics[0].value, 666.0 / 1000);
  EXPECT_EQ(task.samples, 1000);
  EXPECT_EQ(task.outcomes.at("ok"), 1000);
  EXPECT_TRUE(task.bounds.empty());
}

TEST_F(RunTest, AFinishedRunAsksNothingAgain) {
  run_with(settings("a"));
  const json first = results("a");
  Behaviour again;
  run_with(settings("a"), again);
  EXPECT_EQ(*again.asked, 0U);
  EXPECT_EQ(results("a"), first);
}

TEST_F(RunTest, ResultsDoNotDependOnThreadsOrBatchSize) {
  run_with(settings("reference"));
  const json reference = results("reference");
  for (const std::size_t threads : {1U, 2U, 5U}) {
    for (const std::size_t batch : {1U, 3U, 64U, 5000U}) {
      set_thread_count(threads);
      RunSettings other = settings("t" + std::to_string(threads) + "b" + std::to_string(batch));
      other.batch_size = batch;
      run_with(other, {.max_batch = 4096});
      EXPECT_EQ(results(other.output_path.filename()), reference) << threads << " " << batch;
    }
  }
}

TEST_F(RunTest, AStoppedRunGoesOnToTheSameResults) {
  run_with(settings("whole"));
  for (const std::size_t stop_after : {1U, 50U, 333U, 999U}) {
    const std::string name = "stopped" + std::to_string(stop_after);
    Behaviour behaviour{.stop_after = stop_after, .stop = &stop_};
    const RunEnd first = run_with(settings(name), behaviour);
    EXPECT_TRUE(first.interrupted);
    EXPECT_FALSE(std::filesystem::exists(folder_ / name / "results.json"));
    Behaviour rest;
    run_with(settings(name), rest);
    EXPECT_EQ(*behaviour.asked + *rest.asked, 1000U) << "a sample was lost or asked twice";
    EXPECT_EQ(results(name), results("whole"));
  }
}

TEST_F(RunTest, AModelThatIsGoneLeavesWhatItAnswered) {
  EXPECT_THROW(run_with(settings("a"), {.max_batch = 1, .gone_after = 100}), StopError);
  {
    const Journal journal = Journal::open_to_read(folder_ / "a");
    EXPECT_EQ(journal.count(0), 100U);
  }
  run_with(settings("whole"));
  run_with(settings("a"));
  EXPECT_EQ(results("a"), results("whole"));
}

TEST_F(RunTest, FailuresCountAsWrongAndShowBounds) {
  const RunEnd end = run_with(settings("a"), {.fail_every = 10});
  const TaskResult& task = end.results.tasks[0];
  EXPECT_EQ(task.outcomes.at("model_error"), 100);
  EXPECT_EQ(task.outcomes.at("ok"), 900);
  // Of the multiples of ten, 34 of 100 are multiples of three as well and would be wrong anyway.
  const double right = 666 - 66;
  EXPECT_DOUBLE_EQ(*task.metrics[0].value, right / 1000);
  EXPECT_DOUBLE_EQ(*task.bounds.at("accuracy").failures_wrong, right / 1000);
  EXPECT_DOUBLE_EQ(*task.bounds.at("accuracy").failures_left_out, right / 900);
}

TEST_F(RunTest, MaxErrorsDecidesHowTheRunEnds) {
  RunSettings strict = settings("a");
  strict.max_errors = "99";
  EXPECT_TRUE(run_with(strict, {.fail_every = 10}).too_many_errors);
  strict.max_errors = "10%";
  EXPECT_FALSE(run_with(strict, {.fail_every = 10}).too_many_errors);
  strict.max_errors = "many";
  EXPECT_THROW(run_with(strict), UsageError);
}

TEST_F(RunTest, RetryFailedAsksOnlyWhatFailed) {
  run_with(settings("a"), {.fail_every = 10});
  RunSettings retry = settings("a");
  retry.retry_failed = true;
  Behaviour now;
  const RunEnd end = run_with(retry, now);
  EXPECT_EQ(*now.asked, 100U);
  EXPECT_EQ(end.results.tasks[0].outcomes.at("ok"), 1000);
}

TEST_F(RunTest, ShardsMergeIntoTheWholeRun) {
  run_with(settings("whole"));
  std::vector<std::filesystem::path> shards;
  for (const char* part : {"1/3", "2/3", "3/3"}) {
    RunSettings shard = settings("shard" + std::string(1, part[0]));
    shard.selection.shard = parse_shard(part);
    run_with(shard);
    shards.push_back(shard.output_path);
  }
  merge_shards(folder_ / "merged", {shards[2], shards[0], shards[1]}, tasks_, {});
  EXPECT_EQ(results("merged"), results("whole"));
}

TEST_F(RunTest, MergeRefusesWhatAreNotAllShardsOfOneRun) {
  std::vector<std::filesystem::path> shards;
  for (const char* part : {"1/2", "2/2"}) {
    RunSettings shard = settings("shard" + std::string(1, part[0]));
    shard.selection.shard = parse_shard(part);
    run_with(shard);
    shards.push_back(shard.output_path);
  }
  run_with(settings("whole"));
  RunSettings foreign = settings("foreign");
  foreign.selection = {.shard = {2, 2}, .seed = 5};
  run_with(foreign);
  const auto merge = [&](std::vector<std::filesystem::path> folders) {
    merge_shards(folder_ / "merged", folders, tasks_, {});
  };
  EXPECT_THROW(merge({shards[0]}), Error);
  EXPECT_THROW(merge({shards[0], shards[0]}), Error);
  EXPECT_THROW(merge({shards[0], folder_ / "whole"}), Error);
  EXPECT_THROW(merge({shards[0], folder_ / "foreign"}), MismatchError);
  EXPECT_THROW(merge({}), UsageError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "merged" / "results.json"));
}

TEST_F(RunTest, LimitTakesASeededRandomSubset) {
  const auto ids = [&](const std::string& output, const std::string& limit, std::uint64_t seed) {
    RunSettings limited = settings(output);
    limited.selection.limit = limit;
    limited.selection.seed = seed;
    run_with(limited);
    std::vector<std::string> found;
    Journal::open_to_read(folder_ / output).for_each(0, [&](const JournalRow& row) {
      found.push_back(row.id);
    });
    return found;
  };
  const std::vector<std::string> first = ids("a", "20", 1);
  EXPECT_EQ(first.size(), 20U);
  EXPECT_NE(first.back(), "n19") << "a subset is not the first samples";
  EXPECT_EQ(ids("b", "0.02", 1), first);
  EXPECT_NE(ids("c", "20", 2), first);
}

TEST_F(RunTest, AnotherIdentityInTheSameFolderIsRefusedByField) {
  run_with(settings("a"));
  RunSettings other = settings("a");
  other.selection.seed = 7;
  try {
    run_with(other);
    FAIL() << "expected a refusal";
  } catch (const MismatchError& error) {
    EXPECT_THAT(error.what(), HasSubstr("seed"));
    EXPECT_EQ(error.exit_code(), 2);
  }
  other.fresh = true;
  EXPECT_NO_THROW(run_with(other));
}

TEST_F(RunTest, UnusableSettingsWriteNothing) {
  RunSettings wrong = settings("a");
  wrong.selection.samples = {"n5", "nobody"};
  EXPECT_THROW(run_with(wrong), UsageError);
  wrong = settings("a");
  wrong.model = "nomber";
  EXPECT_THROW(run_with(wrong), UsageError);
  wrong = settings("a");
  wrong.tasks = parse_task_choices("number");
  EXPECT_THROW(run_with(wrong), UsageError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_F(RunTest, VerifyFindsChangedResults) {
  run_with(settings("a"));
  EXPECT_THAT(verify_run(folder_ / "a", tasks_, {}).bad, ::testing::IsEmpty());
  const std::filesystem::path file = folder_ / "a" / "results.json";
  std::string text = read_file(file);
  text.replace(text.find("0.666"), 5, "0.667");
  write_file_atomically(file, text);
  EXPECT_THAT(verify_run(folder_ / "a", tasks_, {}).bad,
              ::testing::ElementsAre(HasSubstr("accuracy")));
}

TEST_F(RunTest, AnUnfinishedRunIsReportedAsSuch) {
  run_with(settings("a"), {.stop_after = 100, .stop = &stop_});
  const RunResults partial = load_run(folder_ / "a", tasks_);
  EXPECT_FALSE(partial.finished);
  EXPECT_LT(partial.tasks[0].outcomes.at("ok"), 1000);
  EXPECT_EQ(partial.tasks[0].samples, 1000);
}

}  // namespace
}  // namespace sightline
