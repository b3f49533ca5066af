#include "results/published/reproduction.h"

#include <gmock/gmock.h>

#include <cmath>

#include "harness/base/error.h"
#include "tests/results/published/published_support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using testing::error_of;
using testing::full_row;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::row_of;
using ::testing::SizeIs;
using testing::small_row;
using enum ReproductionVerdict;

/// A run of the row's task with this accuracy and standard error.
RunResults run_with(double value, std::optional<double> error) {
  TaskResult task;
  task.name = "textvqa_val";
  task.version = "1";
  task.rules = "textvqa/mmf";
  task.protocol = R"({"max_new_tokens":"16","ocr":"off","rules":"textvqa/mmf","split":"val"})";
  MetricValue& metric = task.metrics.emplace_back();
  metric.key = "textvqa_accuracy";
  metric.value = value;
  metric.standard_error = error;
  metric.n = 5000;
  task.samples = task.samples_in_dataset = 5000;
  task.outcomes = {{"ok", 5000}};
  RunResults run;
  run.model = "native";
  run.config = R"({"samples":[]})";
  run.tasks = {task};
  return run;
}

// Worked by hand: sqrt(0.6004 * 0.3996 / 5000) = 0.00692704...; with 0.0066 of the run the
// difference has sqrt(0.0000479839... + 0.00004356) = 0.00956785..., and 1.96 of them reach
// 0.01875.
TEST(Reproduction, TakesBothSamplingErrorsTogether) {
  const Reproduction result = set_beside(row_of(full_row()), run_with(0.582, 0.0066));
  EXPECT_NEAR(result.difference.value(), -0.0184, 1e-15);
  EXPECT_NEAR(result.published_error.value(), std::sqrt(0.6004 * 0.3996 / 5000), 1e-15);
  EXPECT_NEAR(result.published_error.value(), 0.00692704, 1e-8);
  EXPECT_NEAR(result.difference_error.value(), 0.00956785, 1e-7);
  EXPECT_NEAR(result.difference_interval.value().low, -0.0184 - 1.959963984540054 * 0.00956785,
              2e-7);
  EXPECT_NEAR(result.measured_interval.value().high, 0.582 + 1.959963984540054 * 0.0066, 1e-12);
  EXPECT_EQ(result.verdict, kReproduced);
  EXPECT_EQ(result.sentence, "within the sampling error of both");
}

/// A row changed by `row`, a run changed by `run`, and what comes of them.
struct Case {
  const char* name;
  json row;  ///< a JSON merge patch
  std::function<void(RunResults&)> run;
  ReproductionVerdict verdict;
  const char* sentence;
};

void nothing(RunResults&) {}

