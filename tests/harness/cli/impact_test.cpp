#include "tests/harness/cli/cli_test.h"

// One model at several precisions, each in a process of its own.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Impact : public CliTest {
 protected:
  static constexpr const char* kTask = "vqav2_val";

  Words words(const Words& more = {}) const {
    Words all = {"impact",
                 "--plugin",
                 SIGHTLINE_MEASURED_MODEL,
                 "--model",
                 "measured",
                 "--precisions",
                 "fp32,bf16,int8",
                 "--tasks",
                 kTask,
                 "--data_root",
                 data().string(),
                 "--output_path",
                 folder("out").string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static Json document_of(const ProgramEnd& end) {
    const Json document = Json::parse(end.out, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << end.out << end.err;
    return document;
  }
  static const Json& precision_of(const Json& document, const std::string& name) {
    for (const Json& precision : document.at("precisions")) {
      if (precision.at("precision") == name) return precision;
    }
    throw std::runtime_error("no precision " + name);
  }
  static const Json& row_of(const Json& document, const std::string& precision) {
    for (const Json& row : document.at("rows")) {
      if (row.at("precision") == precision) return row;
    }
    throw std::runtime_error("no row of " + precision);
  }
  fs::path run_of(const std::string& precision) const { return folder("out") / precision; }
};

TEST_F(Impact, RunsEachPrecisionAndComparesItWithTheFirst) {
  const Json document = document_of(must(words({"--json"})));
  EXPECT_EQ(document.at("first"), "fp32");
  ASSERT_EQ(document.at("rows").size(), 3U);
  const double first = metric_of(run_of("fp32"), kTask, "vqa_accuracy");
  for (const std::string name : {"fp32", "bf16", "int8"}) {
    SCOPED_TRACE(name);
    const Json& row = row_of(document, name);
    const double value = metric_of(run_of(name), kTask, "vqa_accuracy");
    EXPECT_EQ(row.at("value"), value);
    EXPECT_EQ(row.at("difference"), name == "fp32" ? Json() : Json(value - first));
    EXPECT_TRUE(row.at("stderr").is_number());
    EXPECT_EQ(read_json(run_of(name) / "results.json")["config"]["precision"], name);
  }
  EXPECT_NE(row_of(document, "int8").at("difference"), 0.0);
  EXPECT_EQ(row_of(document, "bf16").at("difference"), 0.0);
  EXPECT_EQ(read_json(folder("out") / "impact.json"), document);
}

TEST_F(Impact, SaysWhatAPrecisionCosts) {
  const Json document = document_of(must(words({"--json", "--limit", "20"})));
  const std::pair<const char*, double> weights[] = {{"fp32", 4e6}, {"bf16", 2e6}, {"int8", 1.5e6}};
  for (const auto& [name, bytes] : weights) {
    SCOPED_TRACE(name);
    const Json& precision = precision_of(document, name);
    EXPECT_EQ(precision.at("weight_bytes"), bytes);
    EXPECT_GT(precision.at("peak_memory_bytes"), 1000000);
    EXPECT_EQ(precision.at("quantised_layers"), name == std::string("int8") ? Json(7.0) : Json());
    // Each answer: 10 tokens in, 2 out, a quarter of a second.
    const Json want = {{"generated_tokens_per_second", 8.0},
                       {"model_seconds", 5.0},
                       {"ok", 20},
                       {"prompt_tokens_per_second", 40.0},
                       {"samples", 20}};
    EXPECT_EQ(precision.at("tasks").at(kTask), want);
    const Json note = read_json(run_of(name) / "results.json")["sightline"]["tasks"][kTask];
    EXPECT_EQ(note.at("prompt_tokens"), 200);
    EXPECT_EQ(note.at("generated_tokens"), 40);
    EXPECT_EQ(note.at("generated_tokens_per_second"), 8.0);
    EXPECT_EQ(note.at("facts").at("weight_bytes"), bytes);
  }
}

TEST_F(Impact, PrintsOneTableATask) {
  const ProgramEnd end = must(words({"--tasks", "vqav2_val,textvqa_val"}));
  for (const char* part : {"vqav2_val\n", "textvqa_val\n", "difference", "4.00 MB", "1.50 MB",
                           "generated tok/s", "peak memory", "+0.00"}) {
    EXPECT_THAT(end.out, HasSubstr(part));
  }
  EXPECT_THAT(end.out, Not(HasSubstr("failed")));
  EXPECT_THAT(end.out, Not(HasSubstr("coverage")));
  EXPECT_THAT(end.err, HasSubstr("bf16: vqav2_val: 60/60 samples"));
}

TEST_F(Impact, TakesWhatIsFinishedFromTheJournals) {
  const Json first = document_of(must(words({"--json"})));
  const Json again = document_of(must(words({"--json"})));
  EXPECT_EQ(again.at("rows"), first.at("rows"));
  for (const std::string name : {"fp32", "bf16", "int8"}) {
    const Json note = read_json(run_of(name) / "results.json")["sightline"]["tasks"][kTask];
    EXPECT_EQ(note.at("samples_this_time"), 60) << "of the time when they were asked";
    EXPECT_GE(precision_of(again, name).at("peak_memory_bytes"),
              precision_of(first, name).at("peak_memory_bytes"));
  }
}

TEST_F(Impact, KeepsTheOthersWhenOnePrecisionCrashes) {
  const ProgramEnd end = sightline(words({"--model_args", "crash=bf16"}));
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.out, AllOf(HasSubstr("failed (bf16): its process was killed by signal 6"),
                             HasSubstr("1.50 MB")));
  EXPECT_TRUE(fs::exists(run_of("int8") / "results.json"));
  EXPECT_FALSE(fs::exists(run_of("bf16") / "results.json"));
}

TEST_F(Impact, TakesNoDifferenceToAFirstPrecisionThatFailed) {
  const ProgramEnd end = sightline(words({"--model_args", "crash=fp32", "--json"}));
  EXPECT_EQ(end.exit_code, 3);
  const Json document = document_of(end);
  EXPECT_EQ(precision_of(document, "fp32").at("finished"), false);
  EXPECT_EQ(precision_of(document, "fp32").at("exit_code"), 128 + SIGABRT);
  EXPECT_EQ(row_of(document, "bf16").at("difference"), Json());
  EXPECT_TRUE(row_of(document, "int8").at("value").is_number());
}

TEST_F(Impact, ShowsWhichPrecisionAModelDoesNotHave) {
  const ProgramEnd end = sightline(words({"--model_args", "refuse=int8"}));
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.out, HasSubstr("failed (int8): model measured does not compute in int8"));
  EXPECT_THAT(end.out, HasSubstr("bf16"));
  EXPECT_THAT(end.err, HasSubstr("int8: error: model measured does not compute in int8"));
}

