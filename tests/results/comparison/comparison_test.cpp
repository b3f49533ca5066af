#include "results/comparison/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "tests/results/comparison/comparison_support.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const MetricComparison& only_metric(const Comparison& comparison) {
  return comparison.tasks.at(0).metrics.at(0);
}

TEST(CompareRuns, PairsSamplesByTheirIdWhateverTheirOrder) {
  const RunSamples base = run_of({scored_task({{"a", "1", 1}, {"b", "1", 0}, {"c", "2", 1}})});
  const RunSamples next = run_of({scored_task({{"c", "2", 0}, {"a", "1", 1}, {"b", "1", 0.5}})});
  const MetricComparison metric = only_metric(compare_runs(base, next, {}));
  EXPECT_EQ(metric.samples, 3);
  EXPECT_EQ(metric.clusters, 2);
  EXPECT_EQ(metric.won, 1);
  EXPECT_EQ(metric.lost, 1);
  EXPECT_EQ(metric.tied, 1);
  EXPECT_DOUBLE_EQ(*metric.base, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*metric.next, 0.5);
  EXPECT_DOUBLE_EQ(metric.estimate->value, -1.0 / 6);
  // Residuals of image 1: 0.5 + 2/6 = 5/6; of image 2: -5/6. sqrt(2 * 2 * 25/36) / 3.
  EXPECT_NEAR(*metric.estimate->standard_error, std::sqrt(2 * 2 * 25.0 / 36) / 3, 1e-15);
  EXPECT_THAT(metric.method, HasSubstr("paired t, clustered by image"));
}

TEST(CompareRuns, TheSameRunTwiceShowsNoDifference) {
  const RunSamples run = run_of({scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 1}})});
  const Comparison comparison = compare_runs(run, run, {});
  EXPECT_EQ(comparison.verdict, "no difference shown");
  EXPECT_TRUE(comparison.tasks[0].same_answers);
  EXPECT_EQ(only_metric(comparison).tied, 3);
  EXPECT_EQ(only_metric(comparison).estimate->value, 0);
  EXPECT_EQ(*only_metric(comparison).p_value, 1);
  EXPECT_THAT(comparison.tasks[0].flips, IsEmpty());
}

TEST(CompareRuns, SwappingTheSidesTurnsEverySign) {
  const auto [base, next] = two_runs(200, 0.7, 0.55);
  const MetricComparison there = only_metric(compare_runs(base, next, {}));
  const MetricComparison back = only_metric(compare_runs(next, base, {}));
  EXPECT_EQ(there.won, back.lost);
  EXPECT_EQ(there.lost, back.won);
  EXPECT_DOUBLE_EQ(there.estimate->value, -back.estimate->value);
  EXPECT_DOUBLE_EQ(*there.p_value, *back.p_value);
  EXPECT_EQ(there.verdict, "worse");
  EXPECT_EQ(back.verdict, "better");
}

TEST(CompareRuns, ScoresOfZeroAndOneAreTestedByMcNemar) {
  std::vector<Scored> base, next;
  for (int i = 0; i < 40; ++i) {
    const std::string id = std::to_string(i);
    base.push_back({id, id, i < 30 ? 1.0 : 0.0});
    next.push_back({id, id, i < 22 || i == 39 ? 1.0 : 0.0});  // 8 lost, 1 won
  }
  const MetricComparison metric =
      only_metric(compare_runs(run_of({scored_task(base)}), run_of({scored_task(next)}), {}));
  // 2 * (1 + 9) / 2^9
  EXPECT_DOUBLE_EQ(*metric.mcnemar, 20.0 / 512);
  EXPECT_DOUBLE_EQ(*metric.p_value, 20.0 / 512);
  EXPECT_THAT(metric.method, HasSubstr("McNemar"));
}

TEST(CompareRuns, McNemarDoesNotDecideWhereSamplesShareImages) {
  std::vector<Scored> base, next;
  for (int i = 0; i < 40; ++i) {
    base.push_back({std::to_string(i), std::to_string(i / 4), 1});
    next.push_back({std::to_string(i), std::to_string(i / 4), i < 12 ? 0.0 : 1.0});
  }
  const MetricComparison metric =
      only_metric(compare_runs(run_of({scored_task(base)}), run_of({scored_task(next)}), {}));
  EXPECT_TRUE(metric.mcnemar.has_value());
  EXPECT_NE(*metric.p_value, *metric.mcnemar);
  EXPECT_THAT(metric.method, HasSubstr("clustered"));
}

