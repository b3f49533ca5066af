#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "results/run_results.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// A value of the document with its place, for errors: "sightline.run.tasks[0].name".
class Field {
 public:
  Field(const json& value, std::string path, const fs::path& file)
      : value_(value), path_(std::move(path)), file_(file) {}

  Field at(const std::string& name) const {
    if (!value_.is_object()) fail_type("an object");
    const auto found = value_.find(name);
    const std::string path = path_.empty() ? name : path_ + "." + name;
    require(found != value_.end(),
            "{}: field {} is missing; give a results.json that Sightline wrote", file_.string(),
            path);
    return {*found, path, file_};
  }

  template <typename Visit>
  void each_item(Visit&& visit) const {
    if (!value_.is_object()) fail_type("an object");
    for (const auto& item : value_.items()) {
      visit(item.key(), Field(item.value(), path_ + "." + item.key(), file_));
    }
  }

  template <typename Visit>
  void each_element(Visit&& visit) const {
    if (!value_.is_array()) fail_type("an array");
    for (std::size_t i = 0; i < value_.size(); ++i) {
      visit(Field(value_[i], fmt::format("{}[{}]", path_, i), file_));
    }
  }

  std::string text() const {
    if (!value_.is_string()) fail_type("a string");
    return value_.get<std::string>();
  }

  bool flag() const {
    if (!value_.is_boolean()) fail_type("true or false");
    return value_.get<bool>();
  }

  std::int64_t count() const {
    const bool fits = value_.is_number_integer() &&
                      (!value_.is_number_unsigned() ||
                       value_.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
    if (!fits || value_.get<std::int64_t>() < 0) fail_type("a count");
    return value_.get<std::int64_t>();
  }

  double number() const {
    if (value_ == "inf") return std::numeric_limits<double>::infinity();
    if (value_ == "-inf") return -std::numeric_limits<double>::infinity();
    if (value_ == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (!value_.is_number()) fail_type("a number, \"inf\" or null");
    return value_.get<double>();
  }

  std::optional<double> optional_number() const {
    if (value_.is_null()) return std::nullopt;
    return number();
  }

  bool has(const std::string& name) const { return value_.is_object() && value_.contains(name); }

  std::string object_text() const {
    if (!value_.is_object()) fail_type("an object");
    return value_.dump();
  }

  [[noreturn]] void fail_type(const char* wanted) const {
    fail("{}: field {} is {}, want {}", file_.string(), path_.empty() ? "at the top" : path_,
         value_.dump().substr(0, 80), wanted);
  }

 private:
  const json& value_;
  std::string path_;
  const fs::path& file_;
};

std::optional<Interval> read_interval(const Field& metric) {
  if (!metric.has("ci95")) return std::nullopt;
  const Field field = metric.at("ci95");
  std::vector<double> ends;
  field.each_element([&](const Field& end) { ends.push_back(end.number()); });
  if (ends.size() != 2) field.fail_type("an interval of two numbers");
  return Interval{ends[0], ends[1]};
}

MetricValue read_metric(const Field& field) {
  return {.key = field.at("key").text(),
          .value = field.at("value").optional_number(),
          .standard_error = field.at("stderr").optional_number(),
          .n = field.at("n").count(),
          .unit = field.at("unit").text(),
          .higher_is_better = field.at("higher_is_better").flag(),
          .interval = read_interval(field),
          .rules = field.has("rules") ? field.at("rules").text() : "",
          .note = field.at("note").text()};
}

Breakdowns read_breakdowns(const Field& field) {
  Breakdowns breakdowns;
  field.each_item([&](const std::string& name, const Field& groups) {
    auto& of_name = breakdowns[name];
    groups.each_item([&](const std::string& group, const Field& numbers) {
      BreakdownGroup& read = of_name[group];
      read.n = numbers.at("n").count();
      numbers.at("values").each_item(
          [&](const std::string& key, const Field& value) { read.values[key] = value.number(); });
    });
  });
  return breakdowns;
}

TaskResult read_task(const Field& field) {
  TaskResult task{.name = field.at("name").text(),
                  .version = field.at("version").text(),
                  .rules = field.at("rules").text(),
                  .protocol = field.at("protocol").object_text(),
                  .metrics = {},
                  .breakdowns = read_breakdowns(field.at("breakdowns")),
                  .samples = field.at("samples").count(),
                  .samples_in_dataset = field.at("samples_in_dataset").count(),
                  .outcomes = {},
                  .bounds = {},
                  .bootstrap_replicates = field.has("bootstrap_replicates")
                                              ? field.at("bootstrap_replicates").count()
                                              : 0,
                  .answers_sha256 = field.at("answers_sha256").text()};
  field.at("metrics").each_element(
      [&](const Field& metric) { task.metrics.push_back(read_metric(metric)); });
  field.at("outcomes").each_item([&](const std::string& name, const Field& count) {
    task.outcomes[name] = count.count();
  });
  field.at("bounds").each_item([&](const std::string& key, const Field& bound) {
    task.bounds[key] = {.failures_wrong = bound.at("failures_wrong").optional_number(),
                        .failures_left_out = bound.at("failures_left_out").optional_number()};
  });
  return task;
}

json parse_document(const fs::path& file) {
  const MappedFile mapped(file);
  try {
    return json::parse(mapped.bytes());
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", file.string(), error.what());
  }
}

}  // namespace

RunResults read_results(const fs::path& file) {
  const json document = parse_document(file);
  const Field top(document, "", file);
  const Field run = top.at("sightline").at(kRunField);
  RunResults results{.model = run.at("model").text(),
                     .tasks = {},
                     .config = top.at("config").object_text(),
                     .manifest = {},
                     .finished = run.at("finished").flag()};
  run.at("tasks").each_element(
      [&](const Field& task) { results.tasks.push_back(read_task(task)); });
  json manifest = document["sightline"];
  manifest.erase(kRunField);
  results.manifest = manifest.dump();
  return results;
}

}  // namespace sightline
