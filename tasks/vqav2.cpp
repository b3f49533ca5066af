#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/json_reader.h"
#include "tasks/declarations.h"
#include "tasks/questions.h"

// VQAv2 (Goyal et al., CVPR 2017): questions about COCO images with ten answers each.

namespace sightline {

namespace {

namespace fs = std::filesystem;

struct VqaSplit {
  std::string name, questions, annotations, images, image_prefix;
};

/// `image_prefix` "" leaves out the images, which scoring does not need.
void read_annotations(const fs::path& file, const std::string& image_prefix, QuestionSet& set) {
  JsonFile json(file);
  JsonRecord top = json.top();
  ClusterNumbers<std::int64_t> clusters;
  UniqueIds ids;
  top.each_record("annotations", [&](JsonRecord& record) {
    Question question;
    question.groups[1] = set.arena.keep_once(record.text("question_type"));
    record.each_record(
        "answers", [&](JsonRecord& answer) { set.add_answer(question, answer.text("answer")); });
    if (question.answers == 0) record.fail_field("answers", "is empty, want ten answers");
    const std::int64_t image_id = record.integer("image_id");
    question.cluster = clusters.number(image_id);
    question.groups[0] = set.arena.keep_once(record.text("answer_type"));
    const std::string id = record.id("question_id");
    ids.add(id, record, "question_id");
    question.id = set.arena.keep(id);
    if (!image_prefix.empty()) {
      question.image = set.arena.keep(coco_file_name(image_prefix, image_id));
    }
    set.questions.push_back(question);
  });
  require(!set.questions.empty(), "{}: 'annotations' is empty", file.string());
}

/// Makes the set of the questions alone, of a split whose answers are not public.
void read_questions(const fs::path& file, const std::string& image_prefix, QuestionSet& set) {
  JsonFile json(file);
  JsonRecord top = json.top();
  ClusterNumbers<std::int64_t> clusters;
  UniqueIds ids;
  top.each_record("questions", [&](JsonRecord& record) {
    Question question;
    const std::int64_t image_id = record.integer("image_id");
    question.image = set.arena.keep(coco_file_name(image_prefix, image_id));
    question.cluster = clusters.number(image_id);
    question.text = set.arena.keep(record.text("question"));
    const std::string id = record.id("question_id");
    ids.add(id, record, "question_id");
    question.id = set.arena.keep(id);
    set.questions.push_back(question);
  });
  require(!set.questions.empty(), "{}: 'questions' is empty", file.string());
}

/// Adds the questions' words to annotations that have been read.
void add_question_texts(const fs::path& file, const std::string& image_prefix, QuestionSet& set) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < set.questions.size(); ++i) places[set.questions[i].id] = i;
  std::vector<bool> asked(set.questions.size());
  JsonFile json(file);
  JsonRecord top = json.top();
  top.each_record("questions", [&](JsonRecord& record) {
    const std::string image = coco_file_name(image_prefix, record.integer("image_id"));
    const std::string_view text = record.text("question");
    const std::string id = record.id("question_id");
    const auto place = places.find(id);
    require(place != places.end(), "{}: question_id {} is not among the annotations", record.name(),
            id);
    require(!asked[place->second], "{}: question_id '{}' occurs twice", record.name(), id);
    Question& question = set.questions[place->second];
    require(question.image == image, "{}: question_id {} is about {}, in the annotations about {}",
            record.name(), id, image, question.image);
    asked[place->second] = true;
    question.text = set.arena.keep(text);
  });
  for (std::size_t i = 0; i < asked.size(); ++i) {
    require(asked[i], "{}: question_id {} of the annotations is missing", file.string(),
            set.questions[i].id);
  }
}

Task open(const VqaSplit& split, const TaskSources& sources) {
  auto set = std::make_shared<QuestionSet>();
  set->dimensions = {"answer_type", "question_type"};
  set->images = sources.images.empty() ? sources.data_root / split.images : sources.images;
  const auto questions = [&] { return source_file(sources.questions, sources, split.questions); };
  if (split.annotations.empty()) {
    set->files = {questions()};
    read_questions(set->files[0], split.image_prefix, *set);
  } else {
    set->files = {source_file(sources.annotations, sources, split.annotations)};
    read_annotations(set->files[0], sources.for_scoring ? "" : split.image_prefix, *set);
  }
  if (!split.annotations.empty() && !sources.for_scoring) {
    set->files.push_back(questions());
    add_question_texts(set->files[1], split.image_prefix, *set);
  }
  Task task;
  task.version = "1";
  task.kind = Kind::kText;
  task.rules = {"vqa/official", "vqa/lmms-eval", "vqa/big_vision", "vqa/big_vision_plain"};
  task.protocol = {{"split", split.name}};
  task.dataset = question_dataset(set);
  task.has_references = !split.annotations.empty();
  if (task.has_references) {
    task.reference = [set](std::size_t index) { return question_reference(*set, index); };
  }
  task.new_scorer = [set](const std::string& rules) {
    return answer_scorer(set, rules, "vqa_accuracy");
  };
  return task;
}

TaskDeclaration declare(const std::string& name, const std::string& summary,
                        const VqaSplit& split) {
  TaskDeclaration task{.name = name, .summary = summary, .metrics = {"vqa_accuracy"}};
  task.files = {split.questions};
  task.predictions = {.id_field = "question_id", .text_field = "answer"};
  if (!split.annotations.empty()) task.files.push_back(split.annotations);
  task.files.push_back(split.images + "/");
  task.open = [split](const TaskSources& sources, const auto&) { return open(split, sources); };
  return task;
}

}  // namespace

void add_vqav2_tasks(TaskTable& table) {
  table.add(
      declare("vqav2_val", "VQAv2 validation: 214,354 questions on COCO val2014",
              {"val2014", "vqav2/v2_OpenEnded_mscoco_val2014_questions.json",
               "vqav2/v2_mscoco_val2014_annotations.json", "vqav2/val2014", "COCO_val2014_"}));
  table.add(declare("vqav2_testdev", "VQAv2 test-dev: writes the submission file, no references",
                    {"test-dev2015", "vqav2/v2_OpenEnded_mscoco_test-dev2015_questions.json", "",
                     "vqav2/test2015", "COCO_test2015_"}));
}

}  // namespace sightline
