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

/// 0 where the document does not say.
int max_new_tokens_of(const json& document, const fs::path& file) {
  const auto field = document.find("max_new_tokens");
  if (field == document.end()) return 0;
  require(field->is_number_integer() && *field >= 1 && *field <= 1'000'000,
          "{}: field 'max_new_tokens' is {}, want a whole number from 1 to 1000000", file.string(),
          field->dump());
  return field->get<int>();
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
    require(document.is_object(),
            "{}: want a JSON object that declares a task (keep other .json files elsewhere)",
            file.string());
    return document;
  } catch (const json::exception& error) {
    fail("{}: broken JSON ({})", file.string(), error.what());
  }
}

/// Names that stand in the way of "name[option=value],name".
void check_name(const std::string& name, const fs::path& file) {
  require(!name.empty() && name.find_first_of("[],= \t\r\n/") == std::string::npos,
          "{}: field 'name' is '{}', want a name without brackets, commas, slashes and spaces",
          file.string(), name);
}

void check_kind(const std::string& kind, const fs::path& file) {
  const std::vector<std::string> kinds = {"questions", "captions", "detailed_captions",
                                          "groundings"};
  require(std::find(kinds.begin(), kinds.end(), kind) != kinds.end(),
          "{}: field 'kind' is '{}'{}; want one of {}", file.string(), kind,
          did_you_mean(kind, kinds), fmt::join(kinds, ", "));
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
  task.max_new_tokens = max_new_tokens_of(document, file);
  check_name(task.name, file);
  check_kind(task.kind, file);
  require(!task.data.empty(), "{}: field 'data' is missing, want the file with the records",
          file.string());
  const json fields = document.contains("fields") ? document.at("fields") : json::object();
  require(fields.is_object(), "{}: field 'fields' is not an object", file.string());
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
  top.each_record(own.records, visit);
}

/// An array of strings, at least one.
std::vector<std::string> texts(JsonRecord& record, const std::string& field) {
  std::vector<std::string> list;
  record.each_text(field, [&](std::string_view text) { list.emplace_back(text); });
  if (list.empty()) record.fail_field(field, "is empty, want at least one text");
  return list;
}

/// The metric that the rules of a question task give.
std::string answer_metric(const OwnTask& own) {
  return own.rules.starts_with("anls/") ? "anls" : "vqa_accuracy";
}

Task open_questions(const OwnTask& own, const fs::path& data, const fs::path& images) {
  auto set = std::make_shared<QuestionSet>();
  set->images = images;
  set->files = {data};
  if (own.max_new_tokens > 0) set->max_new_tokens = own.max_new_tokens;
  UniqueIds ids;
  ClusterNumbers<std::string> clusters;
  each_own_record(own, data, [&](JsonRecord& record) {
    Question question;
    const std::string id = record.id(own.id);
    ids.add(id, record, own.id);
    question.id = set->arena.keep(id);
    question.image = set->arena.keep_once(record.text(own.image));
    question.cluster = clusters.number(std::string(question.image));
    question.text = set->arena.keep(record.text(own.question));
    for (const std::string& answer : texts(record, own.answers)) set->add_answer(question, answer);
    set->questions.push_back(question);
  });
  const std::string rules = own.rules.empty() ? "vqa/official" : own.rules;
  const std::string metric = answer_metric(own);
  answer_scorer(set, rules, metric);  // unknown rules are refused when the task is opened
  Task task;
  task.rules = {rules};
  task.dataset = question_dataset(set);
  task.reference = [set](std::size_t index) { return question_reference(*set, index); };
  task.new_scorer = [set, metric](const std::string& r) { return answer_scorer(set, r, metric); };
  return task;
}

Task open_captions(const OwnTask& own, const fs::path& data, const fs::path& images) {
  auto set = std::make_shared<CaptionSet>();
  set->images = images;
  set->files = {data};
  set->detailed = own.kind == "detailed_captions";
  if (own.max_new_tokens > 0) set->max_new_tokens = own.max_new_tokens;
  UniqueIds ids;
  each_own_record(own, data, [&](JsonRecord& record) {
    CaptionItem item;
    item.id = record.id(own.id);
    ids.add(item.id, record, own.id);
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
  if (own.max_new_tokens > 0) set->max_new_tokens = own.max_new_tokens;
  UniqueIds ids;
  ClusterNumbers<std::string> clusters;
  each_own_record(own, data, [&](JsonRecord& record) {
    Expression expression;
    expression.id = record.id(own.id);
    ids.add(expression.id, record, own.id);
    expression.image = record.text(own.image);
    expression.cluster = clusters.number(expression.image);
    expression.text = record.text(own.expression);
    expression.box = record.box(own.box);
    set->expressions.push_back(std::move(expression));
  });
  Task task;
  task.kind = Kind::kGround;
  task.rules = own.rules.empty() ? grounding_rules() : std::vector<std::string>{own.rules};
  task.dataset = grounding_dataset(set);
  task.reference = [set](std::size_t index) { return grounding_reference(*set, index); };
  grounding_scorer(set, task.rules.front());
  task.new_scorer = [set](const std::string& rules) { return grounding_scorer(set, rules); };
  return task;
}

/// A path of the declaration: absolute, beside the declaration, or below the data root.
fs::path locate(const std::string& name, const fs::path& declaration, const TaskSources& sources) {
  const fs::path beside = declaration.parent_path() / name;
  if (fs::path(name).is_absolute() || fs::exists(beside) || sources.data_root.empty())
    return beside;
  return sources.data_root / name;
}

Task open_own(const OwnTask& own, const fs::path& declaration, const TaskSources& sources) {
  const fs::path data =
      sources.annotations.empty() ? locate(own.data, declaration, sources) : sources.annotations;
  require_file(data, fmt::format("'data' of {} names it", declaration.string()));
  const fs::path images =
      sources.images.empty() ? locate(own.images, declaration, sources) : sources.images;
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

std::vector<std::string> metrics_of(const OwnTask& own) {
  if (own.kind == "questions") return {answer_metric(own)};
  if (own.kind == "groundings") return {"acc@0.5", "mean_iou"};
  if (own.kind == "captions") {
    return {"bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider", "meteor", "spice"};
  }
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
    TaskDeclaration task{.name = own.name,
                         .summary = own.summary,
                         .files = {own.data, own.images},
                         .metrics = metrics_of(own)};
    task.predictions = predictions_of(own);
    task.open = [own, file](const TaskSources& sources, const auto&) {
      return open_own(own, file, sources);
    };
    with_context([&] { return fmt::format("reading {}", file.string()); },
                 [&] { table.add(std::move(task)); });
  }
}

}  // namespace sightline