TEST(CompareRuns, SamplesWithoutAScoreOnOneSideAreLeftOutAndSaid) {
  const RunSamples base = run_of({scored_task({{"a", "1", 1}, {"b", "2", kNaN}, {"c", "3", 0}})});
  const RunSamples next = run_of({scored_task({{"a", "1", 0}, {"b", "2", 1}, {"c", "3", 0}})});
  const MetricComparison metric = only_metric(compare_runs(base, next, {}));
  EXPECT_EQ(metric.samples, 2);
  EXPECT_DOUBLE_EQ(*metric.next, 0);
  EXPECT_THAT(metric.note, HasSubstr("2 samples"));
}

TEST(CompareRuns, AnInfiniteScoreLeavesNoDifferenceButOutcomes) {
  const RunSamples base = run_of({scored_task({{"a", "1", kInfinity}, {"b", "2", 30}})});
  const RunSamples next = run_of({scored_task({{"a", "1", kInfinity}, {"b", "2", 31}})});
  const MetricComparison metric = only_metric(compare_runs(base, next, {}));
  EXPECT_EQ(metric.won, 1);
  EXPECT_EQ(metric.tied, 1);
  EXPECT_FALSE(metric.estimate);
  EXPECT_EQ(metric.verdict, "not tested");
  EXPECT_THAT(metric.note, HasSubstr("infinite"));
}

struct Refusal {
  const char* name;
  void (*change)(TaskSamples&);
  const char* field;
  const char* allow;
};

class Conditions : public ::testing::TestWithParam<Refusal> {};

TEST_P(Conditions, ADifferenceIsRefusedAndNamedUnlessAllowed) {
  const TaskSamples task = scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 1}});
  TaskSamples changed = task;
  GetParam().change(changed);
  const Comparison refused = compare_runs(run_of({task}), run_of({changed}), {});
  EXPECT_FALSE(refused.comparable);
  EXPECT_EQ(refused.verdict, "not comparable");
  EXPECT_THAT(refused.tasks, IsEmpty());
  ASSERT_EQ(refused.differences.size(), 1U);
  EXPECT_EQ(refused.differences[0].field.path, GetParam().field);
  EXPECT_FALSE(refused.differences[0].allowed);

  const Comparison allowed =
      compare_runs(run_of({task}), run_of({changed}), {.allow = {GetParam().allow}});
  EXPECT_TRUE(allowed.comparable);
  ASSERT_EQ(allowed.differences.size(), 1U);
  EXPECT_TRUE(allowed.differences[0].allowed);
  EXPECT_EQ(allowed.tasks.size(), 1U);

  EXPECT_FALSE(compare_runs(run_of({task}), run_of({changed}), {.allow = {"other"}}).comparable);
}

const Refusal kRefusals[] = {
    Refusal{
        "Protocol",
        [](TaskSamples& task) { task.result.protocol = R"({"split":"val","max_new_tokens":"8"})"; },
        "protocol.max_new_tokens", "max_new_tokens"},
    Refusal{"Split",
            [](TaskSamples& task) {
              task.result.protocol = R"({"split":"test","max_new_tokens":"16"})";
            },
            "protocol.split", "protocol"},
    Refusal{"Rules", [](TaskSamples& task) { task.result.rules = "other/rules"; }, "rules",
            "rules"},
    Refusal{"Version", [](TaskSamples& task) { task.result.version = "2"; }, "task version",
            "task version"},
    Refusal{"Data", [](TaskSamples& task) { task.conditions = R"({"data":{"f.json":"bb"}})"; },
            "data.f.json", "data"},
    Refusal{"PromptOfOneModel",
            [](TaskSamples& task) { task.model = R"({"name":"m","prompt_style":"raw"})"; },
            "model.prompt_style", "prompt_style"},
    Refusal{"MetricRules", [](TaskSamples& task) { task.result.metrics[0].rules = "judge-b"; },
            "metric rules.score", "metric rules"},
    Refusal{"Samples",
            [](TaskSamples& task) {
              task = scored_task({{"a", "1", 1}, {"b", "2", 0}, {"d", "4", 1}});
            },
            "samples", "samples"}};

INSTANTIATE_TEST_SUITE_P(Fields, Conditions, ::testing::ValuesIn(kRefusals),
                         [](const auto& test) { return test.param.name; });

