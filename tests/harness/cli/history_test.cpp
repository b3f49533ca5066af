#include "tests/harness/cli/cli_test.h"

// Runs added to a history, and shown as trends.

namespace sightline::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class HistoryCommand : public CliTest {
 protected:
  HistoryCommand() {
    write_file_atomically(rules(), R"({"rules": {
      "vqav2_val/vqa_accuracy": {"max_drop": 0.01}}})");
  }

  std::string file() const { return folder("history.sqlite").string(); }
  std::string rules() const { return folder("rules.json").string(); }
  std::string out(const std::string& name) const { return folder(name).string(); }
  Words add(const std::string& run, const std::string& label) const {
    return {"history", "add", "--history", file(), run, "--label", label, "--commit", "c-" + label};
  }
  Words show(const Words& more = {}) const {
    Words words = {"history", "show", "--history", file()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(HistoryCommand, ShowsRunsInTheOrderOfDatesWithTheGatesBand) {
  run("baseline", "vqav2_val,refcoco_val", "first");
  run("null", "vqav2_val", "second", {"--model_args", "answer=nothing"});
  EXPECT_EQ(must(add(out("first"), "one")).out, out("first") + ": added as 'one'\n");
  must(add(out("second") + "/results.json", "two"));
  const std::string text = must(show({"--task", "vqav2_val", "--gate", rules()})).out;
  EXPECT_THAT(text, AllOf(HasSubstr("vqav2_val/vqa_accuracy"), HasSubstr("c-one  baseline"),
                          HasSubstr("outside the band"), HasSubstr("trend  █▁"),
                          HasSubstr("not below"), Not(HasSubstr("refcoco"))));
  const Json trends = Json::parse(must(show({"--gate", rules(), "--json"})).out);
  const Json& trend = trends.back();
  EXPECT_EQ(trend["task"], "vqav2_val");
  EXPECT_EQ(trend["entries"][0]["value"], metric_of(folder("first"), "vqav2_val", "vqa_accuracy"));
  EXPECT_EQ(trend["entries"][1]["outside"], true);
  EXPECT_EQ(Json::parse(must(show({"--last", "1", "--json"})).out).back()["entries"].size(), 1U);
}

TEST_F(HistoryCommand, SaysThatARunIsThereAlready) {
  run("baseline", "vqav2_val", "run");
  must(add(out("run"), "one"));
  EXPECT_THAT(must(add(out("run"), "two")).out,
              HasSubstr("nothing was added, the run is there already as 'one'"));
  EXPECT_EQ(Json::parse(must(show({"--json"})).out)[0]["entries"].size(), 1U);
}

TEST_F(HistoryCommand, RefusesWhatItCannotUse) {
  run("baseline", "vqav2_val", "run");
  must(add(out("run"), "one"));
  write_file_atomically(folder("bad.json"), "{}");
  struct Case {
    Words words;
    const char* message;
  };
  const Case cases[] = {
      {{"history"}, "subcommand"},
      {{"history", "add", "--history", file()}, "runs"},
      {add(out("none"), "x"), "neither a run folder nor a results.json"},
      {add(out("bad.json"), "x"), "bad.json: field sightline is missing"},
      {{"history", "add", "--history", out("bad.json"), out("run")}, "no history of Sightline"},
      {{"history", "show", "--history", out("none")}, "there is no history"},
      {show({"--task", "vqav2_vall"}), "did you mean 'vqav2_val'?"},
      {show({"--metric", "accuracy"}), "no metric 'accuracy'"},
      {show({"--baseline", "on"}), "did you mean 'one'?"},
      {show({"--gate", out("bad.json")}), "bad.json"},
      {show({"--last", "0"}), "0"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(Json(c.words).dump());
    const ProgramEnd end = sightline(c.words);
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_THAT(end.err, HasSubstr(c.message));
    EXPECT_EQ(end.out, "");
  }
}

}  // namespace
}  // namespace sightline::testing
