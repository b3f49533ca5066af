#include "harness/demo/question_files.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/base/text.h"
#include "harness/demo/questions.h"

namespace sightline::demo {
namespace {

using Json = nlohmann::ordered_json;

/// The most frequent answer; the first given of those that tie.
std::string most_common(const std::array<GivenAnswer, 10>& given) {
  std::map<std::string, int> counts;
  for (const GivenAnswer& answer : given) ++counts[answer.text];
  const auto best = std::ranges::max_element(
      given, {}, [&](const GivenAnswer& answer) { return counts[answer.text]; });
  return best->text;
}

Json annotation_entry(const Question& question, std::int64_t image_id, std::int64_t id) {
  Json answers = Json::array();
  for (const GivenAnswer& answer : question.given) {
    answers.push_back({{"answer", answer.text},
                       {"answer_confidence", answer.confidence},
                       {"answer_id", answers.size() + 1}});
  }
  return {{"question_type", question.type},
          {"multiple_choice_answer", most_common(question.given)},
          {"answers", answers},
          {"image_id", image_id},
          {"answer_type", question.answer_type},
          {"question_id", id}};
}

Json vqa_header(VqaPart part, const std::string& subtype) {
  Json file = {{"info",
                {{"description", "Sightline demo suite: drawn scenes in VQA v2.0's format"},
                 {"url", ""},
                 {"version", "2.0"},
                 {"year", 2026},
                 {"contributor", "Sightline"},
                 {"date_created", "2026-01-01 00:00:00"}}}};
  if (part == VqaPart::kQuestions) file["task_type"] = "Open-Ended";
  file["data_type"] = "mscoco";
  file["license"] = {{"url", ""}, {"name", "Public domain"}};
  file["data_subtype"] = subtype;
  return file;
}

/// What the question's words are to TextVQA: lower case, without the question mark.
Json question_tokens(const std::string& question) {
  Json tokens = Json::array();
  const std::string words = to_lower(question.substr(0, question.find('?')));
  for (const std::string_view word : split_at_space(words)) tokens.push_back(word);
  return tokens;
}

Json textvqa_entry(const TextExample& example, const TextQuestion& question, std::int64_t id,
                   Rng& rng) {
  Json answers = Json::array();
  for (const GivenAnswer& given : ten_answers(question.answer, question.others, rng)) {
    answers.push_back(given.text);
  }
  return {{"question", question.text},
          {"image_id", example.image_id},
          {"image_classes", Json::array({example.scene.kind})},
          {"flickr_original_url", ""},
          {"flickr_300k_url", ""},
          {"image_width", example.width},
          {"image_height", example.height},
          {"answers", answers},
          {"question_tokens", question_tokens(question.text)},
          {"question_id", id},
          {"set_name", "val"}};
}

/// The word with one letter taken for another.
std::string misread(std::string word, Rng& rng) {
  char& letter = word[static_cast<std::size_t>(rng.below(word.size()))];
  constexpr std::string_view kSeen = "OolISseaB", kRead = "001155co8";
  const std::size_t found = kSeen.find(letter);
  letter = found == std::string_view::npos ? 'i' : kRead[found];
  return word;
}

Json word_entry(const std::string& word, const Box& box, const TextExample& example) {
  const auto share = [](double part, int whole) { return std::round(1e6 * part / whole) / 1e6; };
  return {{"word", word},
          {"bounding_box",
           {{"width", share(box.w, example.width)},
            {"height", share(box.h, example.height)},
            {"rotation", 0.0},
            {"roll", 0.0},
            {"pitch", 0.0},
            {"yaw", 0.0},
            {"topLeftX", share(box.x, example.width)},
            {"topLeftY", share(box.y, example.height)}}}};
}

}  // namespace

Json vqa_file(std::span<const Scene> scenes, VqaPart part, const std::string& subtype,
              std::uint64_t seed) {
  const bool wants_questions = part == VqaPart::kQuestions;
  Json entries = Json::array();
  for (const Scene& scene : scenes) {
    std::int64_t id = scene.id * 1000;  // VQA's rule
    for (const Question& question :
         ask_about(scene, Rng(seed, static_cast<std::uint64_t>(scene.id)))) {
      if (wants_questions) {
        entries.push_back(
            {{"image_id", scene.id}, {"question", question.text}, {"question_id", id}});
      } else {
        entries.push_back(annotation_entry(question, scene.id, id));
      }
      ++id;
    }
  }
  Json file = vqa_header(part, subtype);
  file[wants_questions ? "questions" : "annotations"] = std::move(entries);
  return file;
}

Json textvqa_file(std::span<const TextExample> examples, std::uint64_t seed) {
  Json data = Json::array();
  std::int64_t id = 34602;  // where the ids of the validation split start
  for (const TextExample& example : examples) {
    for (const TextQuestion& question : example.scene.questions) {
      Rng rng(seed, static_cast<std::uint64_t>(id));
      data.push_back(textvqa_entry(example, question, id++, rng));
    }
  }
  return {{"dataset_type", "val"},
          {"dataset_name", "textvqa"},
          {"dataset_version", "0.5.1"},
          {"data", std::move(data)}};
}

Json ocr_file(std::span<const TextExample> examples, std::uint64_t seed) {
  constexpr double kMisread = 0.06;
  Json data = Json::array();
  Rng rng(seed);
  for (const TextExample& example : examples) {
    Json tokens = Json::array(), infos = Json::array();
    for (const Word& word : example.scene.words) {
      const std::string read = rng.chance(kMisread) ? misread(word.text, rng) : word.text;
      tokens.push_back(read);
      infos.push_back(word_entry(read, word.box, example));
    }
    data.push_back({{"image_id", example.image_id}, {"ocr_tokens", tokens}, {"ocr_info", infos}});
  }
  return {{"dataset_type", "val"},
          {"dataset_name", "textvqa"},
          {"dataset_version", "0.2"},
          {"data", std::move(data)}};
}

}  // namespace sightline::demo
