// Official files through the task layer: what the public evaluators make of them, digit for digit.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "metrics/text/vqa_answer.h"
#include "tests/support/paths.h"
#include "tests/tasks/support.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;
using testing::open_task;
using testing::score_file;
using testing::shared_path;
using testing::TemporaryFolder;
using testing::value_of;

json read_json(const std::filesystem::path& path) {
  return json::parse(read_file(path));
}

/// The scores that `update` returns for every sample, by id.
std::map<std::string, double> sample_scores(const Task& task, const std::filesystem::path& file,
                                            const std::string& rules) {
  const Predictions predictions = read_predictions(file, task.predictions);
  const auto scorer = task.new_scorer(rules);
  std::map<std::string, double> scores;
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    const std::string id = task.dataset->id(i);
    scores[id] = scorer->update(i, *predictions.find(id)).at(0).second;
  }
  return scores;
}

void expect_per_question(const std::map<std::string, double>& scores, const json& want) {
  EXPECT_EQ(scores.size(), want.size());
  for (const auto& [id, score] : scores) EXPECT_EQ(score, want.at(id).get<double>()) << id;
}

// VQAv2 ------------------------------------------------------------------------------------------

const std::filesystem::path kVqaPredictions =
    data_path("text/vqa/v2_OpenEnded_mscoco_val2014_gold_results.json");

/// The repository's cut-down annotations, with what the official file has beside them.
Task open_vqa(const TemporaryFolder& folder) {
  json annotations = read_json(data_path("text/vqa/annotations.json"));
  for (json& record : annotations["annotations"]) {
    record["image_id"] = record["question_id"].get<std::int64_t>() / 1000;
  }
  const auto file = folder / "vqav2/v2_mscoco_val2014_annotations.json";
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << annotations;
  return open_task("vqav2_val", {.data_root = folder.path(), .for_scoring = true});
}

void expect_breakdown(const Breakdowns& breakdowns, const std::string& dimension, const json& want,
                      double unit) {
  const auto& groups = breakdowns.at(dimension);
  EXPECT_EQ(groups.size(), want.size());
  for (const auto& [name, group] : groups) {
    EXPECT_NEAR(group.values.at("vqa_accuracy") * unit, want.at(name).get<double>(), unit * 1e-13)
        << name;
  }
}

void expect_official_vqa(const Task& task, const std::filesystem::path& predictions) {
  const json want = read_json(data_path("text/vqa/expected_official.json"));
  ASSERT_EQ(task.dataset->size(), 300U);
  EXPECT_EQ(task.rules.front(), "vqa/official");
  const TaskScores scores = score_file(task, predictions, "vqa/official");
  const double accuracy = value_of(scores, "vqa_accuracy");
  const json& unrounded = want.at("accuracy_unrounded");
  EXPECT_NEAR(100 * accuracy, unrounded.at("overall").get<double>(), 1e-11);
  EXPECT_EQ(official_percent(accuracy * 300, 300), want.at("accuracy").at("overall").get<double>());
  expect_breakdown(scores.breakdowns, "answer_type", unrounded.at("perAnswerType"), 100);
  expect_breakdown(scores.breakdowns, "question_type", unrounded.at("perQuestionType"), 100);
  for (const auto& [id, score] : sample_scores(task, predictions, "vqa/official")) {
    EXPECT_EQ(official_percent(score, 1), want.at("evalQA").at(id).get<double>()) << id;
  }
}

TEST(VqaGolden, OfficialRulesGiveTheNumbersOfTheOfficialEvaluator) {
  const TemporaryFolder folder;
  expect_official_vqa(open_vqa(folder), kVqaPredictions);
}

TEST(VqaGolden, OfficialFilesAreReadWhole) {
  const std::string root = "goldens/metrics/vqa/";
  SIGHTLINE_NEED_SHARED(root);
  const Task task = open_task(
      "vqav2_val", {.annotations = shared_path(root + "v2_mscoco_val2014_annotations.json"),
                    .questions = shared_path(root + "v2_OpenEnded_mscoco_val2014_questions.json")});
  expect_official_vqa(task, shared_path(root + "v2_OpenEnded_mscoco_val2014_gold_results.json"));
  for (std::size_t i = 0; i < task.dataset->size(); ++i) {
    EXPECT_FALSE(task.dataset->request(i).text.empty());
  }
}

