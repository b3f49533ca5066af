#include "results/foreign/foreign_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "harness/base/file.h"
#include "metrics/decision/difference.h"
#include "metrics/statistics.h"
#include "tests/results/foreign/foreign_support.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using testing::data_path;
using ::testing::ElementsAre;
using testing::HandMade;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::write_text;

json expected() {
  return json::parse(read_file(data_path("foreign/expected.json")));
}

// ---------------------------------------------------------------- goldens, both layouts

/// The paired scores of one metric, in the order of `base`.
struct Pairs {
  std::vector<double> differences;
  std::vector<std::uint32_t> own, images;  // clusters
  int won = 0, lost = 0, tied = 0;
};

std::unordered_map<std::string, std::size_t> places_of(const std::vector<std::string>& ids) {
  std::unordered_map<std::string, std::size_t> places;
  for (const std::string& id : ids) places.emplace(id, places.size());
  return places;
}

Pairs pair_up(const TaskSamples& base, const TaskSamples& next, const std::string& metric) {
  const auto places = places_of(next.ids);
  std::unordered_map<std::string, std::size_t> images;
  Pairs pairs;
  for (std::size_t i = 0; i < base.ids.size(); ++i) {
    const double difference =
        next.values.at(metric)[places.at(base.ids[i])] - base.values.at(metric)[i];
    pairs.differences.push_back(difference);
    pairs.own.push_back(static_cast<std::uint32_t>(i));
    pairs.won += difference > 0;
    pairs.lost += difference < 0;
    pairs.tied += difference == 0;
    if (base.images.empty()) continue;
    const std::size_t image = images.emplace(base.images[i], images.size()).first->second;
    pairs.images.push_back(static_cast<std::uint32_t>(image));
  }
  return pairs;
}

class ForeignGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(ForeignGolden, GivesTheExpectedStatistics) {
  const fs::path folder = data_path(std::string("foreign/") + GetParam());
  const auto [base, next] = read_foreign_runs(folder / "base", folder / "new");
  const json want = expected();
  ASSERT_EQ(base.tasks.size(), 1u);
  const TaskSamples& before = base.tasks[0];
  const std::vector<double>& scores = before.values.at("exact_match");
  std::vector<std::uint32_t> own(scores.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::uint32_t>(i);
  EXPECT_EQ(scores.size(), want["n"]);
  EXPECT_NEAR(*mean(scores), want["base_mean"], 1e-15);
  EXPECT_NEAR(*clustered_standard_error(scores, own), want["base_stderr"], 1e-15);
  const std::vector<double>& after = next.tasks[0].values.at("exact_match");
  EXPECT_NEAR(*mean(after), want["new_mean"], 1e-15);
  EXPECT_NEAR(*clustered_standard_error(after, own), want["new_stderr"], 1e-15);
  const Pairs pairs = pair_up(before, next.tasks[0], "exact_match");
  EXPECT_EQ(pairs.won, want["won"]);
  EXPECT_EQ(pairs.lost, want["lost"]);
  EXPECT_EQ(pairs.tied, want["tied"]);
  const DifferenceEstimate plain = mean_difference(pairs.differences, pairs.own);
  EXPECT_NEAR(plain.value, want["mean_difference_new_minus_base"], 1e-15);
  EXPECT_NEAR(plain.standard_error.value(), want["paired_stderr"], 1e-15);
  if (pairs.images.empty()) return;
  const DifferenceEstimate clustered = mean_difference(pairs.differences, pairs.images);
  EXPECT_EQ(clustered.clusters, want["clusters_by_image_id"]);
  EXPECT_NEAR(clustered.standard_error.value(), want["paired_stderr_clustered"], 1e-15);
}

INSTANTIATE_TEST_SUITE_P(BothLayouts, ForeignGolden, ::testing::Values("lm_eval", "lmms_eval"),
                         [](const auto& layout) { return std::string(layout.param); });

TEST(ForeignRun, LmEvaluationHarnessIsReadWithAllThatItSays) {
  const fs::path folder = data_path("foreign/lm_eval/new");
  EXPECT_TRUE(is_foreign_run(folder));
  const RunSamples run = read_foreign_run(folder);
  EXPECT_EQ(run.label, "example/new");
  EXPECT_EQ(run.folder, folder.string());
  EXPECT_EQ(run.origin, "lm-evaluation-harness");
  EXPECT_THAT(run.notes, IsEmpty());
  const TaskSamples& task = run.tasks.at(0);
  EXPECT_EQ(task.result.name, "example_vqa");
  EXPECT_EQ(task.result.version, "0");
  EXPECT_EQ(task.result.rules, "lm-evaluation-harness 0.4.9");
  EXPECT_EQ(task.result.samples, 240);
  EXPECT_EQ(task.result.samples_in_dataset, 240);
  ASSERT_EQ(task.result.metrics.size(), 1u);
  EXPECT_EQ(task.result.metrics[0].key, "exact_match");
  EXPECT_EQ(task.result.metrics[0].value, 0.6229166666666666);
  EXPECT_EQ(task.result.metrics[0].standard_error, 0.025364826984057964);
  EXPECT_EQ(task.result.metrics[0].unit, "fraction");
  EXPECT_EQ(json::parse(task.conditions), json({{"matched by", "doc_hash"}}));
  const json protocol = json::parse(task.result.protocol);
  EXPECT_EQ(protocol["dataset_path"], "example/vqa");
  EXPECT_EQ(protocol["num_fewshot"], 0);
  EXPECT_FALSE(protocol.contains("fewshot_seed")) << "without shots it changes nothing";
  EXPECT_EQ(task.images.at(0), "77");
  const SampleText text = task.text(0);
  EXPECT_EQ(text.question, "what is shown at place 108?");
  EXPECT_EQ(text.answer, "some answer");
  EXPECT_EQ(text.outcome, "ok");
}

TEST(ForeignRun, LmmsEvalIsReadWithAllThatItSays) {
  const fs::path folder = data_path("foreign/lmms_eval/new");
  EXPECT_TRUE(is_foreign_run(folder));
  const RunSamples run = read_foreign_run(folder);
  EXPECT_EQ(run.origin, "lmms-eval");
  EXPECT_THAT(run.notes, ElementsAre(HasSubstr("do not say which documents share an image")));
  const TaskSamples& task = run.tasks.at(0);
  EXPECT_EQ(task.result.rules, "lmms-eval");
  ASSERT_EQ(task.result.metrics.size(), 1u) << "neither stderr_clt nor submission is a metric";
  EXPECT_EQ(task.result.metrics[0].standard_error, std::nullopt) << "N/A";
  EXPECT_THAT(task.images, IsEmpty());
  EXPECT_EQ(task.text(1).question, "what is shown at place 221?");
  EXPECT_EQ(task.text(1).answer, "some answer");
}

// ---------------------------------------------------------------- runs made by hand

TEST(ForeignRun, SeveralFiltersAreSeveralMetrics) {
  HandMade run;
  run.results["results"]["t"] = {{"acc,strict", 0.5}, {"acc,flexible", 1.0}};
  std::vector<json> lines;
  for (json line : run.lines) {
    line["filter"] = "strict";
    lines.push_back(line);
    line["filter"] = "flexible";
    line["acc"] = 1;
    lines.push_back(line);
  }
  run.lines = lines;
  const TaskSamples task = run.read().tasks.at(0);
  EXPECT_THAT(task.ids, ElementsAre("h0", "h1", "h2", "h3"));
  EXPECT_THAT(task.values.at("acc,strict"), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(task.values.at("acc,flexible"), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(task.result.metrics.size(), 2u);
}

TEST(ForeignRun, ScoresAreNumbersFlagsAndUnambiguousObjects) {
  const std::tuple<json, double> cases[] = {{true, 1},
                                            {false, 0},
                                            {0.25, 0.25},
                                            {{{"acc", 0.5}, {"id", 7}}, 0.5},
                                            {{{"score", 0.75}, {"question", "q"}}, 0.75},
                                            {{{"score", true}, {"acc", 1}}, 1}};
  for (const auto& [value, want] : cases) {
    SCOPED_TRACE(value.dump());
    HandMade run;
    run.lines[2]["acc"] = value;
    EXPECT_EQ(run.read().tasks.at(0).values.at("acc")[2], want);
  }
}

TEST(ForeignRun, AScoreThatIsInDoubtLeavesTheMetricWithItsValueAlone) {
  const std::pair<json, const char*> cases[] = {{{{"score", 1}, {"acc", 0}}, "line 1"},
                                                {{{"correct", 1}}, "{\"correct\":1}"},
                                                {{1.0, 2.0}, "[1.0,2.0]"},
                                                {"high", "\"high\""}};
  for (const auto& [value, says] : cases) {
    SCOPED_TRACE(value.dump());
    HandMade run;
    for (json& line : run.lines) line["acc"] = value;
    const RunSamples read = run.read();
    EXPECT_FALSE(read.tasks[0].values.contains("acc"));
    EXPECT_EQ(read.tasks[0].result.metrics.at(0).value, 0.5);
    EXPECT_THAT(read.notes, ElementsAre(AllOf(HasSubstr("t/acc has no score"), HasSubstr(says))));
  }
}

TEST(ForeignRun, WhatPythonWritesBesideJsonIsUndefined) {
  for (const char* word : {"NaN", "Infinity", "-Infinity", "null"}) {
    SCOPED_TRACE(word);
    HandMade run;
    run.lines.pop_back();
    run.after_lines =
        std::string(R"({"doc_id": 3, "doc": {"image_id": NaN, "image": "NaN.png"}, )") +
        R"("filter": "none", "doc_hash": "h3", "acc": )" + word + "}\n";
    run.results["results"]["t"]["acc,none"] = "@";
    run.write();
    std::string text = run.results.dump();
    write_text(run.results_file(), text.replace(text.find("\"@\""), 3, word));
    const RunSamples read = read_foreign_run(run.folder.path());
    const TaskSamples& task = read.tasks.at(0);
    EXPECT_TRUE(std::isnan(task.values.at("acc")[3]));
    EXPECT_EQ(task.images[3], "NaN.png");
    EXPECT_NEAR(task.result.metrics.at(0).value.value(), 1.0 / 3, 1e-15);
    EXPECT_EQ(task.result.metrics.at(0).n, 3);
    EXPECT_THAT(read.notes,
                ElementsAre(HasSubstr("results have no value; the mean of the 3 samples")));
  }
}

TEST(ForeignRun, AMeanThatIsNotTheResultStandsForItWithBothNumbers) {
  HandMade run;
  run.results["results"]["t"]["acc,none"] = 0.5 * (1 + 2e-9);
  const RunSamples far = run.read();
  EXPECT_THAT(far.notes, ElementsAre(AllOf(HasSubstr("is 0.5,"), HasSubstr("0.500000001"))));
  EXPECT_EQ(far.tasks.at(0).result.metrics.at(0).value, 0.5);
  EXPECT_EQ(far.tasks[0].result.metrics[0].standard_error, std::nullopt);
  run.results["results"]["t"]["acc,none"] = 0.5 * (1 + 1e-10);
  const RunSamples near = run.read();
  EXPECT_THAT(near.notes, IsEmpty());
  EXPECT_EQ(near.tasks.at(0).result.metrics.at(0).value, 0.5 * (1 + 1e-10));
  EXPECT_EQ(near.tasks[0].result.metrics[0].standard_error, 0.25);
}

TEST(ForeignRun, TwoRunsShowAMetricInOneUnit) {
  HandMade small, large;
  large.lines[0]["acc"] = 4;
  small.write();
  large.write();
  EXPECT_EQ(read_foreign_run(small.folder.path()).tasks.at(0).result.metrics.at(0).unit,
            "fraction");
  const auto [a, b] = read_foreign_runs(small.folder.path(), large.folder.path());
  EXPECT_EQ(a.tasks.at(0).result.metrics.at(0).unit, "");
  EXPECT_EQ(b.tasks.at(0).result.metrics.at(0).unit, "");
}

TEST(ForeignRun, MetricsWithoutSamplesKeepTheirValue) {
  HandMade run;
  run.results["results"]["t"]["corpus_score,none"] = 12.5;
  run.results["results"]["t"]["submission,none"] = nullptr;
  run.results["higher_is_better"]["t"]["corpus_score"] = false;
  const TaskSamples task = run.read().tasks.at(0);
  ASSERT_EQ(task.result.metrics.size(), 2u);
  EXPECT_EQ(task.result.metrics[1].key, "corpus_score");
  EXPECT_EQ(task.result.metrics[1].value, 12.5);
  EXPECT_FALSE(task.result.metrics[1].higher_is_better);
  EXPECT_EQ(task.result.metrics[1].unit, "") << "not in percent";
  EXPECT_FALSE(task.values.contains("corpus_score"));
  EXPECT_THAT(task.why_not, HasSubstr("lm-evaluation-harness"));
}

TEST(ForeignRun, AnAggregateThatIsNoMeanIsNotPaired) {
  HandMade run;
  run.results["configs"]["t"]["metric_list"] = {{{"metric", "acc"}, {"aggregation", "perplexity"}}};
  const RunSamples read = run.read();
  EXPECT_THAT(read.tasks.at(0).values, IsEmpty());
  EXPECT_THAT(read.notes, ElementsAre(HasSubstr("t/acc: its value is perplexity over all")));
}

TEST(ForeignRun, AnUnknownDirectionIsSaid) {
  HandMade run;
  run.results.erase("higher_is_better");
  EXPECT_THAT(run.read().notes, ElementsAre(HasSubstr("more is taken as better")));
}

TEST(ForeignRun, GroupsAreLeftOutAndSaid) {
  HandMade run;
  run.results["results"]["all"] = {{"acc,none", 0.5}};
  run.results["group_subtasks"] = {{"all", {"t"}}, {"t", json::array()}};
  const RunSamples read = run.read();
  EXPECT_EQ(read.tasks.size(), 1u);
  EXPECT_THAT(read.notes, ElementsAre("group all is left out; its tasks are there"));
}

// ---------------------------------------------------------------- ids, images, words

TEST(ForeignRun, DocumentsAreKnownByHashOnlyWhereAllAreDistinct) {
  HandMade missing;
  missing.lines[1].erase("doc_hash");
  HandMade equal;
  equal.lines[1]["doc_hash"] = "h0";
  for (HandMade* run : {&missing, &equal}) {
    const RunSamples read = run->read();
    EXPECT_THAT(read.tasks.at(0).ids, ElementsAre("0", "1", "2", "3"));
    EXPECT_EQ(json::parse(read.tasks[0].conditions)["matched by"], "doc_id");
  }
  EXPECT_THAT(equal.read().notes, ElementsAre(HasSubstr("several documents have one doc_hash")));
}

TEST(ForeignRun, TwoRunsKnowDocumentsByTheSameField) {
  const HandMade hashed;
  HandMade plain;
  for (json& line : plain.lines) line.erase("doc_hash");
  hashed.write();
  plain.write();
  const auto [a, b] = read_foreign_runs(hashed.folder.path(), plain.folder.path());
  EXPECT_EQ(a.tasks.at(0).ids, b.tasks.at(0).ids);
  EXPECT_EQ(a.tasks[0].conditions, b.tasks[0].conditions);
  const auto [c, d] = read_foreign_runs(hashed.folder.path(), hashed.folder.path());
  EXPECT_EQ(c.tasks.at(0).ids, d.tasks.at(0).ids);
  EXPECT_EQ(c.tasks[0].ids[0], "h0");
}

TEST(ForeignRun, ImagesAreNamedByWhatTheDocumentSays) {
  const std::string picture(100'000, 'A');
  const std::pair<json, std::string> cases[] = {
      {{{"image_id", 7}}, "7"},
      {{{"image_id", "COCO_7"}, {"image", "x"}}, "COCO_7"},
      {{{"img_id", 8}}, "8"},
      {{{"image_path", "a/b.jpg"}}, "a/b.jpg"},
      {{{"image", "c.jpg"}, {"image_id", nullptr}}, "c.jpg"}};
  for (const auto& [doc, want] : cases) {
    SCOPED_TRACE(doc.dump());
    HandMade run;
    run.lines[0]["doc"] = doc;
    EXPECT_EQ(run.read().tasks.at(0).images.at(0), want);
  }
  HandMade run;
  run.lines[0]["doc"] = {{"image", picture}};
  run.lines[1]["doc"] = {{"image", picture}};
  run.lines[2]["doc"] = {{"image", picture + "B"}};
  const TaskSamples task = run.read().tasks.at(0);
  EXPECT_THAT(task.images[0], AllOf(HasSubstr("sha256:"), ::testing::SizeIs(71)));
  EXPECT_EQ(task.images[0], task.images[1]);
  EXPECT_NE(task.images[0], task.images[2]);
}

TEST(ForeignRun, ImagesThatAreNotAllKnownAreUnknown) {
  const json docs[] = {{{"image", "<PIL.PngImageFile image mode=RGB size=4x4 at 0x7F12>"}},
                       {{"image", {{"bytes", nullptr}}}},
                       {{"image_id", ""}},
                       json::object()};
  for (const json& doc : docs) {
    SCOPED_TRACE(doc.dump());
    HandMade run;
    run.lines[2]["doc"] = doc;
    const RunSamples read = run.read();
    EXPECT_THAT(read.tasks.at(0).images, IsEmpty());
    EXPECT_THAT(read.notes, ElementsAre(HasSubstr("do not say which documents share an image")));
  }
}

TEST(ForeignRun, AnswersAndScoresAreHashedWhateverTheOrderOfLines) {
  HandMade run;
  const std::string hash = run.read().tasks.at(0).result.answers_sha256;
  std::reverse(run.lines.begin(), run.lines.end());
  EXPECT_EQ(run.read().tasks.at(0).result.answers_sha256, hash);
  HandMade scored, said;
  scored.lines[0]["acc"] = 1;
  said.lines[0]["filtered_resps"] = {"other"};
  EXPECT_NE(scored.read().tasks.at(0).result.answers_sha256, hash);
  EXPECT_NE(said.read().tasks.at(0).result.answers_sha256, hash);
}

TEST(ForeignRun, WordsAreFoundInEveryForm) {
  const std::tuple<json, std::string, std::string> cases[] = {
      {{{"arguments", {{"gen_args_0", {{"arg_0", "ask"}}}}}, {"filtered_resps", {"yes"}}},
       "ask",
       "yes"},
      {{{"arguments", json::parse(R"([["ask", {"until": []}]])")}, {"filtered_resps", {{"yes"}}}},
       "ask",
       "yes"},
      {{{"input", "ask"}, {"filtered_resps", "yes"}}, "ask", "yes"},
      {{{"doc", {{"question", "ask"}}}, {"resps", {{"yes"}}}}, "ask", "yes"},
      {{{"input", ""}, {"filtered_resps", json::parse(R"([["-1.5","False"],["-0.5","True"]])")}},
       "",
       R"([["-1.5","False"],["-0.5","True"]])"},
      {json::object(), "", ""}};
  for (const auto& [fields, question, answer] : cases) {
    SCOPED_TRACE(fields.dump());
    HandMade run;
    run.lines[1] = fields;
    run.lines[1]["doc_id"] = 1;
    run.lines[1]["acc"] = 1;
    const SampleText text = run.read().tasks.at(0).text(1);
    EXPECT_EQ(text.question, question);
    EXPECT_EQ(text.answer, answer);
  }
}

// ---------------------------------------------------------------- protocol

TEST(ForeignRun, TheProtocolHoldsWhatChangesAScoreAndNothingElse) {
  HandMade run;
  const json before = json::parse(run.read().tasks.at(0).result.protocol);
  const std::pair<const char*, json> changes[] = {
      {"/configs/t/doc_to_text", "Q: {{question}}"},
      {"/configs/t/dataset_name", "val"},
      {"/configs/t/generation_kwargs", {{"max_gen_toks", 16}}},
      {"/configs/t/filter_list", json::array({{{"name", "strict"}}})},
      {"/config/gen_kwargs", "temperature=1"},
      {"/config/limit", 100},
      {"/n-shot", {{"t", 5}}},
      {"/system_instruction", "Be brief."},
      {"/chat_template", "{{ messages }}"}};
  for (const auto& [pointer, value] : changes) {
    HandMade changed;
    changed.results[json::json_pointer(pointer)] = value;
    EXPECT_NE(json::parse(changed.read().tasks.at(0).result.protocol), before) << pointer;
  }
  const std::pair<const char*, json> others[] = {
      {"/config/device", "cuda:1"},    {"/config/batch_size", 64},
      {"/config/fewshot_seed", 7},     {"/git_hash", "abc"},
      {"/task_hashes", {{"t", "ff"}}}, {"/configs/t/metadata", {{"pretrained", "x"}}}};
  for (const auto& [pointer, value] : others) {
    HandMade changed;
    changed.results[json::json_pointer(pointer)] = value;
    EXPECT_EQ(json::parse(changed.read().tasks.at(0).result.protocol), before) << pointer;
  }
}

TEST(ForeignRun, AddressesOfPythonsFunctionsAreNoDifference) {
  HandMade run;
  run.results["configs"]["t"]["doc_to_text"] = "<function ask at 0x7f12ab>";
  run.results["configs"]["t"]["metric_list"] = {{{"aggregation", "<function f at 0x7f12ab>"}}};
  const json protocol = json::parse(run.read().tasks.at(0).result.protocol);
  EXPECT_EQ(protocol["doc_to_text"], "<function ask>");
  EXPECT_EQ(protocol["metric_list"][0]["aggregation"], "<function f>");
}

}  // namespace
}  // namespace sightline
