#include <set>

#include "tests/harness/cli/cli_test.h"

// What must not change a result does not; what chooses samples chooses the same ones every time.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SameResults : public CliTest {
 protected:
  std::string samples(const std::string& name, const std::string& task) const {
    return read_file(folder(name) / ("samples_" + task + ".jsonl"));
  }
  std::vector<std::string> ids(const std::string& name, const std::string& task) const {
    std::vector<std::string> found;
    std::istringstream lines(samples(name, task));
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line).at("id"));
    return found;
  }
  Words merge_words(const std::string& out, const Words& parts) const {
    Words words = {"merge", folder(out).string()};
    for (const std::string& part : parts) words.push_back(folder(part).string());
    return words;
  }
};

TEST_F(SameResults, WhateverTheThreadsAndTheBatchSize) {
  run("baseline", kAllTasks, "whole", {"--log_samples"});
  const Json whole = result_fields(folder("whole"));
  for (const std::string threads : {"1", "3", "8"}) {
    for (const std::string batch : {"1", "7", "auto"}) {
      SCOPED_TRACE(threads + " threads, batch " + batch);
      const std::string name = "out" + threads + batch;
      run("baseline", kAllTasks, name,
          {"--log_samples", "--num_threads", threads, "--batch_size", batch});
      EXPECT_EQ(result_fields(folder(name)), whole);
      EXPECT_EQ(samples(name, "coco_det_val2017"), samples("whole", "coco_det_val2017"));
    }
  }
}

TEST_F(SameResults, FromShardsMergedInAnyOrder) {
  run("baseline", kAllTasks, "whole", {"--log_samples"});
  for (const std::string part : {"1", "2", "3"}) {
    run("baseline", kAllTasks, "part" + part, {"--log_samples", "--shard", part + "/3"});
  }
  must(merge_words("merged", {"part2", "part3", "part1"}));
  EXPECT_EQ(result_fields(folder("merged")), result_fields(folder("whole")));
  std::istringstream tasks(kAllTasks);
  for (std::string task; std::getline(tasks, task, ',');) {
    EXPECT_EQ(samples("merged", task), samples("whole", task)) << task;
  }
  EXPECT_EQ(must({"verify", folder("merged").string()}).exit_code, 0);
}

TEST_F(SameResults, FromShardsOfALimitedRun) {
  run("baseline", "vqav2_val", "whole", {"--limit", "20", "--seed", "5"});
  for (const std::string part : {"1", "2"}) {
    run("baseline", "vqav2_val", "part" + part,
        {"--limit", "20", "--seed", "5", "--shard", part + "/2"});
  }
  must(merge_words("merged", {"part1", "part2"}));
  EXPECT_EQ(read_json(folder("merged") / "results.json")["sightline"]["run"],
            read_json(folder("whole") / "results.json")["sightline"]["run"]);
}

TEST_F(SameResults, MergeRefusesWhatAreNotAllPartsOfOneRunAndWritesNothing) {
  SIGHTLINE_NEED_PYTHON();
  for (const std::string part : {"1", "2"}) {
    run("null", "vqav2_val", "part" + part, {"--shard", part + "/3"});
  }
  run("null", "vqav2_val", "part3", {"--shard", "3/3"});
  run("null", "vqav2_val", "foreign", {"--shard", "3/3", "--seed", "9"});
  run("null", "vqav2_val", "of_two", {"--shard", "2/2"});
  run("null", "vqav2_val", "whole");
  run("null", "textvqa_val", "other_task", {"--shard", "3/3"});
  fs::create_directories(folder("cut"));
  fs::copy_file(folder("part3") / "run.sqlite", folder("cut") / "run.sqlite");
  query(folder("cut"), "DELETE FROM answers WHERE key = (SELECT max(key) FROM answers)");
  const std::pair<Words, std::string> cases[] = {
      {{"part1", "part2"}, "2 of 3 shards"},
      {{"part1", "part2", "part2"}, "given twice"},
      {{"part1", "part2", "part3", "part3"}, "given twice"},
      {{"part1", "part2", "foreign"}, "foreign"},
      {{"part1", "part2", "of_two"}, "of_two"},
      {{"part1", "part2", "whole"}, "whole"},
      {{"part1", "part2", "other_task"}, "other_task"},
      {{"part1", "part2", "cut"}, "19 of 20"},
      {{"part1", "part2", "nowhere"}, "nowhere"},
  };
  for (const auto& [parts, says] : cases) {
    SCOPED_TRACE(says);
    const ProgramEnd end = sightline(merge_words("merged", parts));
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_THAT(end.err, HasSubstr(says));
    EXPECT_FALSE(fs::exists(folder("merged")));
  }
  must(merge_words("merged", {"part1", "part2", "part3"}));
}