TEST_F(Impact, RefusesResultsOfAnotherPrecision) {
  const ProgramEnd other = sightline(words({"--model_args", "always=bf16"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.out, AllOf(HasSubstr("failed (fp32): the model measured computed in bf16"),
                               HasSubstr("failed (int8): ")));
}

TEST_F(Impact, StopsAtAModelThatTakesNoPrecision) {
  const ProgramEnd end = sightline(words({"--model_args", "quiet=on"}));
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err,
              HasSubstr("error: the model measured does not say that it computes in fp32"));
  EXPECT_FALSE(fs::exists(run_of("bf16")));
}

TEST_F(Impact, TooManyFailedSamplesAre3AndShowTheirCoverage) {
  SIGHTLINE_NEED_PYTHON();
  const ProgramEnd end =
      sightline(words({"--model", "process", "--model_args", slow_model("--error circle"),
                       "--max_errors", "0", "--precisions", "fp32,bf16"}));
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.out, AllOf(HasSubstr("coverage"), HasSubstr("not ok (bf16)")));
}

TEST_F(Impact, StopsByCtrlCAndGoesOn) {
  const Words slow = words({"--model_args", "delay=0.02", "--batch_size", "1", "--json"});
  Running program(command(slow));
  ASSERT_TRUE(wait_until([&] { return fs::exists(run_of("bf16") / "run.sqlite"); }))
      << program.err();
  program.kill(SIGINT);
  const ProgramEnd end = program.end();
  EXPECT_EQ(end.exit_code, 130) << end.err;
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, HasSubstr("start the same command again to go on"));
  EXPECT_TRUE(fs::exists(run_of("fp32") / "results.json"));
  EXPECT_FALSE(fs::exists(run_of("bf16") / "results.json"));
  EXPECT_FALSE(fs::exists(run_of("int8")));
  EXPECT_EQ(document_of(must(slow)).at("rows").size(), 3U);
}

