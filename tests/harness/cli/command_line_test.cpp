#include <regex>
#include <set>

#include "tests/harness/cli/cli_test.h"

// What the program says to what is typed: help, names, streams.

namespace sightline::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class CommandLine : public CliTest {};

const char* const kCommands[] = {"list",    "run",       "score",  "generate", "merge",
                                 "doctor",  "report",    "verify", "demo",     "impact",
                                 "compare", "reproduce", "history"};

TEST_F(CommandLine, SaysItsVersion) {
  const ProgramEnd end = must({"--version"});
  EXPECT_THAT(end.out, MatchesRegex("sightline [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_THAT(end.err, IsEmpty());
}

TEST_F(CommandLine, HelpOfEveryCommandIsOnStdoutAndEndsInAnExample) {
  const std::string all = must({"--help"}).out;
  for (const std::string command : kCommands) {
    SCOPED_TRACE(command);
    EXPECT_THAT(all, HasSubstr("\n  " + command + " "));
    const ProgramEnd end = must({command, "--help"});
    EXPECT_THAT(end.out, HasSubstr("example: sightline " + command));
    EXPECT_THAT(end.err, IsEmpty());
  }
}

TEST_F(CommandLine, WithoutACommandItListsThemAndFails) {
  const ProgramEnd end = sightline({});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.out, IsEmpty());
  for (const std::string command : kCommands) EXPECT_THAT(end.err, HasSubstr(command));
}

/// The words of the example in a command's help.
Words example_of(const std::string& help) {
  std::smatch found;
  EXPECT_TRUE(std::regex_search(help, found, std::regex("example: sightline ([^\n]*)\n")));
  Words words;
  const std::string text = found[1];
  const std::regex word("'([^']*)'|([^ ]+)");
  for (std::sregex_iterator i(text.begin(), text.end(), word), end; i != end; ++i) {
    words.push_back((*i)[1].matched ? (*i)[1] : (*i)[2]);
  }
  return words;
}

// In one folder that holds what the examples name, in the order a user would go.
TEST_F(CommandLine, TheExamplesWorkAsTheyStand) {
  namespace fs = std::filesystem;
  const fs::path here = folder("here");
  fs::create_directories(here);
  fs::create_symlink(data(), here / "data");
  const auto photo = fs::directory_iterator(data() / "coco/val2017")->path();
  fs::copy_file(photo, here / "photo.jpg");
  const StartOptions options{.folder = here};
  must(run_words("baseline", "vqav2_val", "here/predictions", {"--predict_only"}));
  fs::rename(here / "predictions/predictions_vqav2_val.json", here / "results.json");
  for (const std::string part : {"1", "2", "3"}) {
    run("baseline", "vqav2_val", "here/part" + part, {"--shard", part + "/3"});
  }
  for (const std::string name : {"base", "new"}) run("baseline", "vqav2_val", "here/" + name);
  write_file_atomically(here / "gate.json",
                        R"({"rules": {"vqav2_val/vqa_accuracy": {"max_drop": 0.5}}})");
  must({"history", "add", "--history", (here / "history.sqlite").string(),
        (here / "base").string()});
  for (const std::string command : {"list", "doctor", "run", "report", "verify", "score",
                                    "generate", "merge", "compare", "history", "demo"}) {
    SCOPED_TRACE(command);
    Words words = example_of(must({command, "--help"}).out);
    if (command == "demo") words.push_back("--json");
    const std::string out = must(words, options).out;
    EXPECT_THAT(out, Not(IsEmpty()));
    EXPECT_TRUE(command != "demo" || Json::accept(out));
  }
}

struct Mistake {
  const char* name;
  Words words;
  std::string says;
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

class Mistakes : public CliTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, AreNamedWithWhatWasMeantAndWriteNothing) {
  Words words = GetParam().words;
  const StartOptions options{.folder = folder("")};
  for (std::string& word : words) {
    if (word == "DATA") word = data().string();
  }
  const ProgramEnd end = sightline(words, options);
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.out, IsEmpty());
  EXPECT_THAT(end.err, AllOf(::testing::StartsWith("error: "), HasSubstr(GetParam().says)));
  EXPECT_TRUE(std::filesystem::is_empty(folder("")));
}

