#include "results/comparison/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "tests/results/comparison/comparison_support.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

GateFinding judge(const std::pair<RunSamples, RunSamples>& runs, GateRule rule) {
  rule.key = "task/score";
  const GateReport report = decide(compare_runs(runs.first, runs.second, {}), {rule});
  EXPECT_EQ(report.verdict, report.findings.at(0).verdict);
  return report.findings.at(0);
}

TEST(Gate, ALargeDropIsARegression) {
  const GateFinding finding = judge(two_runs(400, 0.7, 0.6), {.max_drop = 0.02});
  EXPECT_EQ(finding.verdict, GateVerdict::kRegression);
  EXPECT_GT(*finding.drop_low, 0.02);
  EXPECT_LE(*finding.p_regression, 0.05);
  EXPECT_FALSE(finding.samples_to_decide);
  EXPECT_TRUE(finding.smallest_detectable);
}

TEST(Gate, ADropShownToBeWithinTheMarginPasses) {
  const GateFinding finding = judge(two_runs(4000, 0.70, 0.698), {.max_drop = 0.02});
  EXPECT_EQ(finding.verdict, GateVerdict::kPass);
  EXPECT_LT(*finding.drop_high, 0.02);
  EXPECT_LT(*finding.smallest_detectable, 0.02);
  EXPECT_THAT(finding.warnings, IsEmpty());
}

TEST(Gate, TooFewSamplesDecideNothingAndSayHowManyWould) {
  const GateFinding finding = judge(two_runs(1000, 0.70, 0.695), {.max_drop = 0.008});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  ASSERT_TRUE(finding.samples_to_decide);
  EXPECT_GT(*finding.samples_to_decide, 1000);
  ASSERT_EQ(finding.warnings.size(), 1U);
  EXPECT_THAT(finding.warnings[0], HasSubstr("cannot detect the drop it forbids"));
}

TEST(Gate, EqualAnswersPassButAGateThatCouldNotHaveSeenADropSaysSo) {
  const RunSamples run = two_runs(50, 0.7, 0.7).first;
  const GateFinding finding = judge({run, run}, {.max_drop = 0.01});
  EXPECT_EQ(finding.verdict, GateVerdict::kPass);
  EXPECT_THAT(finding.reason, HasSubstr("every answer"));
  // 50 images without a difference leave 1 - 0.05^(1/50) possible.
  EXPECT_NEAR(*finding.smallest_detectable, 0.0582, 1e-4);
  ASSERT_EQ(finding.warnings.size(), 1U);
}

TEST(Gate, OtherAnswersWithEqualScoresOnFewImagesAreInconclusive) {
  const RunSamples base = two_runs(50, 0.7, 0.7).first;
  RunSamples next = base;
  next.tasks[0].result.answers_sha256 = "other answers";
  const GateFinding finding = judge({base, next}, {.max_drop = 0.01});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  // ln 0.05 / ln 0.99
  EXPECT_EQ(finding.samples_to_decide, 299);
}

TEST(Gate, AFewLossesAreNotTakenForMoreThanCoinsSay) {
  // Three lost of 400, none won: t alone has p = 0.04 against a margin of 0.
  std::vector<Scored> base, next;
  for (int i = 0; i < 400; ++i) {
    base.push_back({std::to_string(i), std::to_string(i), 1});
    next.push_back({std::to_string(i), std::to_string(i), i < 3 ? 0.0 : 1.0});
  }
  const std::pair runs(run_of({scored_task(base)}), run_of({scored_task(next)}));
  const GateFinding finding = judge(runs, {.max_drop = 0});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  EXPECT_DOUBLE_EQ(*finding.p_regression, 0.125);
  // 3 of 400 leave 1.93% possible (Clopper and Pearson), where t says 1.46%.
  EXPECT_EQ(judge(runs, {.max_drop = 0.018}).verdict, GateVerdict::kInconclusive);
  EXPECT_EQ(judge(runs, {.max_drop = 0.02}).verdict, GateVerdict::kPass);
}

TEST(Gate, AMarginOfZeroIsPassedBySignificantGainsAlone) {
  EXPECT_EQ(judge(two_runs(400, 0.6, 0.7), {.max_drop = 0}).verdict, GateVerdict::kPass);
  const GateFinding finding = judge(two_runs(400, 0.7, 0.695), {.max_drop = 0});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  EXPECT_THAT(finding.warnings.at(0), HasSubstr("max_drop is 0"));
}