TEST(VqaGolden, LmmsEvalsRulesGiveItsNumbers) {
  const TemporaryFolder folder;
  const Task task = open_vqa(folder);
  const json want = read_json(data_path("text/vqa/expected_lmms_eval.json"));
  EXPECT_NEAR(value_of(score_file(task, kVqaPredictions, "vqa/lmms-eval"), "vqa_accuracy"),
              want.at("exact_match").get<double>(), 1e-12);
  expect_per_question(sample_scores(task, kVqaPredictions, "vqa/lmms-eval"),
                      want.at("per_question"));
}

TEST(VqaGolden, BigVisionsRulesGiveItsNumbers) {
  const TemporaryFolder folder;
  const Task task = open_vqa(folder);
  const json want = read_json(data_path("text/vqa/expected_big_vision.json"));
  const TaskScores scores = score_file(task, kVqaPredictions, "vqa/big_vision");
  EXPECT_NEAR(value_of(scores, "vqa_accuracy"), want.at("acc").get<double>(), 1e-12);
  expect_breakdown(scores.breakdowns, "answer_type", want.at("by_type"), 1);
  expect_per_question(sample_scores(task, kVqaPredictions, "vqa/big_vision"),
                      want.at("per_question"));
}

// TextVQA ----------------------------------------------------------------------------------------

const std::filesystem::path kTextVqaPredictions =
    data_path("text/textvqa/textvqa_val_results.json");

/// The repository's cut-down questions, with what the official file has beside them.
Task open_textvqa(const TemporaryFolder& folder) {
  json questions = read_json(data_path("text/textvqa/questions.json"));
  for (json& record : questions["data"]) {
    record["image_id"] = fmt::format("{:016x}", record["question_id"].get<int>() / 2);
    record["question"] = "what does it say?";
  }
  const auto file = folder / "textvqa/TextVQA_0.5.1_val.json";
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << questions;
  return open_task("textvqa_val", {.data_root = folder.path(), .for_scoring = true});
}

void expect_textvqa(const Task& task, const std::filesystem::path& predictions) {
  ASSERT_EQ(task.dataset->size(), 300U);
  const json mmf = read_json(data_path("text/textvqa/expected_mmf.json"));
  const json big_vision = read_json(data_path("text/textvqa/expected_big_vision.json"));
  struct Case {
    const char* rules;
    double accuracy;
    json per_question;
  };
  const json& vqav2 = big_vision.at("vqav2_rule");
  const json& plain = big_vision.at("simple_exact_case");
  const Case cases[] = {{"textvqa/mmf", mmf.at("accuracy"), mmf.at("per_question")},
                        {"textvqa/big_vision", vqav2.at("acc"), vqav2.at("per_question")},
                        {"vqa/big_vision_plain", plain.at("acc"), plain.at("per_question_acc")}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.rules);
    EXPECT_NEAR(value_of(score_file(task, predictions, c.rules), "textvqa_accuracy"), c.accuracy,
                1e-12);
    expect_per_question(sample_scores(task, predictions, c.rules), c.per_question);
  }
}

TEST(TextVqaGolden, AccuraciesAreThoseOfMmfAndBigVision) {
  const TemporaryFolder folder;
  expect_textvqa(open_textvqa(folder), kTextVqaPredictions);
}

TEST(TextVqaGolden, TheOfficialFileIsReadWhole) {
  const std::string root = "goldens/metrics/textvqa/";
  SIGHTLINE_NEED_SHARED(root);
  expect_textvqa(
      open_task("textvqa_val", {.annotations = shared_path(root + "TextVQA_0.5.1_val.json")}),
      shared_path(root + "textvqa_val_results.json"));
}

// COCO detection ---------------------------------------------------------------------------------

constexpr const char* kCocoKeys[] = {"AP",   "AP50",  "AP75",   "APs", "APm", "APl",
                                     "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl"};

Task open_coco(const std::string& options = "") {
  return open_task("coco_det_val2017" + options,
                   {.annotations = data_path("coco/instances_val2017.json")});
}

