#include "tests/harness/cli/cli_test.h"

// Every sample ends in one of the outcomes, is counted as wrong where it failed, and is shown.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Outcomes : public CliTest {
 protected:
  static Json task_of(const fs::path& run_folder) {
    return read_json(run_folder / "results.json")["sightline"]["run"]["tasks"][0];
  }
  /// The words of the first question of a kind, to make the model fail on.
  static constexpr const char* kHardWords = "How many";

  /// A slow model that does `behaviour` on hard questions; "" for one that never fails.
  Json run_failing(const std::string& behaviour, const std::string& more = "") {
    std::string args =
        slow_model(behaviour.empty() ? "" : "--" + behaviour + " '" + kHardWords + "'");
    args += more;
    end_ = run("process", "vqav2_val", "out", {"--model_args", args, "--limit", "20"});
    return task_of(folder("out"));
  }

  /// Coverage and bounds in the table and in results.json, and the reason in the journal.
  void expect_failures(const Json& task, const std::string& outcome, const std::string& reason) {
    const std::int64_t failed = task.at("outcomes").at(outcome), all = task.at("samples");
    ASSERT_GT(failed, 0);
    ASSERT_LT(failed, all);
    EXPECT_EQ(task["outcomes"]["ok"], all - failed);
    const Json& bounds = task.at("bounds").at("vqa_accuracy");
    const double wrong = bounds.at("failures_wrong"), left_out = bounds.at("failures_left_out");
    EXPECT_EQ(task["metrics"][0]["value"], wrong);
    EXPECT_NEAR(wrong * static_cast<double>(all), left_out * static_cast<double>(all - failed),
                1e-9);
    EXPECT_LT(wrong, left_out);
    EXPECT_THAT(end_.out, AllOf(HasSubstr(std::to_string(all - failed) + "/" + std::to_string(all)),
                                HasSubstr(std::to_string(failed) + " " + outcome)));
    EXPECT_EQ(query(folder("out"), "SELECT count(*) FROM samples WHERE outcome = '" + outcome +
                                       "' AND error LIKE '%" + reason + "%'"),
              failed);
    EXPECT_EQ(sightline({"verify", folder("out").string()}).exit_code, 0);
  }

  ProgramEnd end_;
};

TEST_F(Outcomes, AModelsErrorIsModelError) {
  SIGHTLINE_NEED_PYTHON();
  expect_failures(run_failing("error"), "model_error", "this one is too hard");
}

TEST_F(Outcomes, ARequestThatCrashesTheProgramIsCrashed) {
  SIGHTLINE_NEED_PYTHON();
  expect_failures(run_failing("crash", ",retries=0"), "crashed", "exited with status 1");
}

TEST_F(Outcomes, ARequestThatIsNeverAnsweredIsTimeout) {
  SIGHTLINE_NEED_PYTHON();
  expect_failures(run_failing("hang", ",retries=0,timeout=0.3"), "timeout", "0.3");
}

TEST_F(Outcomes, AnAnswerWithoutABoxIsParseFail) {
  const std::string program = folder("model.sh").string();
  write_file_atomically(program, R"(
    read -r hello
    echo '{"sightline":1,"name":"x","kinds":["text"],"max_batch":1,"prompt_style":"qwen2_vl"}'
    while read -r request; do
      id=${request#*\"id\":\"}
      echo '{"id":"'"${id%%\"*}"'","text":"no idea"}'
    done
  )");
  run("process", "refcoco_val", "out", {"--limit", "4", "--model_args", "command=sh " + program});
  EXPECT_EQ(task_of(folder("out")).at("outcomes"), (Json{{"parse_fail", 4}}));
}

TEST_F(Outcomes, NoAnswerIsEmpty) {
  run("null", "vqav2_val", "out", {"--limit", "5"});
  EXPECT_EQ(task_of(folder("out")).at("outcomes"), (Json{{"empty", 5}}));
}

TEST_F(Outcomes, ASampleWithoutAPredictionIsSkipped) {
  write_file_atomically(folder("none.json"), "[]");
  run("replay", "docci_test", "out",
      {"--model_args", "predictions=" + folder("none.json").string()});
  const Json task = task_of(folder("out"));
  EXPECT_EQ(task.at("outcomes"), (Json{{"skipped", task.at("samples")}}));
}

/// A copy of the caption part of the suite whose images may be damaged.
class BadImages : public Outcomes {
 protected:
  void SetUp() override {
    fs::create_directories(folder("data/coco"));
    fs::create_directory_symlink(data() / "coco/annotations", folder("data/coco/annotations"));
    fs::copy(data() / "coco/val2014", folder("data/coco/val2014"));
    for (const auto& entry : fs::directory_iterator(folder("data/coco/val2014"))) {
      images_.push_back(entry.path());
    }
    std::sort(images_.begin(), images_.end());
  }
  Words words() const {
    return {"run",
            "--model",
            "baseline",
            "--model_args",
            "kind=caption",
            "--tasks",
            "coco_captions_val",
            "--data_root",
            folder("data").string(),
            "--output_path",
            folder("out").string()};
  }
  std::vector<fs::path> images_;
};

TEST_F(BadImages, AreBadInputOfTheirSamplesAlone) {
  ASSERT_EQ(images_.size(), 12U);
  const std::string first = read_file(images_[0]);
  write_file_atomically(images_[0], first.substr(0, 100));
  write_file_atomically(images_[1], "");
  const ProgramEnd end = must(words());
  EXPECT_EQ(task_of(folder("out")).at("outcomes"), (Json{{"bad_input", 2}, {"ok", 10}}));
  for (const std::size_t bad : {0U, 1U}) {
    EXPECT_EQ(query(folder("out"),
                    "SELECT count(*) FROM samples WHERE outcome = 'bad_input' AND error LIKE '%" +
                        images_[bad].filename().string() + "%'"),
              1);
  }
  EXPECT_THAT(end.out, AllOf(HasSubstr("10/12"), HasSubstr("2 bad_input")));
  // Whole again, they are asked again when that is wished.
  write_file_atomically(images_[0], first);
  write_file_atomically(images_[1], read_file(images_[2]));
  Words retry = words();
  retry.push_back("--retry_failed");
  must(retry);
  EXPECT_EQ(task_of(folder("out")).at("outcomes"), (Json{{"ok", 12}}));
}

TEST_F(BadImages, AllMissingIsTheFoldersFaultAndFoundBeforeTheRun) {
  for (const fs::path& image : images_) fs::remove(image);
  const ProgramEnd end = sightline(words());
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, AllOf(HasSubstr("is missing"), HasSubstr("docs/data.md")));
  EXPECT_FALSE(fs::exists(folder("out")));
}

}  // namespace
}  // namespace sightline::testing
