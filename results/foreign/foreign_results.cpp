#include "results/foreign/foreign_results.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "results/foreign/foreign_json.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Of a task's configuration, in the spelling of both harnesses.
constexpr std::array kTaskFields = {"dataset_path",
                                    "dataset_name",
                                    "dataset_kwargs",
                                    "training_split",
                                    "validation_split",
                                    "test_split",
                                    "fewshot_split",
                                    "fewshot_config",
                                    "num_fewshot",
                                    "output_type",
                                    "generation_kwargs",
                                    "process_docs",
                                    "process_results",
                                    "doc_to_text",
                                    "doc_to_target",
                                    "doc_to_choice",
                                    "doc_to_image",
                                    "doc_to_visual",
                                    "doc_to_messages",
                                    "description",
                                    "gen_prefix",
                                    "target_delimiter",
                                    "fewshot_delimiter",
                                    "filter_list",
                                    "metric_list",
                                    "repeats",
                                    "lmms_eval_specific_kwargs",
                                    "model_specific_prompt_kwargs",
                                    "model_specific_generation_kwargs"};
constexpr std::array kRunFields = {"gen_kwargs", "limit"};
constexpr std::array kTopFields = {"system_instruction", "chat_template", "fewshot_as_multiturn"};

json read_document(const fs::path& file) {
  const MappedFile mapped(file);
  std::string_view text = mapped.bytes();
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  require(!strip(text).empty(), "{} is empty, want the results of a run as JSON", file.string());
  require(is_utf8(text), "{}: the text is not valid UTF-8", file.string());
  json document = parse_python_json(text, file.string());
  require(document.is_object(), "{}: the top level is not a JSON object", file.string());
  return document;
}

std::string shortened(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 80);
}

/// `value` without what differs from process to process: "<function f at 0x7f12>".
json without_addresses(json value) {
  static const std::regex kAddress(" at 0x[0-9a-fA-F]+");
  if (value.is_string()) return std::regex_replace(value.get<std::string>(), kAddress, "");
  if (value.is_structured()) {
    for (auto& item : value) item = without_addresses(item);
  }
  return value;
}

template <typename Names>
void copy_fields(const json& from, const Names& names, json& to) {
  if (!from.is_object()) return;
  for (const char* name : names) {
    const auto found = from.find(name);
    if (found != from.end() && !found->is_null()) to[name] = without_addresses(*found);
  }
}

/// "0", "1.5", "v2": one text for 1 and 1.0.
std::string version_text(const json& value) {
  if (value.is_number()) return fmt::format("{}", value.get<double>());
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : shortened(value);
}

ForeignMetric split_key(const std::string& key) {
  const std::size_t comma = key.rfind(',');
  return {key.substr(0, comma), key.substr(comma + 1)};
}

/// Whether `key` says how sure another metric of `values` is: "acc_stderr,none",
/// "acc_stderr_clt,none".
bool is_standard_error(const json& values, const ForeignMetric& key) {
  const std::size_t at = key.name.rfind("_stderr");
  return at != std::string::npos && values.contains(key.name.substr(0, at) + "," + key.filter);
}

bool is_no_value(const json& value) {
  return value.is_null() || value == "N/A" || value == "" || value == " ";
}

/// The entry of a metric in the task's `metric_list`, and its place there.
std::pair<std::size_t, const json*> listed(const json* list, const std::string& name) {
  if (list == nullptr || !list->is_array()) return {0, nullptr};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& entry = (*list)[i];
    if (entry.is_object() && entry.value("metric", json()) == name) return {i, &entry};
  }
  return {list->size(), nullptr};
}