TEST(CocoGolden, AllRulesGiveThePycocotoolsNumbers) {
  const Task task = open_coco();
  const json want = read_json(data_path("coco/expected_bbox.json"));
  const std::pair<std::string, std::string> rules[] = {
      {"coco/pycocotools", "stats"},
      {"coco/scores_all_1", "stats_all_scores_1"},
      {"coco/score_is_area_fraction", "stats_score_is_area_fraction"}};
  EXPECT_EQ(task.rules.size(), std::size(rules));
  for (const auto& [name, golden] : rules) {
    SCOPED_TRACE(name);
    const TaskScores scores = score_file(task, data_path("coco/detections.json"), name);
    for (const char* key : kCocoKeys) {
      EXPECT_EQ(value_of(scores, key), want.at(golden).at(key).get<double>()) << key;
    }
  }
}

TEST(CocoGolden, CategoriesHaveTheirOwnPrecision) {
  const Task task = open_coco();
  const json want = read_json(data_path("coco/expected_bbox.json")).at("per_category");
  const TaskScores scores = score_file(task, data_path("coco/detections.json"), "coco/pycocotools");
  const auto& groups = scores.breakdowns.at("category");
  std::size_t annotated = 0;
  for (const auto& [id, row] : want.items()) {
    SCOPED_TRACE(row.dump());
    if (row.at("AP").get<double>() < 0) {
      EXPECT_FALSE(groups.contains(row.at("name")));
      continue;
    }
    ++annotated;
    const BreakdownGroup& group = groups.at(row.at("name"));
    EXPECT_EQ(group.values.at("AP"), row.at("AP").get<double>());
    EXPECT_EQ(group.values.at("AP50"), row.at("AP50").get<double>());
    EXPECT_EQ(group.values.at("recall@0.5"), row.at("R50@100").get<double>());
  }
  EXPECT_EQ(groups.size(), annotated);
}

TEST(CocoGolden, RecallAndPrecisionAtEveryScoreThreshold) {
  const json want = read_json(data_path("coco/expected_fixed_threshold.json"));
  int compared = 0;
  for (const json& one : want.at("cases")) {
    if (one.at("iou") != 0.5 || one.at("maxDets") != 100 || one.at("useCats") != 1) continue;
    SCOPED_TRACE(one.at("score_thr").dump());
    const Task task = open_coco("[score_threshold=" + one.at("score_thr").dump() + "]");
    const TaskScores scores =
        score_file(task, data_path("coco/detections.json"), "coco/pycocotools");
    EXPECT_NEAR(value_of(scores, "recall@0.5"),
                one.at("macro_recall_over_categories_with_gt").get<double>(), 1e-14);
    EXPECT_NEAR(value_of(scores, "precision@0.5"),
                one.at("macro_precision_over_categories_with_gt").get<double>(), 1e-14);
    EXPECT_EQ(value_of(scores, "recall_micro@0.5"), one.at("micro_recall"));
    EXPECT_EQ(value_of(scores, "precision_micro@0.5"), one.at("micro_precision"));
    ++compared;
  }
  EXPECT_EQ(compared, 5);
}

TEST(CocoGolden, ClassAgnosticRecall) {
  const json want = read_json(data_path("coco/expected_class_agnostic.json"));
  ASSERT_EQ(want.at("maxDets").at(2), 100);
  const TaskScores scores =
      score_file(open_coco(), data_path("coco/detections.json"), "coco/pycocotools");
  EXPECT_EQ(value_of(scores, "recall_ca@0.5"), want.at("recall_TAM").at(0).at(0).at(2));
}

TEST(CocoGolden, BoxesWithoutScoresHaveNoPrecisionUnlessTheRulesSayHow) {
  const TemporaryFolder folder;
  json detections = read_json(data_path("coco/detections.json"));
  for (json& row : detections) row.erase("score");
  std::ofstream(folder / "boxes.json") << detections;
  const Task task = open_coco();
  const TaskScores unranked = score_file(task, folder / "boxes.json", "coco/pycocotools");
  for (const char* key : {"AP", "AP50", "APs"}) {
    EXPECT_FALSE(testing::metric(unranked, key).value) << key;
    EXPECT_NE(testing::metric(unranked, key).note.find("2880 boxes have no score"),
              std::string::npos);
  }
  EXPECT_TRUE(testing::metric(unranked, "AR@100").value);
  EXPECT_FALSE(unranked.breakdowns.at("category").begin()->second.values.contains("AP"));
  const TaskScores ones = score_file(task, folder / "boxes.json", "coco/scores_all_1");
  EXPECT_EQ(value_of(ones, "AP"), read_json(data_path("coco/expected_bbox.json"))
                                      .at("stats_all_scores_1")
                                      .at("AP")
                                      .get<double>());
}

