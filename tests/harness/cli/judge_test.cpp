#include "harness/base/rng.h"
#include "tests/harness/cli/cli_test.h"

// Detailed captions judged sentence by sentence, rated by people, and scored by Java programs, as
// the program's user does it.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Judge : public CliTest {
 protected:
  void SetUp() override {
    // Captions of four sentences each, most of them different.
    Json predictions = Json::array();
    const std::string text = read_file(data() / "docci/docci_descriptions.jsonlines");
    for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
      end = std::min(text.find('\n', begin), text.size());
      const Json record = Json::parse(text.substr(begin, end - begin));
      if (record["split"] != "test") continue;
      const std::string id = record["example_id"];
      predictions.push_back({{"example_id", id},
                             {"caption", "Here is " + id + ". It is large. \"Look!\" There is a " +
                                             id.substr(id.size() - 2) + "."}});
    }
    captions_ = predictions.size();
    write_file_atomically(folder("captions.json"), predictions.dump());
  }

  static std::string judge(const std::string& flags = "") {
    return "command=python3 '" + data_path("judge/judge.py").string() + "' " + flags;
  }
  std::string log() const { return folder("log").string(); }
  std::size_t asked() const { return lines_in(folder("log")); }

  Words judged_run(const std::string& name, const std::string& judge_args,
                   const Words& more = {}) const {
    Words words = run_words("replay", "docci_test", name,
                            {"--model_args", "predictions=" + folder("captions.json").string(),
                             "--judge", "process", "--judge_args", judge_args});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Words score(const Words& more, const std::string& predictions = "") const {
    Words words = {"score",
                   "--task",
                   "docci_test",
                   "--data_root",
                   data().string(),
                   "--predictions",
                   predictions.empty() ? folder("captions.json").string() : predictions,
                   "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Json scores(const Words& more, const std::string& predictions = "") const {
    return Json::parse(must(score(more, predictions)).out)["metrics"];
  }

  static Json nes_of(const fs::path& run_folder) {
    const Json results = read_json(run_folder / "results.json");
    for (const Json& metric : results["sightline"]["run"]["tasks"][0]["metrics"]) {
      if (metric["key"] == "nes_judged") return metric;
    }
    return {};
  }

  /// Different sentences: "It is large." is one on each description.
  std::size_t sentences() const { return 4 * captions_; }

  std::size_t captions_ = 0;
};

TEST_F(Judge, OfARunIsAskedOnceAndNamedInTheResults) {
  SIGHTLINE_NEED_PYTHON();
  const Words words = judged_run("out", judge("--revision r1 --log '" + log() + "'"));
  const std::string table = must(words).out;
  EXPECT_THAT(table, HasSubstr("nes_judged (checksum@r1/image-1)"));
  EXPECT_EQ(asked(), sentences());
  const Json first = nes_of(folder("out"));
  EXPECT_EQ(first["rules"], "nes_judged/checksum@r1/image-1");
  EXPECT_EQ(first["n"], sentences());
  EXPECT_GT(first["value"], 0);
  EXPECT_LT(first["value"], 1);
  must(words);
  EXPECT_EQ(asked(), sentences()) << "a second run costs nothing";
  EXPECT_EQ(nes_of(folder("out")), first);
  must({"verify", folder("out").string()});
}

TEST_F(Judge, MayBeACrossEncoderThatRunsNatively) {
  const std::string path = "path=" + data_path("models/nli_roberta/checkpoint").string();
  const Words words = {"--judge", "nli", "--judge_args", path};
  const Json nes = scores(words)["nes_judged"];
  EXPECT_THAT(nes["rules"].get<std::string>(),
              AllOf(HasSubstr("nes_judged/nli@"), HasSubstr("/pair-1")));
  EXPECT_EQ(nes["n"], sentences());
  EXPECT_EQ(scores(words)["nes_judged"], nes);
  must(run_words("replay", "docci_test", "out",
                 {"--model_args", "predictions=" + folder("captions.json").string(), "--judge",
                  "nli", "--judge_args", path}));
  EXPECT_EQ(nes_of(folder("out"))["value"], nes["value"]);
}

TEST_F(Judge, ThatIsACrossEncoderNeedsACheckpointOfItsKind) {
  const ProgramEnd wrong = sightline(score(
      {"--judge", "nli", "--judge_args", "path=" + data_path("models/clip/checkpoint").string()}));
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("model_type"));
}

TEST_F(Judge, IsAddedToARunThatIsThere) {
  SIGHTLINE_NEED_PYTHON();
  const Words plain =
      run_words("replay", "docci_test", "out",
                {"--model_args", "predictions=" + folder("captions.json").string()});
  must(plain);
  EXPECT_TRUE(nes_of(folder("out")).is_null());
  must(judged_run("out", judge()));
  const Json judged = nes_of(folder("out"));
  must(plain);
  EXPECT_EQ(nes_of(folder("out")), judged) << "what was judged stays";
  must(judged_run("out", judge("--revision r2"), {"--judge_text_only"}));
  EXPECT_EQ(nes_of(folder("out"))["rules"], "nes_judged/checksum@r2/text-1");
  must({"verify", folder("out").string()});
}