TEST(Gate, AValueBelowTheFloorIsARegressionWhateverTheBase) {
  const auto runs = two_runs(400, 0.6, 0.62);
  EXPECT_EQ(judge(runs, {.max_drop = 0.5, .floor = 0.9}).verdict, GateVerdict::kRegression);
  EXPECT_EQ(judge(runs, {.max_drop = 0.5, .floor = 0.5}).verdict, GateVerdict::kPass);
  EXPECT_EQ(judge(runs, {.max_drop = INFINITY, .floor = 0.5}).verdict, GateVerdict::kPass);
}

TEST(Gate, ALowerNumberIsADropWhereMoreIsBetterAndAGainWhereLessIs) {
  auto runs = two_runs(400, 0.7, 0.6);
  for (RunSamples* run : {&runs.first, &runs.second}) {
    run->tasks[0].result.metrics[0].higher_is_better = false;
  }
  const GateFinding gain = judge(runs, {.max_drop = 0.02});
  EXPECT_EQ(gain.verdict, GateVerdict::kPass);
  EXPECT_LT(*gain.drop, 0);
  std::swap(runs.first, runs.second);
  EXPECT_EQ(judge(runs, {.max_drop = 0.02}).verdict, GateVerdict::kRegression);
}

TEST(Gate, FewerSamplesThanTheRuleWantsDoNotPass) {
  const auto runs = two_runs(4000, 0.70, 0.698);
  const GateFinding finding = judge(runs, {.max_drop = 0.02, .min_samples = 5000});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  EXPECT_THAT(finding.reason, HasSubstr("4000 samples"));
}

/// Two runs whose only metric has no interval.
std::pair<RunSamples, RunSamples> runs_without_interval(double base, double next) {
  auto runs = two_runs(10, 0.5, 0.5);
  runs.second.tasks[0].result.answers_sha256 = "other answers";
  for (auto [run, value] : {std::pair(&runs.first, base), std::pair(&runs.second, next)}) {
    run->tasks[0].values.clear();
    run->tasks[0].result.metrics = {{.key = "score",
                                     .value = value,
                                     .standard_error = {},
                                     .n = 10,
                                     .unit = "FID",
                                     .higher_is_better = false}};
  }
  return runs;
}

TEST(Gate, WithoutAnIntervalOnlyTheValuesAloneDecideWhenAskedTo) {
  const auto worse = runs_without_interval(5, 6), better = runs_without_interval(5, 4.9);
  const GateFinding finding = judge(worse, {.max_drop = 0.5});
  EXPECT_EQ(finding.verdict, GateVerdict::kInconclusive);
  EXPECT_THAT(finding.reason, HasSubstr("values_alone"));
  EXPECT_EQ(judge(worse, {.max_drop = 0.5, .values_alone = true}).verdict,
            GateVerdict::kRegression);
  EXPECT_EQ(judge(better, {.max_drop = 0.5, .values_alone = true}).verdict, GateVerdict::kPass);
}

TEST(Gate, TheWorstRuleDecides) {
  auto runs = two_runs(4000, 0.70, 0.60);
  for (RunSamples* run : {&runs.first, &runs.second}) {
    run->tasks.push_back(run->tasks[0]);
    run->tasks[1].result.name = "fine";
  }
  runs.second.tasks[1] = runs.first.tasks[1];
  const Comparison comparison = compare_runs(runs.first, runs.second, {});
  const GateReport report = decide(comparison, {{.key = "fine/score", .max_drop = 0.01},
                                                {.key = "task/score", .max_drop = 0.01}});
  EXPECT_EQ(report.findings[0].verdict, GateVerdict::kPass);
  EXPECT_EQ(report.findings[1].verdict, GateVerdict::kRegression);
  EXPECT_EQ(report.verdict, GateVerdict::kRegression);
  EXPECT_EQ(exit_code_of(report.verdict), 1);
  EXPECT_EQ(exit_code_of(GateVerdict::kPass), 0);
  EXPECT_EQ(exit_code_of(GateVerdict::kInconclusive), 3);
}