TEST_F(SameResults, ALimitIsASeededRandomSubset) {
  const auto limited = [&](const std::string& name, const std::string& limit,
                           const std::string& seed) {
    run("null", "vqav2_val", name, {"--limit", limit, "--seed", seed, "--log_samples"});
    return ids(name, "vqav2_val");
  };
  run("null", "vqav2_val", "all", {"--log_samples"});
  const auto all = ids("all", "vqav2_val");
  const auto ten = limited("ten", "10", "1");
  EXPECT_EQ(ten.size(), 10U);
  EXPECT_EQ(std::set(ten.begin(), ten.end()).size(), 10U);
  EXPECT_NE(ten, std::vector(all.begin(), all.begin() + 10));
  EXPECT_EQ(limited("again", "10", "1"), ten);
  EXPECT_NE(limited("other_seed", "10", "2"), ten);
  EXPECT_EQ(limited("fraction", "0.25", "1").size(), 15U);
  EXPECT_EQ(limited("too_many", "1000", "1"), all);
  const Json counts = read_json(folder("ten") / "results.json")["n-samples"]["vqav2_val"];
  EXPECT_EQ(counts, (Json{{"effective", 10}, {"original", 60}}));
}

TEST_F(SameResults, SamplesAreChosenByIdOrByAFileOfIds) {
  run("null", "vqav2_val", "all", {"--log_samples"});
  const auto all = ids("all", "vqav2_val");
  const std::vector<std::string> chosen = {all[3], all[17], all[40]};
  run("null", "vqav2_val", "by_id",
      {"--log_samples", "--samples", chosen[2] + "," + chosen[0] + "," + chosen[1]});
  EXPECT_EQ(ids("by_id", "vqav2_val"), chosen);
  write_file_atomically(folder("ids.txt"), chosen[0] + "\n" + chosen[1] + "\n" + chosen[2] + "\n");
  run("null", "vqav2_val", "by_file", {"--log_samples", "-E", folder("ids.txt").string()});
  EXPECT_EQ(ids("by_file", "vqav2_val"), chosen);
}

TEST_F(SameResults, TasksAddedLaterStandBesideTheEarlierOnes) {
  run("baseline", "vqav2_val,docci_test", "together");
  run("baseline", "vqav2_val", "out");
  run("baseline", "docci_test", "out");
  EXPECT_EQ(result_fields(folder("out")), result_fields(folder("together")));
  const ProgramEnd again = run("baseline", "vqav2_val", "out");
  EXPECT_THAT(again.out, AllOf(HasSubstr("vqav2_val"), HasSubstr("docci_test")));
  EXPECT_EQ(result_fields(folder("out")), result_fields(folder("together")));
}

TEST_F(SameResults, TasksMayHaveTheirFilesInDifferentFolders) {
  fs::create_directories(folder("vqa"));
  fs::create_directories(folder("docci"));
  fs::create_directory_symlink(data() / "vqav2", folder("vqa") / "vqav2");
  fs::create_directory_symlink(data() / "docci", folder("docci") / "docci");
  for (const auto& [task, root] : {std::pair("vqav2_val", "vqa"), {"docci_test", "docci"}}) {
    must({"run", "--model", "baseline", "--tasks", task, "--data_root", folder(root).string(),
          "--output_path", folder("out").string()});
  }
  must({"verify", folder("out").string()});
}

TEST_F(SameResults, FreshForgetsTheEarlierRunAltogether) {
  run("null", "vqav2_val,textvqa_val", "out", {"--log_samples", "--model_args", "answer=no"});
  run("baseline", "docci_test", "alone");
  run("baseline", "docci_test", "out", {"--fresh"});
  EXPECT_EQ(result_fields(folder("out")), result_fields(folder("alone")));
  EXPECT_FALSE(fs::exists(folder("out") / "samples_vqav2_val.jsonl"));
}