const Case kCases[] = {
    {"differs", {{"value", 62.0}}, nothing, kDiffers, "differs by more than sampling error"},
    {"unknown_n_but_near",
     {{"n", nullptr}, {"value", 58.3}},
     nothing,
     kReproduced,
     "within the sampling error of the run alone"},
    {"unknown_n_and_far", {{"n", nullptr}}, nothing, kUndecided, "that of the published"},
    {"no_error_here", json::object(),
     [](RunResults& run) { run.tasks[0].metrics[0].standard_error.reset(); }, kUndecided,
     "--bootstrap"},
    {"equal_digits_without_error",
     {{"value", 58.2}},
     [](RunResults& run) {
       run.tasks[0].metrics[0].value = 0.58204;
       run.tasks[0].metrics[0].standard_error.reset();
     },
     kReproduced,
     "equal in the digits"},
    {"error_from_a_bootstrap",
     {{"n", nullptr}, {"value", 58.3}},
     [](RunResults& run) {
       run.tasks[0].metrics[0].standard_error.reset();
       run.tasks[0].metrics[0].interval = Interval{0.57, 0.594};
     },
     kReproduced,
     "of the run alone"},
    {"no_value", json::object(), [](RunResults& run) { run.tasks[0].metrics[0].value.reset(); },
     kUndecided, "no value of textvqa_accuracy"},
    {"another_protocol",
     {{"protocol", {{"max_new_tokens", "192"}}}},
     nothing,
     kUndecided,
     "the protocols differ in max_new_tokens"},
    {"another_option",
     {{"task_key", "textvqa_val[ocr=on]"}},
     nothing,
     kUndecided,
     "the protocols differ in ocr"},
    {"unfinished", json::object(), [](RunResults& run) { run.tasks[0].outcomes["ok"] = 4000; },
     kUndecided, "unfinished"},
    {"another_data_set", json::object(),
     [](RunResults& run) {
       run.tasks[0].samples = run.tasks[0].samples_in_dataset = 60;
       run.tasks[0].outcomes["ok"] = 60;
     },
     kUndecided, "60 samples, the published one 5000"},
    {"random_subset", json::object(),
     [](RunResults& run) {
       run.tasks[0].samples = 500;
       run.tasks[0].outcomes["ok"] = 500;
     },
     kReproduced, "within"},
    {"chosen_samples", json::object(),
     [](RunResults& run) {
       run.config = R"({"samples":["1"]})";
       run.tasks[0].samples = run.tasks[0].outcomes["ok"] = 1;
     },
     kUndecided, "chosen by hand"},
    {"shard", json::object(), [](RunResults& run) { run.config = R"({"shard":"1/2"})"; },
     kUndecided, "chosen by hand"},
    {"failures_that_decide", json::object(),
     [](RunResults& run) {
       run.tasks[0].metrics[0].value = 0.5;
       run.tasks[0].outcomes = {{"ok", 4500}, {"timeout", 500}};
       run.tasks[0].bounds["textvqa_accuracy"] = {.failures_wrong = 0.5, .failures_left_out = 0.6};
     },
     kUndecided, "the 500 samples that failed"},
    {"failures_that_do_not", json::object(),
     [](RunResults& run) {
       run.tasks[0].outcomes = {{"ok", 4999}, {"timeout", 1}};
       run.tasks[0].bounds["textvqa_accuracy"] = {.failures_wrong = 0.582,
                                                  .failures_left_out = 0.5821};
     },
     kReproduced, "within"},
};

TEST(Reproduction, DecidesOnlyWhatCanBeDecided) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    json row = full_row();
    row.merge_patch(c.row);
    if (c.row.contains("task_key")) row["protocol"].erase("ocr");
    RunResults run = run_with(0.582, 0.0066);
    c.run(run);
    const Reproduction result = set_beside(row_of(row), run);
    EXPECT_EQ(result.verdict, c.verdict);
    EXPECT_THAT(result.sentence, HasSubstr(c.sentence));
  }
}

TEST(Reproduction, ListsTheProtocolFieldByField) {
  json row = full_row();
  row["protocol"]["max_new_tokens"] = "192";
  const Reproduction result = set_beside(row_of(row), run_with(0.6, 0.007));
  ASSERT_THAT(result.differing, SizeIs(1));
  EXPECT_EQ(result.differing[0].path, "max_new_tokens");
  EXPECT_EQ(result.differing[0].left, "\"192\"");
  EXPECT_EQ(result.differing[0].right, "\"16\"");
  EXPECT_THAT(result.agreeing, SizeIs(2));  // ocr, split
  ASSERT_THAT(result.unknown, SizeIs(1));
  EXPECT_EQ(result.unknown[0].path, "rules");
  EXPECT_EQ(result.unknown[0].left, "unknown");
}

TEST(Reproduction, LeavesOutTheProtocolOfOtherMetrics) {
  json row = full_row();
  row["protocol"] = json::object();
  row["task_key"] = "imagenet_recon_val";
  row["metric_key"] = "psnr";
  row["factor"] = 1;
  row["unit"] = "dB";
  RunResults run = run_with(24.0, 0.1);
  TaskResult& task = run.tasks[0];
  task.name = "imagenet_recon_val[size=256]";
  task.protocol = R"({"psnr":"mean of images","rfid":"tf","rfid_weights":"none","split":"val"})";
  task.metrics[0].key = "psnr";
  task.metrics[0].unit = "dB";
  task.metrics.push_back({.key = "rfid"});
  const Reproduction result = set_beside(row_of(row), run);
  std::vector<std::string> unknown;
  for (const FieldDifference& field : result.unknown) unknown.push_back(field.path);
  EXPECT_THAT(unknown, ::testing::ElementsAre("psnr", "split"));
  EXPECT_EQ(result.published_error, std::nullopt);  // no mean of scores in [0, 1]
}

