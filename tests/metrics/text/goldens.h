#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline::testing {

inline nlohmann::json text_golden(const std::string& name) {
  return nlohmann::json::parse(read_file(data_path("text/" + name)));
}

/// A question of the goldens with the answer that was scored.
struct GoldenQuestion {
  std::string id, question_type, answer_type, prediction;
  std::vector<std::string> answers;

  std::vector<std::string_view> views() const { return {answers.begin(), answers.end()}; }
};

inline std::map<std::int64_t, std::string> golden_predictions(const std::string& name) {
  std::map<std::int64_t, std::string> predictions;
  for (const auto& result : text_golden(name)) {
    predictions[result.at("question_id")] = result.at("answer");
  }
  return predictions;
}

/// The VQA questions, in the order of the annotation file.
inline std::vector<GoldenQuestion> golden_vqa_questions() {
  const auto predictions = golden_predictions("vqa/v2_OpenEnded_mscoco_val2014_gold_results.json");
  std::vector<GoldenQuestion> questions;
  const auto golden = text_golden("vqa/annotations.json");
  for (const auto& entry : golden.at("annotations")) {
    const std::int64_t id = entry.at("question_id");
    GoldenQuestion question{.id = std::to_string(id),
                            .question_type = entry.at("question_type"),
                            .answer_type = entry.at("answer_type"),
                            .prediction = predictions.at(id),
                            .answers = {}};
    for (const auto& answer : entry.at("answers")) question.answers.push_back(answer.at("answer"));
    questions.push_back(std::move(question));
  }
  return questions;
}

/// The TextVQA questions, in the order of the data file.
inline std::vector<GoldenQuestion> golden_textvqa_questions() {
  const auto predictions = golden_predictions("textvqa/textvqa_val_results.json");
  std::vector<GoldenQuestion> questions;
  const auto golden = text_golden("textvqa/questions.json");
  for (const auto& entry : golden.at("data")) {
    const std::int64_t id = entry.at("question_id");
    questions.push_back({.id = std::to_string(id),
                         .question_type = {},
                         .answer_type = {},
                         .prediction = predictions.at(id),
                         .answers = entry.at("answers")});
  }
  return questions;
}

}  // namespace sightline::testing
