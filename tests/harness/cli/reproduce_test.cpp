#include "tests/harness/cli/cli_test.h"

// Published numbers: listed, beside a run, in tables.

namespace sightline::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTextVqa = "paligemma2-3b-224-bf16/textvqa_val/textvqa_accuracy";

class Published : public CliTest {
 protected:
  /// A row about VQAv2's validation set as if somebody had published it.
  static Json own_row(double value, int n) {
    return {{"id", "own/vqav2_val/vqa_accuracy"},
            {"model", "Own"},
            {"task", "VQAv2"},
            {"split", "validation"},
            {"metric", "accuracy"},
            {"value", value},
            {"unit", "%"},
            {"higher_is_better", true},
            {"source", "a letter"},
            {"confidence", "read in source"},
            {"task_key", "vqav2_val"},
            {"metric_key", "vqa_accuracy"},
            {"factor", 0.01},
            {"n", n},
            {"protocol", {{"split", "val2014"}}}};
  }
  std::string write_rows(const Json& row) const {
    const std::filesystem::path file = folder("own.json");
    write_file_atomically(file, Json({{"rows", Json::array({row})}}).dump());
    return file.string();
  }
};

TEST_F(Published, AreListedByTaskAndModel) {
  const std::string all = must({"list", "published"}).out;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 536);
  const std::string lines = must({"list", "published", "--task", "TextVQA_val"}).out;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_THAT(lines, AllOf(HasSubstr(kTextVqa), HasSubstr("60.04 %"), HasSubstr("5 000")));
  const std::string recalled = must({"list", "published", "--model", "7b-ov"}).out;
  EXPECT_EQ(std::count(recalled.begin(), recalled.end(), '\n'), 11);
  EXPECT_THAT(recalled, HasSubstr("(from memory)]\n"));
  const Json rows = Json::parse(must({"list", "published", "--task", "textvqa_val", "--json"}).out);
  EXPECT_EQ(rows.at(0).at("metric_key"), "textvqa_accuracy");
  EXPECT_EQ(rows.at(0).at("n"), 5000);
  EXPECT_EQ(sightline({"list", "tasks", "--model", "x"}).exit_code, 2);
}

TEST_F(Published, NeedTasksAndMetricsThatThereAre) {
  std::map<std::string, std::vector<std::string>> metrics;
  for (const Json& task : Json::parse(must({"list", "tasks", "--json"}).out)) {
    metrics[task.at("name")] = task.at("metrics").get<std::vector<std::string>>();
  }
  std::size_t compared = 0;
  for (const Json& row : Json::parse(must({"list", "published", "--json"}).out)) {
    if (!row.contains("metric_key")) continue;
    const std::string key = row.at("task_key");
    EXPECT_THAT(metrics[key.substr(0, key.find('['))],
                ::testing::Contains(row.at("metric_key").get<std::string>()))
        << row.at("id");
    ++compared;
  }
  EXPECT_GE(compared, 150U);
}

TEST_F(Published, AreSetBesideARunWithAVerdictAsExitCode) {
  run("baseline", "vqav2_val", "out");
  const double measured = 100 * metric_of(folder("out"), "vqav2_val", "vqa_accuracy");
  const Json first = read_json(folder("out") / "results.json");
  const int n = first["n-samples"]["vqav2_val"]["original"];
  struct Case {
    double value;
    int n, exit_code;
    const char* verdict;
  };
  const Case cases[] = {{measured + 1, n, 0, "within the sampling error of both"},
                        {measured / 3, n, 1, "differs by more than sampling error"},
                        {measured, n + 1, 3, "cannot be said: the data set here has"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.verdict);
    const Words words = {"reproduce",   "own/vqav2_val/vqa_accuracy",
                         "--run",       folder("out").string(),
                         "--published", write_rows(own_row(c.value, c.n))};
    const ProgramEnd end = sightline(words);
    EXPECT_EQ(end.exit_code, c.exit_code) << end.err;
    EXPECT_THAT(end.out, HasSubstr(c.verdict));
    Words json = words;
    json.push_back("--json");
    const Json document = Json::parse(sightline(json).out);
    EXPECT_EQ(document["value"], first["results"]["vqav2_val"]["vqa_accuracy,none"]);
    EXPECT_EQ(document["stderr"], first["results"]["vqav2_val"]["vqa_accuracy_stderr,none"]);
  }
}