TEST(Reproduction, RefusesAnotherTaskMetricOrSplitAndSaysWhatToRun) {
  const auto refusal = [](const json& patch) {
    json row = full_row();
    row.merge_patch(patch);
    try {
      set_beside(row_of(row), run_with(0.6, 0.007));
    } catch (const MismatchError& error) {
      EXPECT_EQ(error.exit_code(), 4);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(refusal({{"task_key", "docci_test"}}),
              AllOf(HasSubstr("no task docci_test, only textvqa_val"),
                    HasSubstr("sightline run --model MODEL --tasks docci_test --data_root DATA")));
  EXPECT_THAT(refusal({{"metric_key", "cider"}}),
              AllOf(HasSubstr("no metric cider"), HasSubstr("--tasks 'textvqa_val[ocr=off]'")));
  EXPECT_THAT(refusal({{"protocol", {{"split", "test"}}}}), HasSubstr("its split is \"test\""));
  EXPECT_THAT(refusal({{"metric_key", nullptr}, {"factor", nullptr}}),
              HasSubstr("which of the metrics"));
}

TEST(Reproduction, OfARowWithoutATaskOfOursSaysSo) {
  EXPECT_THAT(error_of([] { set_beside(row_of(small_row()), run_with(0.6, 0.007)); }),
              AllOf(HasSubstr("no task of Sightline"), HasSubstr("--published")));
}

TEST(Reproduction, TakesTheTaskWithTheOptionsOfTheRowWhereThereAreTwo) {
  RunResults run = run_with(0.1, 0.001);
  TaskResult second = run.tasks[0];
  second.name = "textvqa_val[ocr=off]";
  second.metrics[0].value = 0.6;
  run.tasks.push_back(second);
  EXPECT_EQ(set_beside(row_of(full_row()), run).task, "textvqa_val[ocr=off]");
}

TEST(Reproduction, SaysWhatAReaderMustKnow) {
  json row = full_row();
  row["confidence"] = "from memory";
  RunResults run = run_with(0.6, 0.007);
  run.tasks[0].samples = 600;
  run.tasks[0].outcomes = {{"ok", 599}, {"oom", 1}};
  const Reproduction result = set_beside(row_of(row), run);
  for (const char* words : {"from memory", "600 of 5000 samples", "coverage 599/600",
                            "estimate from its 5000 samples alone", "published: a note"}) {
    EXPECT_THAT(result.notes, Contains(HasSubstr(words)));
  }
}

TEST(Reproduction, IsShownAsATableAndAsJson) {
  const Reproduction result = set_beside(row_of(full_row()), run_with(0.582, 0.0066));
  EXPECT_EQ(render_reproduction(result), R"(paligemma2/textvqa_val/textvqa_accuracy
PaliGemma 2, 3B, 224x224: 60.04 % (TextVQA, validation (5 000), accuracy)

textvqa_accuracy  unit  value  standard error    95% interval  samples
----------------  ----  -----  --------------  --------------  -------
published         %     60.04    at most 0.69  [58.68, 61.40]     5000
here              %     58.20            0.66  [56.91, 59.49]     5000
difference        %     -1.84            0.96   [-3.72, 0.04]

protocol        published           here
--------------  ---------  -------------  ------
ocr                 "off"          "off"  agrees
split               "val"          "val"  agrees
max_new_tokens    unknown           "16"
rules             unknown  "textvqa/mmf"

source: an article
run: native, textvqa_val
the published value's error is an estimate from its 5000 samples alone, the largest that independent scores between 0 and 1 allow; both values are on the same samples, which makes the error of their difference too large rather than too small
published: a note
verdict: within the sampling error of both
)");
  const json document = to_json(result);
  EXPECT_EQ(document["verdict"], "reproduced");
  EXPECT_EQ(document["published"]["id"], result.published.id);
  EXPECT_EQ(document["protocol"]["unknown"][0]["field"], "max_new_tokens");
  EXPECT_EQ(document["difference"], result.difference.value());
}

}  // namespace
}  // namespace sightline
