#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/json_reader.h"
#include "tasks/captions.h"
#include "tasks/declarations.h"
#include "tasks/groundings.h"
#include "tasks/questions.h"

// Tasks that a user declares in a JSON file, without compiling; tasks/ADDING_A_TASK.md shows one.

namespace sightline {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What the file declares. Field names are those of the records of the data file.
struct OwnTask {
  std::string name, summary, kind, data, images, rules;
  std::string records;  // array in the data file; "" for a top-level array or JSON lines
  std::string id, image, question, answers, references, expression, box;
  int max_new_tokens = 0;
};

std::string text_field(const json& document, const fs::path& file, const std::string& field,
                       const std::string& fallback = "") {
  if (!document.contains(field)) return fallback;
  require(document.at(field).is_string(), "{}: field '{}' is not a string", file.string(), field);
  return document.at(field);
}

void check_keys(const json& document, const std::vector<std::string>& known, const fs::path& file) {
  for (const auto& [key, value] : document.items()) {
    require(std::find(known.begin(), known.end(), key) != known.end(),
            "{}: there is no setting '{}'{}; there are {}", file.string(), key,
            did_you_mean(key, known), fmt::join(known, ", "));
  }
}

json read_declaration(const fs::path& file) {
  try {
    json document = json::parse(read_file(file));
    require(document.is_object(), "{}: want a JSON object that declares a task", file.string());
    return document;
  } catch (const json::exception& error) {
    fail("{}: broken JSON ({})", file.string(), error.what());
  }
}

OwnTask read_own_task(const fs::path& file) {
  const json document = read_declaration(file);
  check_keys(
      document,
      {"name", "summary", "kind", "data", "images", "rules", "records", "fields", "max_new_tokens"},
      file);
  OwnTask task;
  task.name = text_field(document, file, "name");
  task.summary = text_field(document, file, "summary", "declared in " + file.filename().string());
  task.kind = text_field(document, file, "kind");
  task.data = text_field(document, file, "data");
  task.images = text_field(document, file, "images");
  task.rules = text_field(document, file, "rules");
  task.records = text_field(document, file, "records");
  task.max_new_tokens = document.value("max_new_tokens", 0);
  require(!task.name.empty() && !task.data.empty(), "{}: 'name' and 'data' are needed",
          file.string());
  const json fields = document.value("fields", json::object());
  check_keys(fields, {"id", "image", "question", "answers", "references", "expression", "box"},
             file);
  task.id = text_field(fields, file, "id", "id");
  task.image = text_field(fields, file, "image", "image");
  task.question = text_field(fields, file, "question", "question");
  task.answers = text_field(fields, file, "answers", "answers");
  task.references = text_field(fields, file, "references", "references");
  task.expression = text_field(fields, file, "expression", "expression");
  task.box = text_field(fields, file, "box", "bbox");
  return task;
}

void each_own_record(const OwnTask& own, const fs::path& data,
                     const std::function<void(JsonRecord&)>& visit) {
  JsonFile file(data);
  if (own.records.empty()) return file.each_record(visit);
  JsonRecord top = file.top();
  file.each_record(top, own.records, visit);
}

/// Ids that may occur once.
class UniqueIds {
 public:
  void add(const JsonRecord& record, std::string_view field, const std::string& id) {
    require(seen_.emplace(id, true).second, "{}: {} '{}' occurs twice", record.name(), field, id);
  }

 private:
  std::map<std::string, bool> seen_;
};

/// A string, or an array of strings.
std::vector<std::string> texts(JsonRecord& record, const std::string& field) {
  std::vector<std::string> list;
  for (auto element : record.array(field)) {
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
      record.fail_field(field, "holds something that is not a string");
    }
    list.emplace_back(text);
  }
  if (list.empty()) record.fail_field(field, "is empty, want at least one text");
  return list;
}

Task open_questions(const OwnTask& own, const fs::path& data, const fs::path& images) {
  auto set = std::make_shared<QuestionSet>();
  set->images = images;
  set->files = {data};
  set->max_new_tokens = own.max_new_tokens > 0 ? own.max_new_tokens : 16;
  UniqueIds ids;
  std::map<std::string, std::uint32_t> clusters;
  each_own_record(own, data, [&](JsonRecord& record) {
    Question question;
    const std::string id = record.id(own.id);
    ids.add(record, own.id, id);
    question.id = set->arena.keep(id);
    question.image = set->arena.keep(record.text(own.image));
    question.cluster =
        clusters
            .try_emplace(std::string(question.image), static_cast<std::uint32_t>(clusters.size()))
            .first->second;
    question.text = set->arena.keep(record.text(own.question));
    question.first_answer = static_cast<std::uint32_t>(set->answers.size());
    for (const std::string& answer : texts(record, own.answers)) {
      set->answers.push_back(set->arena.keep(answer));
    }
    question.answers = static_cast<std::uint32_t>(set->answers.size()) - question.first_answer;
    set->questions.push_back(question);
  });
  const std::string rules = own.rules.empty() ? "vqa/official" : own.rules;
  const std::string metric = rules.starts_with("anls/") ? "anls" : "vqa_accuracy";
  answer_scorer(set, rules, metric);  // unknown rules are refused when the task is opened
  Task task;
  task.rules = {rules};
  task.dataset = question_dataset(set);
  task.new_scorer = [set, metric](const std::string& r) { return answer_scorer(set, r, metric); };
  return task;
}