Words a_run(const Words& more) {
  Words words = {"run",         "--model", "null",          "--tasks", "vqav2_val",
                 "--data_root", "DATA",    "--output_path", "out"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const Mistake kMistakes[] = {
    {"Command", {"rnu"}, "there is no command 'rnu'; did you mean 'run'?"},
    {"Flag",
     {"run", "--batchsize", "4"},
     "there is no flag --batchsize; did you mean '--batch_size'?"},
    {"FlagOfAnotherCommand", {"list", "tasks", "--jsn"}, "did you mean '--json'?"},
    {"Model",
     {"run", "--model", "repaly", "--tasks", "vqav2_val", "--data_root", "DATA", "--output_path",
      "out"},
     "did you mean 'replay'?"},
    {"Task",
     {"run", "--model", "null", "--tasks", "vqa2_val", "--output_path", "out"},
     "did you mean 'vqav2_val'?"},
    {"TaskOption",
     {"run", "--model", "null", "--tasks", "textvqa_val[orc=on]", "--data_root", "DATA",
      "--output_path", "out"},
     "no option 'orc'"},
    {"TaskOptionValue",
     {"run", "--model", "null", "--tasks", "textvqa_val[ocr=maybe]", "--data_root", "DATA",
      "--output_path", "out"},
     "ocr"},
    {"TaskOfScore",
     {"score", "--task", "docci_tset", "--predictions", "x"},
     "did you mean 'docci_test'?"},
    {"Rules",
     {"score", "--task", "vqav2_val", "--data_root", "DATA", "--predictions", "x", "--rules",
      "vqa/oficial"},
     ""},
    {"ModelArgument", a_run({"--model_args", "anwser=yes"}), "did you mean 'answer'?"},
    {"WhatToList", {"list", "taks"}, "did you mean 'tasks'?"},
    {"Format", {"report", "x", "--format", "tabel"}, "markdown"},
    {"NoModel", {"run", "--tasks", "vqav2_val", "--output_path", "out"}, "--model is missing"},
    {"NoTasks", {"run", "--model", "null", "--output_path", "out"}, "--tasks is missing"},
    {"NoOutput", {"run", "--model", "null", "--tasks", "vqav2_val"}, "--output_path is missing"},
    {"NoData",
     {"run", "--model", "null", "--tasks", "vqav2_val", "--output_path", "out"},
     "--data_root"},
    {"WrongDataFolder",
     {"run", "--model", "null", "--tasks", "vqav2_val", "--data_root", "nowhere", "--output_path",
      "out"},
     "missing file nowhere/vqav2/"},
    {"BatchSize", a_run({"--batch_size", "0"}), "--batch_size 0: want"},
    {"Limit", a_run({"--limit", "many"}), "--limit many: want"},
    {"LimitOfNothing", a_run({"--limit", "0"}), "--limit 0: want"},
    {"Seed", a_run({"--seed", "x"}), "--seed x: want"},
    {"Threads", a_run({"--num_threads", "two"}), "--num_threads two: want"},
    {"Shard", a_run({"--shard", "4/3"}), "--shard 4/3: want"},
    {"MaxErrors", a_run({"--max_errors", "few"}), "--max_errors few: want"},
    {"Progress", a_run({"--progress", "bar"}), "--progress bar: want"},
    {"LogLevel", a_run({"--log_level", "loud"}), "--log_level loud: want"},
    {"Precision", a_run({"--precision", "fp33"}), "--precision"},
    {"UnknownSample", a_run({"--samples", "no_such_id"}), "no_such_id"},
    {"TokensToGenerate", a_run({"--gen_kwargs", "max_new_tokens=none"}), "max_new_tokens=none"},
    {"ConfigFile", a_run({"--config", "nowhere.json"}), "nowhere.json"},
    {"Plugin", a_run({"--plugin", "nowhere.so"}), "nowhere.so"},
    {"OneTaskTwice",
     {"run", "--model", "null", "--tasks", "vqav2_val,vqav2_val", "--data_root", "DATA",
      "--output_path", "out"},
     "vqav2_val"},
    {"ModelThatCannotDoTheSecondTask",
     {"run", "--model", "baseline", "--model_args", "kind=most_common", "--tasks",
      "vqav2_val,imagenet_recon_val", "--data_root", "DATA", "--output_path", "out"},
     "imagenet_recon_val"},
    {"PredictOnlyOfImages",
     {"run", "--model", "baseline", "--tasks", "imagenet_recon_val", "--data_root", "DATA",
      "--output_path", "out", "--predict_only"},
     "--predict_only"},
    {"ImageToGenerateFrom",
     {"generate", "--model", "baseline", "--prompt", "x", "--image", "nowhere.jpg"},
     "nowhere.jpg"},
    {"LogProbabilities",
     {"generate", "--model", "null", "--prompt", "x", "--logprobs"},
     "--logprobs"},
    {"ReportOfNothing", {"report", "nowhere"}, "nowhere"},
    {"VerifyNothing", {"verify", "nowhere"}, "nowhere"},
    {"MergeNothing", {"merge", "whole", "nowhere"}, "nowhere"},
};

INSTANTIATE_TEST_SUITE_P(All, Mistakes, ::testing::ValuesIn(kMistakes),
                         [](const auto& test) { return test.param.name; });

TEST_F(CommandLine, DashesInFlagsAreUnderscores) {
  run("null", "vqav2_val", "plain", {"--num_threads", "1", "--batch_size=3"});
  must({"run", "--model=null", "--tasks=vqav2_val", "--data-root", data().string(),
        "--output-path=" + folder("dashes").string(), "--num-threads", "1", "--batch-size=3"});
  EXPECT_EQ(result_fields(folder("dashes")), result_fields(folder("plain")));
}

TEST_F(CommandLine, DashesInValuesStay) {
  EXPECT_EQ(must({"generate", "--model=null", "--model-args=answer=a-b", "--prompt=x"}).out,
            "a-b\n");
}

TEST_F(CommandLine, ShortFlagsAreThoseOfLmEvaluationHarness) {
  must({"run", "-M", "null", "-a", "answer=yes", "-t", "vqav2_val", "--data_root", data().string(),
        "-o", folder("short").string(), "-L", "7", "-b", "2", "-s"});
  EXPECT_EQ(lines_in(folder("short") / "samples_vqav2_val.jsonl"), 7U);
  must({"run", "-M", "null", "-t", "vqav2_val", "--data_root", data().string(), "-o",
        folder("x").string(), "-x"});
  EXPECT_TRUE(std::filesystem::exists(folder("x") / "predictions_vqav2_val.json"));
}

TEST_F(CommandLine, ResultsGoToStdoutAndAllElseToStderr) {
  const ProgramEnd end = run("baseline", "vqav2_val", "out");
  EXPECT_THAT(end.out, AllOf(HasSubstr("vqa_accuracy"), Not(HasSubstr("samples,"))));
  EXPECT_THAT(end.err, AllOf(HasSubstr("vqav2_val: "), Not(HasSubstr("vqa_accuracy"))));
  EXPECT_THAT(run("baseline", "vqav2_val", "quiet", {"--progress", "none"}).err, IsEmpty());
}

TEST_F(CommandLine, JsonIsOneDocumentForEveryCommandThatHasIt) {
  const std::string whole = folder("run").string();
  run("baseline", "vqav2_val", "run");
  run("baseline", "vqav2_val", "predictions", {"--predict_only"});
  run("null", "vqav2_val", "part1", {"--shard", "1/2"});
  run("null", "vqav2_val", "part2", {"--shard", "2/2"});
  const std::string predictions = (folder("predictions") / "predictions_vqav2_val.json").string();
  const std::vector<std::pair<Words, std::string>> cases = {
      {{"list", "tasks"}, "/0/name"},
      {{"list", "models"}, "/0/name"},
      {{"list", "metrics"}, "/0/name"},
      {run_words("null", "vqav2_val", "again"), "/results/vqav2_val"},
      {{"score", "--task", "vqav2_val", "--data_root", data().string(), "--predictions",
        predictions},
       "/metrics/vqa_accuracy/value"},
      {{"generate", "--model", "null", "--prompt", "x"}, "/text"},
      {{"merge", folder("whole").string(), folder("part1").string(), folder("part2").string()},
       "/results/vqav2_val"},
      {{"report", whole}, "/0/results/vqav2_val"},
      {{"verify", whole}, "/verified"},
      {{"doctor", "--model", "null", "--tasks", "vqav2_val", "--data_root", data().string()},
       "/0/good"}};
  for (auto [words, pointer] : cases) {
    SCOPED_TRACE(words.front());
    words.push_back("--json");
    const ProgramEnd end = must(words);
    const Json document = Json::parse(end.out, nullptr, false);
    ASSERT_FALSE(document.is_discarded()) << end.out;
    EXPECT_TRUE(document.contains(Json::json_pointer(pointer))) << end.out;
  }
}

TEST_F(CommandLine, ScoreAsJsonHasTheDocumentedFields) {
  run("baseline", "vqav2_val", "out", {"--predict_only"});
  Words words = {"score",
                 "--task",
                 "vqav2_val",
                 "--data_root",
                 data().string(),
                 "--predictions",
                 (folder("out") / "predictions_vqav2_val.json").string(),
                 "--json"};
  const Json one = Json::parse(must(words).out);
  EXPECT_EQ(one.at("task"), "vqav2_val");
  EXPECT_EQ(one.at("rules"), "vqa/official");
  const Json& metric = one.at("metrics").at("vqa_accuracy");
  EXPECT_TRUE(metric.at("value").is_number() && metric.at("stderr").is_number());
  EXPECT_EQ(metric.at("n"), one.at("n"));
  std::int64_t answers = 0;
  for (const auto& [group, numbers] : one.at("breakdowns").at("answer_type").items()) {
    EXPECT_TRUE(numbers.at("vqa_accuracy").is_number()) << group;
    answers += numbers.at("n").get<std::int64_t>();
  }
  EXPECT_EQ(answers, one.at("n"));
  EXPECT_TRUE(one.at("breakdowns").contains("question_type"));
  EXPECT_FALSE(one.contains("by_rules"));
  words.push_back("--all_rules");
  const Json all = Json::parse(must(words).out);
  EXPECT_GT(all.at("by_rules").size(), 1U);
  EXPECT_EQ(all["by_rules"]["vqa/official"], one["metrics"]);
}

TEST_F(CommandLine, ListsEveryTaskOfTheInterface) {
  const Json tasks = Json::parse(must({"list", "tasks", "--json"}).out);
  std::set<std::string> names;
  for (const Json& task : tasks) names.insert(task.at("name"));
  for (const char* name :
       {"vqav2_val", "vqav2_testdev", "textvqa_val", "coco_det_val2017", "refcoco_val",
        "refcoco_testA", "refcoco_testB", "refcoco+_val", "refcoco+_testA", "refcoco+_testB",
        "refcocog_val", "refcocog_test", "coco_captions_val", "docci_test", "docci_qual_test",
        "docci_qual_dev", "imagenet_recon_val"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
  const Json models = Json::parse(must({"list", "models", "--json"}).out);
  std::set<std::string> adapters;
  for (const Json& model : models) adapters.insert(model.at("name"));
  for (const char* name : {"replay", "process", "baseline", "null"}) {
    EXPECT_EQ(adapters.count(name), 1U) << name;
  }
}

TEST_F(CommandLine, AConfigFileHoldsFlagsAndTheCommandLineWins) {
  const Json config = {{"model", "null"},
                       {"model_args", {{"answer", "yes, no"}}},
                       {"tasks", {"vqav2_val", "textvqa_val"}},
                       {"data_root", data().string()},
                       {"limit", 4},
                       {"log-samples", true},
                       {"fresh", false},
                       {"batch_size", "auto"}};
  write_file_atomically(folder("config.json"), config.dump());
  const std::string file = folder("config.json").string();
  must({"run", "--config", file, "--output_path", folder("a").string()});
  EXPECT_EQ(lines_in(folder("a") / "samples_vqav2_val.jsonl"), 4U);
  EXPECT_EQ(lines_in(folder("a") / "samples_textvqa_val.jsonl"), 4U);
  EXPECT_EQ(read_json(folder("a") / "results.json")["config"]["model_args"]["answer"], "yes, no");
  must({"run", "--limit", "2", "-C", file, "--output_path", folder("b").string(), "--tasks",
        "vqav2_val"});
  EXPECT_EQ(lines_in(folder("b") / "samples_vqav2_val.jsonl"), 2U);
  EXPECT_FALSE(std::filesystem::exists(folder("b") / "samples_textvqa_val.jsonl"));
  EXPECT_THAT(must({"doctor", "--config=" + file}).out, HasSubstr("textvqa_val"));
}

TEST_F(CommandLine, AConfigFileIsChecked) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"modle": "null"})",
       "there is no setting 'modle'; did you mean 'model'?; there are model, "},
      {R"({"model": )", "parse error"},
      {"[1]", "want a JSON object"},
      {R"({"limit": "many", "model": "null", "tasks": "vqav2_val"})", "--limit many"},
  };
  for (const auto& [text, says] : cases) {
    SCOPED_TRACE(text);
    write_file_atomically(folder("config.json"), text);
    const ProgramEnd end =
        sightline({"run", "--config", folder("config.json").string(), "--data_root",
                   data().string(), "--output_path", folder("out").string()});
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_THAT(end.err, HasSubstr(says));
    EXPECT_FALSE(std::filesystem::exists(folder("out")));
  }
}

}  // namespace
}  // namespace sightline::testing