TEST_F(SameResults, AFinishedRunAsksNothingAgain) {
  SIGHTLINE_NEED_PYTHON();
  const std::string log = folder("log").string();
  const Words more = {"--model_args", slow_model("--log '" + log + "'")};
  run("process", "vqav2_val", "out", more);
  const Json first = result_fields(folder("out"));
  run("process", "vqav2_val", "out", more);
  EXPECT_EQ(lines_in(log), 60U);
  EXPECT_EQ(result_fields(folder("out")), first);
}

TEST_F(SameResults, RetryFailedAsksOnlyWhatFailed) {
  SIGHTLINE_NEED_PYTHON();
  const std::string log = folder("log").string(), program = folder("model.py").string();
  const Words more = {"--model_args", "command=python3 '" + program + "' --log '" + log + "'"};
  const std::string source = read_file(data_path("cli/slow_model.py"));
  write_file_atomically(program, source);
  run("process", "vqav2_val", "whole", more);
  const std::size_t all = lines_in(log);
  std::string faulty = source;
  faulty.replace(faulty.find("options.error and options.error in line"), 39,
                 "zlib.crc32(line.encode()) % 4 == 0          ");
  write_file_atomically(program, faulty);
  run("process", "vqav2_val", "out", more);
  const std::int64_t failed =
      query(folder("out"), "SELECT count(*) FROM samples WHERE outcome = 'model_error'");
  EXPECT_GT(failed, 3);
  write_file_atomically(program, source);
  run("process", "vqav2_val", "out", more);
  EXPECT_EQ(lines_in(log), 2 * all);
  Words retry = more;
  retry.push_back("--retry_failed");
  run("process", "vqav2_val", "out", retry);
  EXPECT_EQ(lines_in(log), 2 * all + static_cast<std::size_t>(failed));
  EXPECT_EQ(result_fields(folder("out")), result_fields(folder("whole")));
}

TEST_F(SameResults, PredictOnlyComputesNoScoresAndARunInItsFolderDoes) {
  run("baseline", "vqav2_val", "whole");
  run("baseline", "vqav2_val", "out", {"--predict_only"});
  EXPECT_FALSE(read_json(folder("out") / "results.json")["results"]["vqav2_val"].contains(
      "vqa_accuracy,none"));
  EXPECT_EQ(sightline({"verify", folder("out").string()}).exit_code, 0);
  run("baseline", "vqav2_val", "out");
  EXPECT_EQ(result_fields(folder("out")), result_fields(folder("whole")));
}

TEST_F(SameResults, TheTestdevSplitGivesASubmissionFileAndNoScore) {
  // The demo suite has no test split: its validation questions stand in for one.
  fs::create_directories(folder("data/vqav2"));
  const Json questions = read_json(data() / "vqav2/v2_OpenEnded_mscoco_val2014_questions.json");
  write_file_atomically(folder("data/vqav2/v2_OpenEnded_mscoco_test-dev2015_questions.json"),
                        questions.dump());
  const auto words = [&](const std::string& name, const Words& more) {
    Words all = {"run",
                 "--model",
                 "null",
                 "--model_args",
                 "answer=two",
                 "--tasks",
                 "vqav2_testdev",
                 "--data_root",
                 folder("data").string(),
                 "--output_path",
                 folder(name).string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  must(words("out", {}));
  const Json rows = read_json(folder("out") / "predictions_vqav2_testdev.json");
  ASSERT_EQ(rows.size(), questions.at("questions").size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i],
              (Json{{"question_id", questions["questions"][i]["question_id"]}, {"answer", "two"}}));
  }
  EXPECT_FALSE(read_json(folder("out") / "results.json")["results"]["vqav2_testdev"].contains(
      "vqa_accuracy,none"));
  must(words("part1", {"--shard", "1/2"}));
  must(words("part2", {"--shard", "2/2"}));
  must(merge_words("merged", {"part1", "part2"}));
  EXPECT_EQ(read_file(folder("merged") / "predictions_vqav2_testdev.json"),
            read_file(folder("out") / "predictions_vqav2_testdev.json"));
}

}  // namespace
}  // namespace sightline::testing