TEST_F(Judge, KilledAtAnyMomentLosesAtMostWhatIsInFlight) {
  SIGHTLINE_NEED_PYTHON();
  must(judged_run("whole", judge()));
  const Words words = judged_run("killed", judge("--delay 0.01 --log '" + log() + "'"));
  Rng rng(11);
  constexpr int kKills = 6;
  for (int i = 0; i < kKills; ++i) {
    Running program(command(words));
    const std::size_t before = asked();
    // A judge that has been asked everything ends at once.
    wait_until([&] { return asked() >= before + 3 || program.wait(0.002); }, 20);
    program.wait(rng.uniform() * 0.1);
    program.kill(SIGKILL);
    program.wait(10);
  }
  must(words);
  EXPECT_GE(asked(), sentences());
  // Two questions at a time are with the judge, and as many replies on their way to the store.
  EXPECT_LE(asked(), sentences() + kKills * 4);
  const Json whole = nes_of(folder("whole")), killed = nes_of(folder("killed"));
  EXPECT_EQ(killed["value"], whole["value"]);
  EXPECT_EQ(killed["n"], whole["n"]);
  EXPECT_EQ(killed["note"], whole["note"]);
  must({"verify", folder("killed").string()});
}

TEST_F(Judge, StoppedByASignalGoesOn) {
  SIGHTLINE_NEED_PYTHON();
  const Words words = judged_run("out", judge("--delay 0.02 --log '" + log() + "'"));
  Running program(command(words));
  ASSERT_TRUE(wait_until([&] { return asked() >= 4; })) << program.err();
  program.kill(SIGINT);
  EXPECT_EQ(program.end().exit_code, 130);
  EXPECT_LT(asked(), sentences());
  const Json part = Json::parse(must({"report", folder("out").string(), "--format", "json"}).out);
  EXPECT_THAT(part.dump(), HasSubstr("not judged yet"));
  must(words);
  EXPECT_EQ(asked(), sentences());
}

TEST_F(Judge, WithoutAVerdictIsCountedAndShown) {
  SIGHTLINE_NEED_PYTHON();
  const std::string cache = folder("cache.sqlite").string();
  const auto judged = [&](const std::string& flags, const Words& more = {}) {
    Words words = {"--judge", "process", "--judge_args", judge(flags), "--judge_cache", cache};
    words.insert(words.end(), more.begin(), more.end());
    return scores(words)["nes_judged"];
  };
  const Json good = judged("");
  EXPECT_EQ(good["n"], sentences());
  const std::pair<std::string, std::string> cases[] = {
      {"--garbage 3", "answers of the judge could not be read"},
      {"--error 3", " model_error"},
      {"--crash 3,retries=0", " crashed"},
      {"--hang 3,retries=0,timeout=0.3", " timeout"}};
  for (const auto& [flags, says] : cases) {
    SCOPED_TRACE(flags);
    const Json bad = judged(flags);
    EXPECT_LT(bad["n"], sentences());
    EXPECT_GT(bad["n"], 0);
    EXPECT_THAT(bad["note"].get<std::string>(), HasSubstr(says));
  }
}

TEST_F(Judge, OfAScoreKeepsItsVerdictsInACache) {
  SIGHTLINE_NEED_PYTHON();
  const Words words = {"--judge",       "process",
                       "--judge_args",  judge("--log '" + log() + "' --error 3"),
                       "--judge_cache", folder("cache.sqlite").string()};
  const Json first = scores(words)["nes_judged"];
  const std::size_t once = asked();
  EXPECT_EQ(once, sentences());
  EXPECT_EQ(scores(words)["nes_judged"], first);
  EXPECT_EQ(asked(), once);
  Words again = words;
  again.push_back("--retry_failed");
  EXPECT_EQ(scores(again)["nes_judged"], first);
  EXPECT_EQ(asked(), once + sentences() - first["n"].get<std::size_t>());
}

TEST_F(Judge, OfShardsIsMerged) {
  SIGHTLINE_NEED_PYTHON();
  must(judged_run("whole", judge()));
  must(judged_run("one", judge(), {"--shard", "1/2"}));
  must(judged_run("two", judge(), {"--shard", "2/2"}));
  must({"merge", folder("merged").string(), folder("one").string(), folder("two").string()});
  EXPECT_EQ(nes_of(folder("merged")), nes_of(folder("whole")));
  must({"verify", folder("merged").string()});
  must(judged_run("other", judge("--revision r2"), {"--shard", "2/2"}));
  const ProgramEnd end = sightline(
      {"merge", folder("mixed").string(), folder("one").string(), folder("other").string()});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, HasSubstr("judge all parts by one"));
}