TEST_F(Impact, TakesItsProcessWithItWhenItIsKilled) {
  Running program(command(words({"--model_args", "delay=0.5", "--batch_size", "1"})));
  ASSERT_TRUE(wait_until([&] { return fs::exists(run_of("fp32") / "run.sqlite"); }))
      << program.err();
  const int writer = std::stoi(read_file(run_of("fp32") / "run.lock"));
  EXPECT_NE(writer, program.process());
  EXPECT_EQ(::kill(writer, 0), 0);
  program.kill(SIGKILL);
  program.wait(10);
  EXPECT_TRUE(wait_until([&] { return ::kill(writer, 0) != 0; }, 10));
}

TEST_F(Impact, TakesItsFlagsFromAConfigurationFile) {
  const Json config = {{"model", "measured"},
                       {"precisions", {"bf16", "int8"}},
                       {"tasks", kTask},
                       {"data_root", data().string()},
                       {"plugin", SIGHTLINE_MEASURED_MODEL},
                       {"json", true},
                       {"output_path", folder("out").string()}};
  write_file_atomically(folder("impact.json"), config.dump());
  const Json document =
      document_of(must({"impact", "--config", folder("impact.json").string(), "-L", "9"}));
  EXPECT_EQ(document.at("first"), "bf16");
  EXPECT_EQ(row_of(document, "int8").at("n"), 9);
}

TEST_F(Impact, SaysMistakesOnceBeforeAnythingRuns) {
  const std::pair<Words, std::string> cases[] = {
      {{"--precisions", "fp32,fp33"}, "there is no precision 'fp33'; want fp32"},
      {{"--precisions", "fp32,fp32"}, "fp32 is there twice"},
      {{"--precisions", "fp32"}, "want at least two"},
      {{"--precision", "fp32"}, "name them with --precisions"},
      {{"--tasks", "vqav2_vla"}, "did you mean 'vqav2_val'"},
      {{"--model", "nul"}, "did you mean 'null'"},
      {{"--predict_only"}, "--predict_only"},
      {{"--batch_size", "0"}, "--batch_size 0"},
      {{"--batch_invariant"}, "--batch_invariant: only the model native"},
  };
  for (const auto& [more, says] : cases) {
    SCOPED_TRACE(says);
    const ProgramEnd end = sightline(words(more));
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_EQ(end.out, "");
    EXPECT_THAT(end.err, HasSubstr(says));
    EXPECT_FALSE(fs::exists(folder("out")));
  }
}

TEST_F(Impact, DoctorSaysWhatAModelWeighs) {
  const Words doctor = {"doctor",      "--plugin", SIGHTLINE_MEASURED_MODEL, "--model", "measured",
                        "--precision", "int8"};
  const char* line =
      "good  model measured answers, in int8, 1.50 MB of weights, 7 layers quantised\n";
  EXPECT_THAT(must(doctor).out, HasSubstr(line));
  Words with_task = doctor;
  with_task.insert(with_task.end(), {"--tasks", kTask, "--data_root", data().string()});
  EXPECT_THAT(must(with_task).out, HasSubstr(line));
  Words refused = doctor;
  refused.insert(refused.end(), {"--model_args", "refuse=int8"});
  const ProgramEnd end = sightline(refused);
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.out, HasSubstr("BAD   model measured: model measured does not compute in int8"));
}

}  // namespace
}  // namespace sightline::testing