TEST(CompareRuns, TwoModelsMayHavePromptsOfTheirOwn) {
  const TaskSamples task = scored_task({{"a", "1", 1}, {"b", "2", 0}});
  TaskSamples other = task;
  other.model = R"({"name":"another","prompt_style":"raw"})";
  EXPECT_TRUE(compare_runs(run_of({task}), run_of({other}), {}).comparable);
}

TEST(CompareRuns, AllowedSampleSetsAreComparedWhereTheyMeet) {
  const RunSamples base = run_of({scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 1}})});
  const RunSamples next = run_of({scored_task({{"b", "2", 1}, {"c", "3", 1}, {"d", "4", 0}})});
  const MetricComparison metric = only_metric(compare_runs(base, next, {.allow = {"samples"}}));
  EXPECT_EQ(metric.samples, 2);
  EXPECT_DOUBLE_EQ(*metric.base, 0.5);
  EXPECT_DOUBLE_EQ(*metric.next, 1);
}

TEST(CompareRuns, RunsWithoutACommonTaskAreAMismatch) {
  TaskSamples other = scored_task({{"a", "1", 1}});
  other.result.name = "other_task";
  try {
    compare_runs(run_of({scored_task({{"a", "1", 1}})}), run_of({other}), {});
    FAIL();
  } catch (const MismatchError& error) {
    EXPECT_EQ(error.exit_code(), 4);
    EXPECT_THAT(error.what(), HasSubstr("other_task"));
  }
}

TEST(CompareRuns, TasksOfOneRunAloneAreSaid) {
  TaskSamples other = scored_task({{"a", "1", 1}});
  other.result.name = "other_task";
  const TaskSamples task = scored_task({{"a", "1", 1}, {"b", "2", 0}});
  const Comparison comparison = compare_runs(run_of({task, other}), run_of({task}), {});
  EXPECT_EQ(comparison.tasks.size(), 1U);
  EXPECT_THAT(comparison.notes, ElementsAre("other_task is in the base only"));
}

/// A run whose only metric is one of the whole set.
TaskSamples whole_set_task(double value, std::vector<double> replicates, const std::string& unit,
                           std::int64_t n) {
  TaskSamples task = scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 1}});
  task.values.clear();
  task.result.metrics = {{.key = "AP", .value = value, .standard_error = {}, .n = n, .unit = unit}};
  task.rescore = [=](std::span<const std::size_t>, const Bootstrap&) {
    return std::map<std::string, ResampledNumber>{{"AP", {value, replicates, kUnlimited}}};
  };
  return task;
}

TEST(CompareRuns, MetricsOfTheWholeSetAreResampledInPairs) {
  const TaskSamples base = whole_set_task(0.40, {0.40, 0.42, 0.38, 0.41, kNaN}, "fraction", 3);
  const TaskSamples next = whole_set_task(0.45, {0.44, 0.47, 0.43, 0.46, 0.5}, "fraction", 3);
  const MetricComparison metric =
      only_metric(compare_runs(run_of({base}), run_of({next}), {.replicates = 5}));
  EXPECT_FALSE(metric.has_samples);
  ASSERT_TRUE(metric.estimate && metric.estimate->standard_error);
  EXPECT_DOUBLE_EQ(metric.estimate->value, 0.45 - 0.40);
  // Differences 0.04, 0.05, 0.05, 0.05: their standard deviation.
  EXPECT_NEAR(*metric.estimate->standard_error, 0.005, 1e-12);
  EXPECT_THAT(metric.method, HasSubstr("paired bootstrap"));
}

TEST(CompareRuns, WhatCannotBeScoredAgainHasADifferenceWithoutInterval) {
  TaskSamples base = whole_set_task(0.40, {}, "fraction", 3), next = base;
  next.result.metrics[0].value = 0.5;
  next.rescore = [](auto, const auto&) -> std::map<std::string, ResampledNumber> {
    fail("the data are gone");
  };
  const MetricComparison metric = only_metric(compare_runs(run_of({base}), run_of({next}), {}));
  EXPECT_NEAR(metric.estimate->value, 0.1, 1e-15);
  EXPECT_FALSE(metric.estimate->standard_error);
  EXPECT_EQ(metric.verdict, "not tested");
  EXPECT_THAT(metric.note, HasSubstr("the data are gone"));
}

