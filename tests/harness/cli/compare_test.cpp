#include <fstream>

#include "tests/harness/cli/cli_test.h"

// `compare`, its gate, and a run that is judged while it goes.

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTask = "vqav2_val";
constexpr const char* kKey = "vqav2_val/vqa_accuracy";

class Compare : public CliTest {
 protected:
  /// A run of the answers that most people gave, but for every `wrong`-th sample (0: for none).
  fs::path replay_truth(const std::string& name, std::size_t wrong = 0, const Words& more = {}) {
    const Json file = read_json(data() / "vqav2/v2_mscoco_val2014_annotations.json");
    Json answers = Json::array();
    for (const Json& annotation : file.at("annotations")) {
      const bool is_wrong = wrong > 0 && answers.size() % wrong == 0;
      answers.push_back(
          {{"question_id", annotation.at("question_id")},
           {"answer", is_wrong ? Json("nonsense") : annotation.at("multiple_choice_answer")}});
    }
    const fs::path predictions = folder(name + ".json");
    std::ofstream(predictions) << answers.dump();
    Words words = {"--model_args", "predictions=" + predictions.string()};
    words.insert(words.end(), more.begin(), more.end());
    run("replay", kTask, name, words);
    return folder(name);
  }

  std::string gate(const Json& rule, const std::string& key = kKey) const {
    const fs::path file = folder("gate.json");
    std::ofstream(file) << Json({{"rules", {{key, rule}}}}).dump();
    return file.string();
  }

  static Json compare_json(const fs::path& base, const fs::path& next, const Words& more = {}) {
    Words words = {"compare", base.string(), next.string(), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return Json::parse(sightline(words).out);
  }
  static ProgramEnd compare(const fs::path& base, const fs::path& next, const Words& more = {}) {
    Words words = {"compare", base.string(), next.string()};
    words.insert(words.end(), more.begin(), more.end());
    return sightline(words);
  }
};

TEST_F(Compare, PairsEverySampleOfTwoRuns) {
  const fs::path base = replay_truth("base"), next = replay_truth("next", 6);
  const Json document = compare_json(base, next);
  EXPECT_EQ(document.at("comparable"), true);
  EXPECT_EQ(document.at("verdict"), "worse");
  const Json& metric = document.at("metrics").at(kKey);
  const double before = metric_of(base, kTask, "vqa_accuracy");
  const double after = metric_of(next, kTask, "vqa_accuracy");
  EXPECT_EQ(metric.at("base"), before);
  EXPECT_EQ(metric.at("new"), after);
  EXPECT_NEAR(metric.at("difference"), after - before, 1e-12);
  EXPECT_EQ(metric.at("n"), 60);
  EXPECT_EQ(metric.at("clusters"), 12);
  EXPECT_EQ(metric.at("won"), 0);
  EXPECT_EQ(metric.at("lost"), 10);
  EXPECT_EQ(metric.at("tied"), 50);
  EXPECT_LT(metric.at("ci95").at(0), metric.at("difference"));
  EXPECT_GT(metric.at("ci95").at(1), metric.at("difference"));
  const Json& flips = document.at("flips").at(kTask);
  EXPECT_EQ(flips.at("total"), 10);
  EXPECT_EQ(flips.at("samples").at(0).at("new_answer"), "nonsense");
}

TEST_F(Compare, AllFormatsShowTheSameVerdict) {
  const fs::path base = replay_truth("base"), next = replay_truth("next", 3);
  for (const char* format : {"table", "markdown"}) {
    const ProgramEnd end = compare(base, next, {"--format", format});
    EXPECT_EQ(end.exit_code, 0);
    EXPECT_THAT(end.out, AllOf(HasSubstr("worse"), HasSubstr("nonsense"), HasSubstr("0 / 20 / 40")))
        << format;
  }
}

TEST_F(Compare, RefusesOtherSamplesAndSaysSo) {
  const fs::path base = replay_truth("base"), part = replay_truth("part", 0, {"--limit", "40"});
  const ProgramEnd refused = compare(base, part, {"--json"});
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("not comparable"), HasSubstr("samples differs"),
                                 HasSubstr("--allow")));
  EXPECT_EQ(Json::parse(refused.out).at("comparable"), false);
  EXPECT_EQ(Json::parse(refused.out).at("metrics"), Json::object());

  const Json allowed = compare_json(base, part, {"--allow", "samples"});
  EXPECT_EQ(allowed.at("metrics").at(kKey).at("n"), 40);
  EXPECT_EQ(allowed.at("differences").at(0).at("field"), "samples");
  EXPECT_EQ(allowed.at("differences").at(0).at("allowed"), true);
}

TEST_F(Compare, RefusesAnotherProtocolAndNamesTheField) {
  const fs::path base = replay_truth("base");
  const fs::path other = replay_truth("other", 0, {"--gen_kwargs", "max_new_tokens=4"});
  const ProgramEnd refused = compare(base, other);
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("protocol.max_new_tokens differs: base \"16\", new \"4\""));
  EXPECT_EQ(compare(base, other, {"--allow", "max_new_tokens"}).exit_code, 0);
}

