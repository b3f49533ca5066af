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

void read_annotations(const fs::path& file, QuestionSet& set) {
  JsonFile json(file);
  JsonRecord top = json.top();
  ClusterNumbers<std::string> clusters;
  UniqueIds ids;
  top.each_record("data", [&](JsonRecord& record) {
    Question question;
    question.text = set.arena.keep(record.text("question"));
    const std::string image = std::string(record.text("image_id")) + ".jpg";
    question.image = set.arena.keep_once(image);
    question.cluster = clusters.number(image);
    record.each_text("answers", [&](std::string_view answer) { set.add_answer(question, answer); });
    if (question.answers != 10) {
      record.fail_field("answers", fmt::format("has {} answers, want ten", question.answers));
    }
    const std::string id = record.id("question_id");
    ids.add(id, record, "question_id");
    question.id = set.arena.keep(id);
    set.questions.push_back(question);
  });
  require(!set.questions.empty(), "{}: 'data' is empty", file.string());
}

/// Gives every question the words that the Rosetta system read in its image.
void read_ocr(const fs::path& file, QuestionSet& set) {
  std::unordered_map<std::string, std::pair<std::uint32_t, std::uint32_t>> ranges;
  JsonFile json(file);
  JsonRecord top = json.top();
  top.each_record("data", [&](JsonRecord& record) {
    const std::string image = std::string(record.text("image_id")) + ".jpg";
    const auto first = static_cast<std::uint32_t>(set.ocr_tokens.size());
    record.each_text("ocr_tokens", [&](std::string_view token) {
      set.ocr_tokens.push_back(set.arena.keep(token));
    });
    const std::uint32_t count = static_cast<std::uint32_t>(set.ocr_tokens.size()) - first;
    require(ranges.try_emplace(image, first, count).second, "{}: image_id '{}' occurs twice",
            record.name(), image.substr(0, image.size() - 4));
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
  task.rules = {"textvqa/mmf", "textvqa/big_vision"};
  task.protocol = {{"split", "val"}};
  task.dataset = question_dataset(set);
  task.reference = [set](std::size_t index) { return question_reference(*set, index); };
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
