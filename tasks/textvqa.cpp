#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/json_reader.h"
#include "tasks/declarations.h"
#include "tasks/questions.h"

// TextVQA (Singh et al., CVPR 2019): questions whose answer is written in the image.

namespace sightline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kAnnotations = "textvqa/TextVQA_0.5.1_val.json";
constexpr const char* kOcr = "textvqa/TextVQA_Rosetta_OCR_v0.2_val.json";
constexpr const char* kImages = "textvqa/train_images";

std::string_view text_of(simdjson::ondemand::value element, const JsonRecord& record,
                         std::string_view field) {
  std::string_view text;
  if (element.get_string().get(text) != simdjson::SUCCESS) {
    record.fail_field(field, "holds something that is not a string");
  }
  return text;
}

/// Numbers images by their name in order of first appearance.
class ImageNames {
 public:
  explicit ImageNames(TextArena& arena) : arena_(arena) {}
  void assign(std::string_view image_id, Question& question) {
    auto found = places_.find(image_id);
    if (found == places_.end()) {
      const std::string_view file = arena_.keep(std::string(image_id) + ".jpg");
      const Place place{file, static_cast<std::uint32_t>(places_.size())};
      found = places_.emplace(file.substr(0, image_id.size()), place).first;
    }
    question.image = found->second.file;
    question.cluster = found->second.cluster;
  }

 private:
  struct Place {
    std::string_view file;
    std::uint32_t cluster;
  };
  TextArena& arena_;
  std::unordered_map<std::string_view, Place> places_;
};

void read_annotations(const fs::path& file, QuestionSet& set) {
  JsonFile json(file);
  JsonRecord top = json.top();
  ImageNames images(set.arena);
  std::unordered_map<std::string_view, bool> seen;
  json.each_record(top, "data", [&](JsonRecord& record) {
    Question question;
    question.text = set.arena.keep(record.text("question"));
    images.assign(record.text("image_id"), question);
    question.first_answer = static_cast<std::uint32_t>(set.answers.size());
    for (auto element : record.array("answers")) {
      set.answers.push_back(set.arena.keep(text_of(element.value(), record, "answers")));
    }
    question.answers = static_cast<std::uint32_t>(set.answers.size()) - question.first_answer;
    if (question.answers != 10) {
      record.fail_field("answers", fmt::format("has {} answers, want ten", question.answers));
    }
    question.id = set.arena.keep(record.id("question_id"));
    require(seen.emplace(question.id, true).second, "{}: question_id {} occurs twice",
            record.name(), question.id);
    set.questions.push_back(question);
  });
  require(!set.questions.empty(), "{}: 'data' is empty", file.string());
}

/// Gives every question the words that the Rosetta system read in its image.
void read_ocr(const fs::path& file, QuestionSet& set) {
  std::unordered_map<std::string, std::pair<std::uint32_t, std::uint32_t>> ranges;
  JsonFile json(file);
  JsonRecord top = json.top();
  json.each_record(top, "data", [&](JsonRecord& record) {
    const std::string image = std::string(record.text("image_id")) + ".jpg";
    const auto first = static_cast<std::uint32_t>(set.ocr_tokens.size());
    for (auto element : record.array("ocr_tokens")) {
      set.ocr_tokens.push_back(set.arena.keep(text_of(element.value(), record, "ocr_tokens")));
    }
    ranges[image] = {first, static_cast<std::uint32_t>(set.ocr_tokens.size()) - first};
  });
  for (Question& question : set.questions) {
    const auto found = ranges.find(std::string(question.image));
    require(found != ranges.end(), "{}: no OCR tokens for image {} (question {})", file.string(),
            question.image, question.id);
    question.first_token = found->second.first;
    question.tokens = found->second.second;
  }
}

Task open(const TaskSources& sources, const TaskDeclaration::Options& options) {
  auto set = std::make_shared<QuestionSet>();
  set->images = sources.images.empty() ? sources.data_root / kImages : sources.images;
  set->files.push_back(source_file(sources.annotations, sources, kAnnotations));
  read_annotations(set->files.back(), *set);
  if (options.at("ocr") == "on" && !sources.for_scoring) {
    set->files.push_back(source_file({}, sources, kOcr));
    read_ocr(set->files.back(), *set);
  }
  Task task;
  task.version = "1";
  task.kind = Kind::kText;
  task.rules = {"textvqa/mmf", "textvqa/big_vision", "vqa/lmms-eval"};
  task.protocol = {{"split", "val"}};
  task.dataset = question_dataset(set);
  task.new_scorer = [set](const std::string& rules) {
    return answer_scorer(set, rules, "textvqa_accuracy");
  };
  return task;
}

}  // namespace

void add_textvqa_tasks(TaskTable& table) {
  TaskDeclaration task{
      .name = "textvqa_val",
      .summary = "TextVQA validation: 5,000 questions about text in images",
      .files = {kAnnotations, std::string(kOcr) + " (ocr=on)", std::string(kImages) + "/"},
      .metrics = {"textvqa_accuracy"}};
  task.options = {{"ocr", "off", "give the model the OCR tokens of the image", {"off", "on"}}};
  task.predictions = {.id_field = "question_id", .text_field = "answer"};
  task.open = open;
  table.add(std::move(task));
}

}  // namespace sightline
