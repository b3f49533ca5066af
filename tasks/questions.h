#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/annotation_support.h"
#include "tasks/task.h"

namespace sightline {

/// A question about an image, with its annotators' answers. Views live in the set's arena.
struct Question {
  std::string_view id;
  std::string_view image;  ///< file name below `QuestionSet::images`
  std::string_view text;
  std::uint32_t cluster = 0;
  std::uint32_t first_answer = 0, answers = 0;  ///< in `QuestionSet::answers`
  std::uint32_t first_token = 0, tokens = 0;    ///< OCR tokens, in `QuestionSet::ocr_tokens`
  std::string_view groups[2];                   ///< one a breakdown of `QuestionSet::dimensions`
};

/// Everything a VQA-like task has read.
struct QuestionSet {
  TextArena arena;
  std::vector<Question> questions;
  std::vector<std::string_view> answers, ocr_tokens;
  std::vector<std::string> dimensions;  ///< names of the breakdowns, at most two
  std::filesystem::path images;
  std::vector<std::filesystem::path> files;  ///< what was read, for hashes
  int max_new_tokens = 16;

  /// Adds an answer to the question that is being read.
  void add_answer(Question& question, std::string_view answer) {
    if (question.answers == 0) question.first_answer = static_cast<std::uint32_t>(answers.size());
    answers.push_back(arena.keep(answer));
    ++question.answers;
  }
  std::span<const std::string_view> answers_of(const Question& question) const {
    return std::span(answers).subspan(question.first_answer, question.answers);
  }
};

/// The data set over a question set.
std::shared_ptr<const Dataset> question_dataset(std::shared_ptr<const QuestionSet> set);

/// The annotators' answers to a question.
SampleReference question_reference(const QuestionSet& set, std::size_t index);

/// A scorer that gives every answer a value in [0, 1] by `rules` ("vqa/official", "textvqa/mmf",
/// "anls/mmf", ...) and averages. Throws `UsageError` for unknown rules.
std::unique_ptr<Scorer> answer_scorer(std::shared_ptr<const QuestionSet> set,
                                      const std::string& rules, const std::string& metric);

}  // namespace sightline