Task open_captions(const OwnTask& own, const fs::path& data, const fs::path& images) {
  auto set = std::make_shared<CaptionSet>();
  set->images = images;
  set->files = {data};
  set->detailed = own.kind == "detailed_captions";
  UniqueIds ids;
  each_own_record(own, data, [&](JsonRecord& record) {
    CaptionItem item;
    item.id = record.id(own.id);
    ids.add(record, own.id, item.id);
    item.image = record.text(own.image);
    item.references = texts(record, own.references);
    set->items.push_back(std::move(item));
  });
  Task task = caption_task(set, own.name);
  if (!own.rules.empty()) task.rules = {own.rules};
  caption_scorer(set, task.rules.front());
  return task;
}

Task open_groundings(const OwnTask& own, const fs::path& data, const fs::path& images) {
  auto set = std::make_shared<GroundingSet>();
  set->images = images;
  set->files = {data};
  set->split = own.name;
  UniqueIds ids;
  std::map<std::string, std::uint32_t> clusters;
  each_own_record(own, data, [&](JsonRecord& record) {
    Expression expression;
    expression.id = record.id(own.id);
    ids.add(record, own.id, expression.id);
    expression.image = record.text(own.image);
    expression.cluster =
        clusters.try_emplace(expression.image, static_cast<std::uint32_t>(clusters.size()))
            .first->second;
    expression.text = record.text(own.expression);
    double numbers[4];
    record.box(own.box, numbers);
    expression.box = {numbers[0], numbers[1], numbers[2], numbers[3]};
    set->expressions.push_back(std::move(expression));
  });
  Task task;
  task.kind = Kind::kGround;
  task.rules = own.rules.empty() ? grounding_rules() : std::vector<std::string>{own.rules};
  task.dataset = grounding_dataset(set);
  grounding_scorer(set, task.rules.front());
  task.new_scorer = [set](const std::string& rules) { return grounding_scorer(set, rules); };
  return task;
}

/// A path of the declaration: absolute, beside the declaration, or below the data root.
fs::path locate(const std::string& name, const fs::path& declaration, const TaskSources& sources) {
  const fs::path beside = declaration.parent_path() / name;
  if (fs::path(name).is_absolute() || fs::exists(beside)) return beside;
  return sources.data_root / name;
}

Task open_own(const OwnTask& own, const fs::path& declaration, const TaskSources& sources) {
  const fs::path data = locate(own.data, declaration, sources);
  require_file(data, fmt::format("'data' of {} names it", declaration.string()));
  const fs::path images = locate(own.images, declaration, sources);
  Task task = own.kind == "questions"    ? open_questions(own, data, images)
              : own.kind == "groundings" ? open_groundings(own, data, images)
                                         : open_captions(own, data, images);
  require(task.dataset->size() > 0, "{}: no record in it", data.string());
  task.version = "own";
  task.protocol["declaration"] = own.name;
  return task;
}

PredictionFormat predictions_of(const OwnTask& own) {
  if (own.kind == "groundings") {
    return {.shape = PredictionFormat::Shape::kGroundings, .id_field = "sent_id"};
  }
  return {.id_field = own.id, .text_field = own.kind == "questions" ? "answer" : "caption"};
}

std::vector<std::string> metrics_of(const std::string& kind) {
  if (kind == "questions") return {"vqa_accuracy"};
  if (kind == "groundings") return {"acc@0.5", "mean_iou"};
  if (kind == "captions") return {"bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider"};
  return {"chars", "sentences", "nes", "bleu4", "rouge_l", "cider"};
}

}  // namespace

void add_tasks_from_folder(TaskTable& table, const fs::path& folder) {
  require(fs::is_directory(folder), "--include_path {} is not a folder", folder.string());
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const OwnTask own = read_own_task(file);
    const std::vector<std::string> kinds = {"questions", "captions", "detailed_captions",
                                            "groundings"};
    require(std::find(kinds.begin(), kinds.end(), own.kind) != kinds.end(),
            "{}: kind '{}'{}; want one of {}", file.string(), own.kind,
            did_you_mean(own.kind, kinds), fmt::join(kinds, ", "));
    TaskDeclaration task{.name = own.name,
                         .summary = own.summary,
                         .files = {own.data, own.images},
                         .metrics = metrics_of(own.kind)};
    task.predictions = predictions_of(own);
    task.open = [own, file](const TaskSources& sources, const auto&) {
      return open_own(own, file, sources);
    };
    table.add(std::move(task));
  }
}

}  // namespace sightline