TEST_F(Judge, IsRefusedWhereThereIsNothingToJudgeOrNobodyToDoIt) {
  const auto error = [&](const std::string& tasks, const Words& more) {
    const ProgramEnd end = sightline(run_words("null", tasks, "out", more));
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_FALSE(fs::exists(folder("out/run.sqlite")));
    return end.err;
  };
  EXPECT_THAT(error("vqav2_val", {"--judge", "null"}), HasSubstr("--judge: no task"));
  EXPECT_THAT(error("docci_test", {"--judge", "nul"}), HasSubstr("did you mean 'null'"));
  EXPECT_THAT(error("docci_test", {"--judge", "null", "--predict_only"}),
              HasSubstr("--predict_only"));
}

TEST_F(Judge, AModelThatLooksAtNothingJudgesTheWordsAlone) {
  const Json all = scores({"--judge", "null", "--judge_args", "answer=Neutral"});
  EXPECT_EQ(all["nes_judged"]["value"], 1.0);
  EXPECT_EQ(all["nes_judged"]["rules"], "nes_judged/null@answer=Neutral/text-1");
  EXPECT_TRUE(all["nes"]["value"].is_null());
  EXPECT_THAT(all["nes"]["note"].get<std::string>(), HasSubstr("--ratings"));
}

TEST_F(Judge, PeoplesRatingsGiveNes) {
  const fs::path sentences_file = folder("sentences.jsonl"), ratings = folder("ratings.jsonl");
  scores({"--export_sentences", sentences_file.string()});
  ASSERT_EQ(lines_in(sentences_file), sentences());
  std::string rated;
  const std::string text = read_file(sentences_file);
  for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    Json line = Json::parse(text.substr(begin, end - begin));
    for (const int rater : {1, 2, 3}) {
      line["rater"] = rater;
      const bool bad = line["index"] == 1 && rater < 3;
      line["rating"] = bad ? "contradiction" : "entailment";
      rated += line.dump() + "\n";
    }
  }
  write_file_atomically(ratings, rated);
  const Json metrics = scores({"--ratings", ratings.string()});
  EXPECT_EQ(metrics["nes"]["value"], 0.25);
  EXPECT_EQ(metrics["nes"]["n"], sentences());
  EXPECT_EQ(metrics["nes_unanimous"]["value"], 0.75);
  EXPECT_LT(metrics["nes_kappa"]["value"], 1);

  // The same captions as the answers of a run.
  must(run_words("replay", "docci_test", "out",
                 {"--model_args", "predictions=" + folder("captions.json").string()}));
  EXPECT_EQ(scores({"--ratings", ratings.string()}, folder("out").string()), metrics);

  // Ratings of other captions.
  write_file_atomically(folder("captions.json"),
                        R"([{"example_id": "test_00000", "caption": "Another. And more."}])");
  const ProgramEnd end = sightline(score({"--ratings", ratings.string()}));
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, AllOf(HasSubstr("ratings.jsonl: line 1"), HasSubstr("other captions")));
}

TEST_F(Judge, ARunHasAnswersToItsOwnTasksAlone) {
  run("null", "vqav2_val", "out");
  const ProgramEnd end = sightline(score({}, folder("out").string()));
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, AllOf(HasSubstr("docci_test"), HasSubstr("vqav2_val")));
}

TEST_F(Judge, JavaMetricsAreComputedByTheProgramThatIsNamed) {
  const std::string java = folder("java.sh").string();
  write_file_atomically(java, R"(#!/bin/sh
    while IFS= read -r line; do
      case $line in
        SCORE*) echo 1; n=$((n + 1)) ;;
        EVAL*) while [ $n -gt 0 ]; do echo 0.5; n=$((n - 1)); done; echo 0.3125 ;;
      esac
    done
  )");
  fs::permissions(java, fs::perms::owner_all);
  write_file_atomically(folder("meteor.jar"), "");
  write_file_atomically(folder("results.json"), "[]");
  const Words words = {"score",
                       "--task",
                       "coco_captions_val",
                       "--data_root",
                       data().string(),
                       "--predictions",
                       folder("results.json").string()};
  const ProgramEnd without = must(words);
  EXPECT_THAT(without.out,
              AllOf(HasSubstr("meteor, spice: not computed"), HasSubstr("--meteor_jar")));
  Words with = words;
  with.insert(with.end(), {"--meteor_jar", folder("meteor.jar").string()});
  const std::string table = must(with, {.environment = {"SIGHTLINE_JAVA=" + java}}).out;
  EXPECT_THAT(table, AllOf(HasSubstr("31.25"), HasSubstr("spice: not computed")));
}

}  // namespace
}  // namespace sightline::testing