TEST(Gate, ManyRulesAreCorrectedForTheirNumber) {
  const auto runs = two_runs(150, 0.70, 0.62);
  const Comparison comparison = compare_runs(runs.first, runs.second, {});
  const GateRule rule{.key = "task/score", .max_drop = 0.0};
  const double alone = *decide(comparison, {rule}).findings[0].p_regression;
  const GateReport many = decide(comparison, std::vector<GateRule>(20, rule));
  EXPECT_DOUBLE_EQ(*many.findings[0].p_regression, std::min(1.0, 20 * alone));
}

TEST(Gate, ARuleForWhatWasNotComparedIsAnError) {
  const auto runs = two_runs(10, 0.7, 0.7);
  const Comparison comparison = compare_runs(runs.first, runs.second, {});
  EXPECT_THAT(error_of([&] { decide(comparison, {{.key = "task/scores"}}); }),
              AllOf(HasSubstr("task/scores"), HasSubstr("did you mean 'task/score'")));
}

TEST(GateRules, FieldsOfARuleComeBeforeTheDefaults) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "gate.json", R"({
    "defaults": {"alpha": 0.1, "max_drop": 0.02},
    "rules": {"vqav2_val/vqa_accuracy": {"max_drop": 0.005, "min_samples": 500, "power": 0.9},
              "coco_det_val2017[categories=present]/AP": {"floor": 0.3},
              "t/rfid": {"values_alone": true}}})");
  const std::vector<GateRule> rules = read_gate_rules(folder.path() / "gate.json");
  ASSERT_EQ(rules.size(), 3U);
  const GateRule& detection = rules[0];
  EXPECT_EQ(detection.key, "coco_det_val2017[categories=present]/AP");
  EXPECT_EQ(detection.max_drop, 0.02);
  EXPECT_EQ(detection.floor, 0.3);
  EXPECT_EQ(detection.alpha, 0.1);
  EXPECT_TRUE(rules[1].values_alone);
  EXPECT_EQ(rules[2].max_drop, 0.005);
  EXPECT_EQ(rules[2].min_samples, 500);
  EXPECT_EQ(rules[2].power, 0.9);
}

struct BadRules {
  const char* name;
  const char* text;
  const char* message;
};

class BadGateRules : public ::testing::TestWithParam<BadRules> {};

TEST_P(BadGateRules, TheErrorNamesFileAndField) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "gate.json", GetParam().text);
  const std::string error = error_of([&] { read_gate_rules(folder.path() / "gate.json"); });
  EXPECT_THAT(error, HasSubstr("gate.json"));
  EXPECT_THAT(error, HasSubstr(GetParam().message));
}

const BadRules kBadRules[] = {
    BadRules{"Empty", "", "no JSON"},
    BadRules{"Truncated", R"({"rules": {"a/b")", "no JSON"},
    BadRules{"NotUtf8", "{\"rules\": {\"\xff/b\": {\"max_drop\": 1}}}", "no JSON"},
    BadRules{"NoObject", "[]", "want an object"},
    BadRules{"NoRules", "{}", "rules is missing"},
    BadRules{"EmptyRules", R"({"rules": {}})", "holds no rule"},
    BadRules{"UnknownField", R"({"rules": {"a/b": {"max_dorp": 1}}})", "did you mean 'max_drop'"},
    BadRules{"UnknownPart", R"({"rulez": {}})", "did you mean 'rules'"},
    BadRules{"NoMetric", R"({"rules": {"a": {"max_drop": 1}}})", "names no metric"},
    BadRules{"Negative", R"({"rules": {"a/b": {"max_drop": -0.1}}})", "0 or more"},
    BadRules{"NaN", R"({"rules": {"a/b": {"max_drop": "nan"}}})", "0 or more"},
    BadRules{"Text", R"({"rules": {"a/b": {"max_drop": "1%"}}})", "want a number"},
    BadRules{"Alpha", R"({"rules": {"a/b": {"max_drop": 0, "alpha": 1}}})", "probability"},
    BadRules{"Samples", R"({"rules": {"a/b": {"max_drop": 0, "min_samples": -1}}})", "count"},
    BadRules{"DemandsNothing", R"({"rules": {"a/b": {"alpha": 0.1}}})", "demands nothing"}};

INSTANTIATE_TEST_SUITE_P(Rules, BadGateRules, ::testing::ValuesIn(kBadRules),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sightline
