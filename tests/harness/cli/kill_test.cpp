#include <set>

#include "harness/base/rng.h"
#include "tests/harness/cli/cli_test.h"

// A run that is killed at any moment, and then again, loses nothing and counts nothing twice.

namespace sightline::testing {
namespace {

class Kill : public CliTest {
 protected:
  /// Starts the same command again and again and kills it at random moments of up to `longest`
  /// seconds, `kills` times; then lets it end.
  static void run_with_kills(const Words& words, int kills, double longest, std::uint64_t seed) {
    Rng rng(seed);
    for (int i = 0; i < kills; ++i) {
      Running program(command(words));
      program.wait(rng.uniform() * longest);
      program.kill(SIGKILL);
    }
    must(words);
  }

  static void expect_whole(const std::filesystem::path& killed,
                           const std::filesystem::path& undisturbed) {
    EXPECT_EQ(result_fields(killed), result_fields(undisturbed));
    EXPECT_EQ(query(killed, "SELECT count(*) FROM samples"),
              query(undisturbed, "SELECT count(*) FROM samples"));
    EXPECT_EQ(query(killed, "SELECT count(*) FROM (SELECT DISTINCT task, id FROM samples)"),
              query(killed, "SELECT count(*) FROM samples"));
    for (const auto& entry : std::filesystem::directory_iterator(undisturbed)) {
      const std::filesystem::path name = entry.path().filename();
      if (name.extension() != ".jsonl") continue;
      EXPECT_EQ(read_file(killed / name), read_file(entry.path())) << name;
    }
    EXPECT_EQ(must({"verify", killed.string()}).exit_code, 0);
  }
};

TEST_F(Kill, OfARunOfAllTasksAtAnyMomentLeavesTheResultsOfAnUndisturbedOne) {
  const Words more = {"--log_samples", "--num_threads", "2"};
  run("baseline", kAllTasks, "whole", more);
  for (const std::uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    const std::string name = "killed" + std::to_string(seed);
    run_with_kills(run_words("baseline", kAllTasks, name, more), 8, 0.3, seed);
    expect_whole(folder(name), folder("whole"));
  }
}

TEST_F(Kill, WhileASlowProcessAnswersLosesAtMostWhatIsInFlight) {
  SIGHTLINE_NEED_PYTHON();
  const std::string tasks = "vqav2_val,refcoco_val,coco_det_val2017";
  const std::string log = folder("log").string();
  run("process", tasks, "whole", {"--model_args", slow_model()});
  const auto samples =
      static_cast<std::size_t>(query(folder("whole"), "SELECT count(*) FROM samples"));
  const int kills = 8;
  const Words words = run_words("process", tasks, "killed",
                                {"--model_args", slow_model("--delay 0.005 --log '" + log + "'")});
  run_with_kills(words, kills, 0.5, 7);
  // Two requests at a time are with the program, and as many answers on their way to the journal.
  EXPECT_LE(lines_in(log), samples + kills * 4);
  EXPECT_GE(lines_in(log), samples);
  Json killed = result_fields(folder("killed")), whole = result_fields(folder("whole"));
  for (Json* document : {&killed, &whole}) document->erase("config");  // the delay
  EXPECT_EQ(killed, whole);
  EXPECT_EQ(query(folder("killed"), "SELECT count(*) FROM samples"),
            static_cast<std::int64_t>(samples));
}

TEST_F(Kill, TakesTheModelsProcessWithIt) {
  SIGHTLINE_NEED_PYTHON();
  const std::string log = folder("log").string(), number = folder("number").string();
  const Words words =
      run_words("process", "vqav2_val", "out",
                {"--model_args", "command=echo $$ > '" + number + "'; exec python3 '" +
                                     data_path("cli/slow_model.py").string() +
                                     "' --delay 0.05 --log '" + log + "'"});
  Running program(command(words));
  ASSERT_TRUE(wait_until([&] { return lines_in(log) > 0; })) << program.err();
  const int model = std::stoi(read_file(number));
  program.kill(SIGKILL);
  program.wait(10);
  EXPECT_TRUE(wait_until([&] { return ::kill(model, 0) != 0; }, 10));
}

TEST_F(Kill, LeavesAReportOfWhatIsDone) {
  SIGHTLINE_NEED_PYTHON();
  const std::string log = folder("log").string();
  const Words words = run_words("process", "vqav2_val", "out",
                                {"--model_args", slow_model("--delay 0.02 --log '" + log + "'")});
  Running program(command(words));
  ASSERT_TRUE(wait_until([&] { return lines_in(log) >= 10; })) << program.err();
  program.kill(SIGKILL);
  program.wait(10);
  const Json done = Json::parse(must({"report", folder("out").string(), "--format", "json"}).out);
  const Json& task = done.at(0)["sightline"]["run"]["tasks"][0];
  EXPECT_EQ(done[0]["sightline"]["run"]["finished"], false);
  const std::int64_t ok = task["outcomes"].at("ok");
  EXPECT_GE(ok, 6);
  EXPECT_LT(ok, 60);
  EXPECT_EQ(task["samples"], 60);
  const std::string table = must({"report", folder("out").string()}).out;
  EXPECT_THAT(table, ::testing::HasSubstr(std::to_string(ok) + "/60"));
}

}  // namespace
}  // namespace sightline::testing