TEST(CocoReal, PublishedDetectionsOnVal2014HaveThePublishedNumbers) {
  const std::string root = "third_party_data/coco_val2014_100/";
  SIGHTLINE_NEED_SHARED(root);
  // What pycocotools is known to give for its example detections.
  const double want[] = {0.5045806987249628,  0.6969727247299577, 0.5729816669904824,
                         0.5856257209410443,  0.5193996948036719, 0.5013978986347466,
                         0.38681277964578054, 0.5936795762842003, 0.595352982877607,
                         0.6398109626113442,  0.5664205978994309, 0.5642905982905982};
  const Task task = open_task("coco_det_val2017",
                              {.annotations = shared_path(root + "instances_val2014_100.json")});
  EXPECT_EQ(task.dataset->size(), 100U);
  const TaskScores scores = score_file(
      task, shared_path(root + "instances_val2014_fakebbox100_results.json"), "coco/pycocotools");
  for (std::size_t i = 0; i < std::size(kCocoKeys); ++i) {
    EXPECT_NEAR(value_of(scores, kCocoKeys[i]), want[i], 1e-15) << kCocoKeys[i];
  }
}

// Captions ---------------------------------------------------------------------------------------

TEST(CaptionGolden, BothRulesGiveTheNumbersOfPycocoevalcap) {
  const Task task =
      open_task("coco_captions_val", {.annotations = data_path("captions/captions_val.json")});
  ASSERT_EQ(task.rules.size(), 2U);
  const std::pair<std::string, std::string> goldens[] = {
      {task.rules[0], "expected_scores.json"},
      {task.rules[1], "expected_scores_no_tokenizer.json"}};
  const std::pair<std::string, std::string> keys[] = {{"bleu1", "Bleu_1"},    {"bleu2", "Bleu_2"},
                                                      {"bleu3", "Bleu_3"},    {"bleu4", "Bleu_4"},
                                                      {"rouge_l", "ROUGE_L"}, {"cider", "CIDEr"}};
  for (const auto& [rules, golden] : goldens) {
    SCOPED_TRACE(rules);
    const json want = read_json(data_path("captions/" + golden)).at("corpus");
    const TaskScores scores = score_file(task, data_path("captions/captions_results.json"), rules);
    for (const auto& [key, name] : keys) {
      EXPECT_NEAR(value_of(scores, key), want.at(name).get<double>(), 1e-12) << key;
    }
  }
}

TEST(DocciGolden, LengthsOfCaptionsAreTheirMeans) {
  const TemporaryFolder folder;
  const json cases = read_json(data_path("captions/longcap_stats.json")).at("cases");
  std::ofstream descriptions(folder / "docci.jsonlines"), predictions(folder / "predictions.jsonl");
  double characters = 0, sentences = 0;
  int count = 0;
  for (const json& one : cases) {
    const std::string id = "qual_dev_" + std::to_string(count++);
    descriptions << json{{"example_id", id},
                         {"split", "qual_dev"},
                         {"image_file", id + ".jpg"},
                         {"description", "A cat sits on a mat."}}
                 << "\n";
    predictions << json{{"example_id", id}, {"caption", one.at("text")}} << "\n";
    characters += one.at("n_char_codepoints").get<double>();
    sentences += one.at("n_sent_regex").get<double>();
  }
  descriptions.close();
  predictions.close();
  const Task task = open_task("docci_qual_dev", {.annotations = folder / "docci.jsonlines"});
  ASSERT_EQ(static_cast<int>(task.dataset->size()), count);
  const TaskScores scores = score_file(task, folder / "predictions.jsonl", task.rules.front());
  EXPECT_DOUBLE_EQ(value_of(scores, "chars"), characters / count);
  EXPECT_DOUBLE_EQ(value_of(scores, "sentences"), sentences / count);
  EXPECT_FALSE(testing::metric(scores, "nes").value);
  EXPECT_NE(testing::metric(scores, "nes").note, "");
  EXPECT_TRUE(testing::metric(scores, "bleu4").value);
}

}  // namespace
}  // namespace sightline