TEST_F(Compare, RefusesRunsWithoutACommonTask) {
  run("null", "textvqa_val", "text");
  EXPECT_EQ(compare(replay_truth("base"), folder("text")).exit_code, 4);
}

TEST_F(Compare, ResamplesMetricsOfTheWholeSetFromTheData) {
  const fs::path moved = folder("moved");
  fs::copy(data(), moved, fs::copy_options::recursive);
  const Words there = {"--data_root", moved.string()};
  run("baseline", "coco_captions_val,coco_det_val2017", "base", there);
  run("null", "coco_captions_val,coco_det_val2017", "next", there);
  const Json document = compare_json(folder("base"), folder("next"), {"--bootstrap", "100"});
  for (const char* key : {"coco_captions_val/cider", "coco_det_val2017/recall_ca@0.5"}) {
    SCOPED_TRACE(key);
    const Json& metric = document.at("metrics").at(key);
    EXPECT_LT(metric.at("difference"), 0);
    EXPECT_TRUE(metric.at("ci95").is_array());
    EXPECT_TRUE(metric.at("won").is_null());
    EXPECT_THAT(metric.at("method"), HasSubstr("100 replicates"));
  }
  fs::rename(moved, folder("elsewhere"));
  const Json without = compare_json(folder("base"), folder("next"));
  const Json& cider = without.at("metrics").at("coco_captions_val/cider");
  EXPECT_LT(cider.at("difference"), 0);
  EXPECT_TRUE(cider.at("ci95").is_null());
  EXPECT_THAT(cider.at("note"), HasSubstr("no interval"));
  const Json found =
      compare_json(folder("base"), folder("next"), {"--data_root", folder("elsewhere").string()});
  EXPECT_TRUE(found.at("metrics").at("coco_captions_val/cider").at("ci95").is_array());
}

TEST_F(Compare, TakesRunsOfOtherHarnesses) {
  for (const std::string layout : {"lm_eval", "lmms_eval"}) {
    SCOPED_TRACE(layout);
    const fs::path runs = data_path("foreign/" + layout);
    const Json metric =
        compare_json(runs / "base", runs / "new").at("metrics").at("example_vqa/exact_match");
    const Json want = read_json(data_path("foreign/expected.json"));
    EXPECT_NEAR(metric.at("difference"), want.at("mean_difference_new_minus_base"), 1e-15);
    EXPECT_EQ(metric.at("won"), want.at("won"));
    EXPECT_EQ(metric.at("lost"), want.at("lost"));
    const char* stderr_of = layout == "lm_eval" ? "paired_stderr_clustered" : "paired_stderr";
    EXPECT_NEAR(metric.at("stderr"), want.at(stderr_of), 1e-15);
  }
}

TEST_F(Compare, WhatIsNoRunIsAnError) {
  const fs::path base = replay_truth("base");
  fs::create_directories(folder("empty"));
  for (const fs::path& other : {folder("empty"), folder("missing")}) {
    const ProgramEnd end = compare(base, other);
    EXPECT_EQ(end.exit_code, 2);
    EXPECT_THAT(end.err, AllOf(HasSubstr(other.filename().string()), HasSubstr("run")));
  }
}

struct GateCase {
  const char* name;
  std::size_t wrong;
  double max_drop;
  int exit_code;
  const char* verdict;
};

class CompareGate : public Compare, public ::testing::WithParamInterface<GateCase> {};

TEST_P(CompareGate, HasAVerdictAnExitCodeAndFiles) {
  const GateCase& test = GetParam();
  const fs::path base = replay_truth("base"), next = replay_truth("next", test.wrong);
  const std::string rules = gate({{"max_drop", test.max_drop}});
  const ProgramEnd end = compare(base, next,
                                 {"--gate", rules, "--markdown", folder("summary.md").string(),
                                  "--junit", folder("junit.xml").string()});
  EXPECT_EQ(end.exit_code, test.exit_code) << end.err;
  EXPECT_THAT(end.out, AllOf(HasSubstr(std::string("gate: ") + test.verdict), HasSubstr("detect")));
  EXPECT_THAT(read_file(folder("summary.md")), HasSubstr(test.verdict));
  EXPECT_THAT(read_file(folder("junit.xml")), HasSubstr("smallest detectable drop"));
  const Json document = compare_json(base, next, {"--gate", rules});
  EXPECT_EQ(document.at("verdict"), test.verdict);
  EXPECT_EQ(document.at("metrics").at(kKey).at("verdict"), test.verdict);
}

const GateCase kGateCases[] = {{"Same", 0, 0.02, 0, "pass"},
                               {"WithinAWideMargin", 15, 0.7, 0, "pass"},
                               {"Worse", 2, 0.05, 1, "regression"},
                               {"TooFewSamplesToSay", 15, 0.05, 3, "inconclusive"}};

INSTANTIATE_TEST_SUITE_P(Cases, CompareGate, ::testing::ValuesIn(kGateCases),
                         [](const auto& test) { return test.param.name; });