TEST(CompareRuns, AFrechetDistanceHasADifferenceAtEqualNumbersAlone) {
  TaskSamples base = whole_set_task(5.5, {5.4, 5.6}, "FID", 500);
  TaskSamples next = whole_set_task(5.1, {5.0, 5.2}, "FID", 500);
  MetricComparison metric = only_metric(compare_runs(run_of({base}), run_of({next}), {}));
  EXPECT_NEAR(metric.estimate->value, -0.4, 1e-12);
  EXPECT_FALSE(metric.estimate->standard_error);
  EXPECT_THAT(metric.note, HasSubstr("equal N = 500"));

  next.result.metrics[0].n = 400;
  metric = only_metric(compare_runs(run_of({base}), run_of({next}), {}));
  EXPECT_FALSE(metric.estimate);
  EXPECT_THAT(metric.note, HasSubstr("500 images against 400"));
}

TEST(CompareRuns, VerdictsAreCorrectedForTheNumberOfMetrics) {
  const auto [base, next] = two_runs(150, 0.70, 0.65);
  const double p = *only_metric(compare_runs(base, next, {})).p_value;
  ASSERT_LT(p, 0.05);
  ASSERT_GT(p, 0.05 / 40);
  RunSamples many_base, many_next;
  for (int copy = 0; copy < 40; ++copy) {
    for (auto [from, to] : {std::pair(&base, &many_base), std::pair(&next, &many_next)}) {
      to->tasks.push_back(from->tasks[0]);
      to->tasks.back().result.name += std::to_string(copy);
    }
  }
  const Comparison comparison = compare_runs(many_base, many_next, {});
  EXPECT_DOUBLE_EQ(*only_metric(comparison).p_adjusted, 40 * p);
  EXPECT_EQ(comparison.verdict, "no difference shown");
}

TEST(CompareRuns, FlipsShowTheGreatestLossesFirstWithBothAnswers) {
  TaskSamples base = scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 1}, {"d", "4", 1}});
  TaskSamples next = scored_task({{"a", "1", 0.3}, {"b", "2", 1}, {"c", "3", 0}, {"d", "4", 1}});
  const auto answering = [](const std::string& who) {
    return [who](std::size_t place) {
      return SampleText{"which?", fmt::format("{} {}", who, place), place == 2 ? "timeout" : "ok"};
    };
  };
  base.text = answering("base");
  next.text = answering("new");
  const TaskComparison task = compare_runs(run_of({base}), run_of({next}), {}).tasks.at(0);
  EXPECT_EQ(task.flip_metric, "score");
  EXPECT_EQ(task.all_flips, 3);
  ASSERT_EQ(task.flips.size(), 3U);
  EXPECT_EQ(task.flips[0].id, "c");
  EXPECT_EQ(task.flips[0].base_answer, "[timeout]");
  EXPECT_EQ(task.flips[1].id, "a");
  EXPECT_EQ(task.flips[1].next_answer, "new 0");
  EXPECT_EQ(task.flips[1].question, "which?");
  EXPECT_EQ(task.flips[2].id, "b");

  const auto two = compare_runs(run_of({base}), run_of({next}), {.most_flips = 2}).tasks.at(0);
  ASSERT_EQ(two.flips.size(), 2U);
  EXPECT_EQ(two.flips[0].id, "c");
  EXPECT_EQ(two.flips[1].id, "b");
  EXPECT_EQ(two.all_flips, 3);
}

TEST(CompareRuns, LengthsAreNeitherGoodNorBad) {
  auto [base, next] = two_runs(200, 0.7, 0.5);
  for (RunSamples* run : {&base, &next}) run->tasks[0].result.metrics[0].unit = "characters";
  const Comparison comparison = compare_runs(base, next, {});
  EXPECT_EQ(only_metric(comparison).verdict, "smaller");
  EXPECT_EQ(comparison.verdict, "no difference shown");
}

TEST(CompareRuns, FailuresAreSaid) {
  TaskSamples task = scored_task({{"a", "1", 1}, {"b", "2", 0}, {"c", "3", 0}});
  task.result.outcomes = {{"ok", 1}, {"timeout", 1}};
  const Comparison comparison = compare_runs(run_of({task}), run_of({task}), {});
  EXPECT_THAT(comparison.notes, ::testing::Contains(HasSubstr("unfinished: 2 of 3")));
  EXPECT_THAT(comparison.notes, ::testing::Contains(HasSubstr("1 timeout, which count as wrong")));
}

TEST(CompareRuns, AnIdThatIsThereTwiceIsAnError) {
  const RunSamples run = run_of({scored_task({{"a", "1", 1}, {"a", "2", 0}})});
  EXPECT_THROW(compare_runs(run, run, {}), Error);
}

}  // namespace
}  // namespace sightline