std::optional<bool> flag(const json* object, const std::string& name) {
  if (object == nullptr || !object->is_object()) return std::nullopt;
  const auto found = object->find(name);
  if (found == object->end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

const json* member(const json* object, const std::string& name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

}  // namespace

ForeignResults::ForeignResults(fs::path file)
    : file_(std::move(file)), document_(std::make_shared<const json>(read_document(file_))) {
  const json* results = member(document_.get(), "results");
  require(results != nullptr,
          "{}: field results is missing, want a results file of "
          "lm-evaluation-harness or lmms-eval",
          file_.string());
  require(results->is_object(), "{}: field results is {}, want an object", file_.string(),
          shortened(*results));
  for (const auto& [task, values] : results->items()) {
    require(values.is_object(), "{}: field results.{} is {}, want an object", file_.string(), task,
            shortened(values));
  }
  origin_ = find_origin();
}

std::string ForeignResults::find_origin() const {
  if (document_->contains("lm_eval_version")) return "lm-evaluation-harness";
  if (document_->contains("lmms_eval_version")) return "lmms-eval";
  for (const auto& [task, values] : document_->at("results").items()) {
    for (const auto& [key, value] : values.items()) {
      if (key.find("_stderr_cl") != key.npos) return "lmms-eval";
    }
  }
  const std::string name = file_.filename().string();
  return name.ends_with("_results.json") ? "lmms-eval" : "lm-evaluation-harness";
}

/// `document[field][name]`; null where either is missing.
const json* ForeignResults::find(const std::string& field, const std::string& name) const {
  return member(member(document_.get(), field), name);
}

std::string ForeignResults::model() const {
  const json* name = member(document_.get(), "model_name");
  if (name != nullptr && name->is_string() && *name != "") return name->get<std::string>();
  return fs::absolute(file_).parent_path().filename().string();
}

std::string ForeignResults::rules() const {
  const char* field = origin_ == "lmms-eval" ? "lmms_eval_version" : "lm_eval_version";
  const json* version = member(document_.get(), field);
  const std::string text = version == nullptr ? "" : version_text(*version);
  return text.empty() ? origin_ : origin_ + " " + text;
}

bool ForeignResults::is_group(const std::string& task) const {
  const json* subtasks = find("group_subtasks", task);
  return find("configs", task) == nullptr && subtasks != nullptr && !subtasks->empty();
}

std::vector<std::string> ForeignResults::tasks() const {
  std::vector<std::string> names;
  for (const auto& [task, values] : document_->at("results").items()) {
    if (!is_group(task)) names.push_back(task);
  }
  return names;
}

std::vector<std::string> ForeignResults::groups() const {
  std::vector<std::string> names;
  for (const auto& [task, values] : document_->at("results").items()) {
    if (is_group(task)) names.push_back(task);
  }
  return names;
}

std::vector<ForeignResults::Metric> ForeignResults::metrics(const std::string& task) const {
  const json& values = document_->at("results").at(task);
  const json* list = member(find("configs", task), "metric_list");
  std::vector<std::pair<std::size_t, Metric>> found;
  for (const auto& [key, value] : values.items()) {
    if (key.find(',') == key.npos) continue;  // "alias", "sample_len"
    Metric metric{.name = split_key(key), .value = {}, .aggregation = {}};
    if (is_standard_error(values, metric.name)) continue;
    metric.is_number = value.is_number() || is_no_value(value);
    metric.value.key = metric.name.key();
    if (value.is_number()) metric.value.value = value.get<double>();
    const json* error = member(&values, metric.name.name + "_stderr," + metric.name.filter);
    if (error != nullptr && error->is_number()) metric.value.standard_error = error->get<double>();
    const auto [place, entry] = listed(list, metric.name.name);
    std::optional<bool> better = flag(find("higher_is_better", task), metric.name.name);
    if (!better) better = flag(entry, "higher_is_better");
    metric.has_direction = better.has_value();
    metric.value.higher_is_better = better.value_or(true);
    const json* aggregation = member(entry, "aggregation");
    if (aggregation != nullptr && aggregation->is_string()) metric.aggregation = *aggregation;
    found.emplace_back(place, std::move(metric));
  }
  std::ranges::stable_sort(found, {}, [](const auto& item) { return item.first; });
  std::vector<Metric> metrics;
  for (auto& [place, metric] : found) metrics.push_back(std::move(metric));
  return metrics;
}

std::string ForeignResults::version(const std::string& task) const {
  const json* version = find("versions", task);
  return version == nullptr ? "" : version_text(*version);
}

json ForeignResults::protocol(const std::string& task) const {
  json protocol = json::object();
  if (const json* config = find("configs", task)) copy_fields(*config, kTaskFields, protocol);
  if (const json* config = member(document_.get(), "config"))
    copy_fields(*config, kRunFields, protocol);
  copy_fields(*document_, kTopFields, protocol);
  const json* shots = find("n-shot", task);
  if (shots != nullptr && !shots->is_null()) protocol["num_fewshot"] = *shots;
  const json* seed = find("config", "fewshot_seed");
  const bool has_shots = protocol.contains("num_fewshot") && protocol["num_fewshot"] != 0;
  if (has_shots && seed != nullptr && !seed->is_null()) protocol["fewshot_seed"] = *seed;
  return protocol;
}

std::int64_t ForeignResults::count(const std::string& task, const char* name) const {
  const json* value = member(find("n-samples", task), name);
  if (value == nullptr || value->is_null()) return 0;
  require(value->is_number_unsigned(), "{}: field n-samples.{}.{} is {}, want a count",
          file_.string(), task, name, shortened(*value));
  return value->get<std::int64_t>();
}

std::int64_t ForeignResults::documents(const std::string& task) const {
  return count(task, "original");
}

std::int64_t ForeignResults::documents_asked(const std::string& task) const {
  return count(task, "effective");
}

json ForeignResults::identity() const {
  json identity = {{"name", model()}};
  constexpr std::array kFields = {"model", "model_args"};
  if (const json* config = member(document_.get(), "config"))
    copy_fields(*config, kFields, identity);
  return identity;
}

}  // namespace sightline