TEST_F(Compare, AGateThatDoesNotFitIsAnError) {
  const fs::path base = replay_truth("base");
  const ProgramEnd unknown =
      compare(base, base, {"--gate", gate({{"max_drop", 0.1}}, "vqav2_val/accuracy")});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("vqav2_val/vqa_accuracy"));
  EXPECT_EQ(compare(base, base, {"--gate", gate({{"max_drop", -1}})}).exit_code, 2);
  EXPECT_EQ(compare(base, base, {"--junit", folder("j.xml").string()}).exit_code, 2);
}

class Against : public Compare {
 protected:
  Words words(const std::string& model, const std::string& name, const std::string& rules,
              const Words& more = {}) const {
    Words all = {"--against", folder("base").string(), "--gate", rules, "--batch_size", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return run_words(model, kTask, name, all);
  }
  /// A model that takes its time, so that little is asked in vain.
  Words measured_words(const std::string& name, const Words& more = {}) const {
    Words all = {"--plugin",   SIGHTLINE_MEASURED_MODEL, "--model_args",
                 "delay=0.01", "--batch_size",           "1"};
    all.insert(all.end(), more.begin(), more.end());
    return run_words("measured", kTask, name, all);
  }
  Words slow_words(const std::string& name, const std::string& rules) const {
    return measured_words(name, {"--against", folder("base").string(), "--gate", rules});
  }
  static Json gate_of(const fs::path& run) {
    return read_json(run / "results.json").at("sightline").at("gate").at("rules").at(0);
  }
};

TEST_F(Against, ARegressionStopsTheRunAsSoonAsItIsCertain) {
  replay_truth("base");
  const std::string rules = gate({{"max_drop", 0}, {"alpha", 0.2}});
  const ProgramEnd end = sightline(slow_words("next", rules));
  EXPECT_EQ(end.exit_code, 1) << end.err;
  EXPECT_THAT(end.out, AllOf(HasSubstr("gate: regression"), HasSubstr("unfinished")));
  const Json found = gate_of(folder("next"));
  EXPECT_EQ(found.at("verdict"), "regression");
  EXPECT_GE(found.at("drop_low"), 0);
  EXPECT_LE(found.at("p_regression"), 0.2);
  const std::int64_t asked = query(folder("next"), "SELECT count(*) FROM answers");
  EXPECT_LT(asked, 60);
  EXPECT_LE(found.at("n"), asked);

  // Asked again it knows; without a gate it goes on to the end.
  const ProgramEnd again = sightline(slow_words("next", rules));
  EXPECT_EQ(again.exit_code, 1) << again.err;
  EXPECT_EQ(gate_of(folder("next")), found);
  EXPECT_EQ(query(folder("next"), "SELECT count(*) FROM answers"), asked);
  must(measured_words("next"));
  must(measured_words("whole"));
  EXPECT_EQ(result_fields(folder("next")), result_fields(folder("whole")));

  // A run that was finished without a gate has the same verdict.
  EXPECT_EQ(sightline(slow_words("whole", rules)).exit_code, 1);
  EXPECT_EQ(gate_of(folder("whole")), found);
}

TEST_F(Against, ARunThatIsNoWorseOnFewSamplesIsInconclusive) {
  const fs::path base = replay_truth("base");
  const ProgramEnd end =
      sightline(words("replay", "next", gate({{"max_drop", 0}}),
                      {"--model_args", "predictions=" + folder("base.json").string()}));
  EXPECT_EQ(end.exit_code, 3) << end.err;
  EXPECT_THAT(end.out, HasSubstr("never ends such a gate early"));
  EXPECT_THAT(end.err, HasSubstr("never ends such a gate early"));
}

TEST_F(Against, WhatCannotBeJudgedIsRefusedBeforeAnythingIsWritten) {
  replay_truth("base");
  run("baseline", "coco_det_val2017", "boxes");
  const std::string fits = gate({{"max_drop", 0.05}});
  const auto refusal = [&](const Words& arguments, int exit_code, const std::string& says) {
    const ProgramEnd end = sightline(arguments);
    EXPECT_EQ(end.exit_code, exit_code) << end.err;
    EXPECT_THAT(end.err, HasSubstr(says));
    EXPECT_FALSE(fs::exists(folder("next")));
  };
  refusal(words("baseline", "next", fits, {"--gen_kwargs", "max_new_tokens=4"}), 4,
          "protocol.max_new_tokens");
  refusal(words("baseline", "next", fits, {"--shard", "1/2"}), 2, "--shard");
  refusal(run_words("baseline", kTask, "next", {"--gate", fits}), 2, "go together");
  refusal(run_words("baseline", "coco_det_val2017", "next",
                    {"--against", folder("base").string(), "--gate", fits}),
          2, "no rule for coco_det_val2017");
  refusal(words("baseline", "next", gate({{"max_drop", 0.05}, {"floor", 0.5}})), 2, "floor");
  refusal(run_words("baseline", "coco_det_val2017", "next",
                    {"--against", folder("boxes").string(), "--gate",
                     gate({{"max_drop", 0.05}}, "coco_det_val2017/recall@0.5")}),
          2, "not a mean of samples' scores");
}

}  // namespace
}  // namespace sightline::testing