TEST_F(Published, AreRefusedWhereTheyCannotBeCompared) {
  run("baseline", "vqav2_val", "out");
  struct Case {
    Words words;
    int exit_code;
    const char* message;
  };
  const std::string out = folder("out").string();
  const Case cases[] = {
      {{kTextVqa, "--run", out}, 4, "sightline run --model MODEL --tasks textvqa_val"},
      {{"llava-onevision-7b-ov/ai2d/accuracy", "--run", out}, 4, "no task of Sightline"},
      {{"paligemma2-3b-224-bf16/textvqa_val/textvqa_acc", "--run", out}, 2, "did you mean"},
      {{kTextVqa}, 2, "--run DIR"},
      {{kTextVqa, "--run", out, "--model", "baseline"}, 2, "--run DIR"},
      {{kTextVqa, "--run", folder("none").string()}, 2, "none"},
      {{kTextVqa, "--model", "baseline", "--tasks", "vqav2_val", "--output_path", out},
       4,
       "needs textvqa_val"},
      {{kTextVqa, "--model", "baseline"}, 2, "--output_path is missing"},
      {{kTextVqa, "--run", out, "--published", data_path("cli/slow_model.py").string()},
       2,
       "no JSON"}};
  for (const Case& c : cases) {
    Words words = {"reproduce"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    SCOPED_TRACE(Json(words).dump());
    const ProgramEnd end = sightline(words);
    EXPECT_EQ(end.exit_code, c.exit_code);
    EXPECT_THAT(end.err, HasSubstr(c.message));
    EXPECT_EQ(end.out, "");
  }
}

TEST_F(Published, AreRunFirstWhereAModelIsNamed) {
  const std::string out = folder("out").string();
  const ProgramEnd end =
      sightline({"reproduce", "paligemma2-3b-448-docci/docci_test/chars", "--model", "baseline",
                 "--data_root", data().string(), "--output_path", out});
  EXPECT_EQ(end.exit_code, 3) << end.err;
  EXPECT_THAT(end.out,
              AllOf(HasSubstr("the data set here has"), HasSubstr("max_new_tokens      \"192\"")));
  const Json again = Json::parse(
      sightline({"reproduce", "paligemma2-3b-448-docci/docci_test/chars", "--run", out, "--json"})
          .out);
  EXPECT_EQ(again["protocol"]["differs"], Json::array());
}

TEST_F(Published, StandInReportsMarkedInEveryFormat) {
  run("baseline", "textvqa_val", "out");
  const std::string out = folder("out").string();
  for (const char* format : {"table", "markdown", "csv", "latex", "json"}) {
    SCOPED_TRACE(format);
    const Words plain = {"report", out, "--format", format};
    EXPECT_THAT(must(plain).out, Not(HasSubstr("PaliGemma 2")));
    Words with = plain;
    with.push_back("--with_published");
    EXPECT_THAT(must(with).out, AllOf(HasSubstr("PaliGemma 2, 3B"), HasSubstr("Hugging Face")));
  }
  const std::string table = must({"report", out, "--with_published"}).out;
  EXPECT_THAT(table, AllOf(HasSubstr("published, not measured here"), HasSubstr("58.72 (p1)"),
                           HasSubstr("(p1) not measured here: Hugging Face")));
  EXPECT_EQ(sightline({"report", out, "--published", "x"}).exit_code, 2);
}

}  // namespace
}  // namespace sightline::testing
