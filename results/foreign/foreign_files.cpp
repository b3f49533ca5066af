#include "results/foreign/foreign_files.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "harness/base/error.h"
#include "harness/base/json_reader.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

/// The date in a file's name, as either harness writes it; "" without.
std::string date_in(const std::string& name) {
  static const std::regex kDate(R"(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(\.\d+)?|\d{8}_\d{6})");
  std::smatch found;
  return std::regex_search(name, found, kDate) ? found.str() : "";
}

/// The digits of the date: what both forms can be ordered by.
std::string order_of(const fs::path& file) {
  std::string digits;
  for (const char c : date_in(file.filename().string())) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  return digits;
}

bool is_named_as_results(const std::string& name) {
  const std::string date = date_in(name);
  return !date.empty() && (name == "results_" + date + ".json" || name == date + "_results.json");
}

bool has_object(JsonRecord& record, const char* field) {
  return record.visit_object(field, [](JsonRecord&) {});
}

enum class Content { kResults, kOwn, kOther };

Content content_of(const fs::path& file) {
  JsonFile json(file);
  JsonRecord top = json.top();
  if (top.raw("sightline")) return Content::kOwn;
  if (!has_object(top, "results")) return Content::kOther;
  for (const char* field : {"configs", "versions", "n-samples", "n-shot"}) {
    if (has_object(top, field)) return Content::kResults;
  }
  return Content::kOther;
}

std::vector<fs::path> sorted(std::vector<fs::path> paths) {
  std::ranges::sort(paths);
  return paths;
}

std::vector<fs::path> results_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (is_foreign_results(entry.path())) found.push_back(entry.path());
  }
  return sorted(std::move(found));
}

/// The folders of models in `folder`.
std::vector<fs::path> folders_with_results(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored) && !results_in(entry.path()).empty()) {
      found.push_back(entry.path());
    }
  }
  return sorted(std::move(found));
}

ForeignFiles newest_of(const std::vector<fs::path>& results) {
  const fs::path newest = *std::ranges::max_element(results, {}, order_of);
  ForeignFiles files{newest, date_in(newest.filename().string()), {}};
  if (results.size() > 1) {
    files.notes.push_back(fmt::format("{} is the newest of {} results files in {}",
                                      newest.filename().string(), results.size(),
                                      newest.parent_path().string()));
  }
  return files;
}

/// The name of the samples file without its date: "samples_<task>.jsonl".
std::string without_date(std::string name) {
  const std::string date = date_in(name);
  if (date.empty()) return name;
  const std::size_t at = name.find(date);
  if (at == 0) return name.substr(std::min(name.size(), date.size() + 1));
  name.erase(at - 1, date.size() + 1);
  return name;
}

}  // namespace

bool is_foreign_results(const fs::path& file) {
  std::error_code ignored;
  if (file.extension() != ".json" || !fs::is_regular_file(file, ignored)) return false;
  Content content = Content::kOther;
  try {
    content = content_of(file);
  } catch (const Error&) {
    // Broken; the name decides, so that its reader can say what is wrong with it.
  }
  if (content != Content::kOther) return content == Content::kResults;
  return is_named_as_results(file.filename().string());
}

ForeignFiles find_foreign_files(const fs::path& given) {
  std::error_code ignored;
  require(fs::exists(given, ignored), "{} does not exist", given.string());
  if (!fs::is_directory(given, ignored)) {
    return {given, date_in(given.filename().string()), {}};
  }
  const std::vector<fs::path> here = results_in(given);
  if (!here.empty()) return newest_of(here);
  const std::vector<fs::path> models = folders_with_results(given);
  require(!models.empty(),
          "{} holds no results of lm-evaluation-harness or lmms-eval; want results_<date>.json or "
          "<date>_results.json there or one folder below",
          given.string());
  std::string names;
  for (const fs::path& model : models) names += (names.empty() ? "" : ", ") + model.string();
  require(models.size() == 1, "{} holds results of {} models; give the folder of one of them: {}",
          given.string(), models.size(), names);
  return newest_of(results_in(models[0]));
}

fs::path samples_file(const ForeignFiles& files, const std::string& task) {
  const fs::path folder = fs::absolute(files.results).parent_path();
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (without_date(name) != "samples_" + task + ".jsonl") continue;
    if (files.date.empty() || date_in(name) == files.date) found.push_back(entry.path());
  }
  if (found.size() == 1) return files.results.parent_path() / found[0].filename();
  const std::string date = files.date.empty() ? "<date>" : files.date;
  require(!found.empty(),
          "{}: the samples of task {} are missing: want samples_{}_{}.jsonl or {}_samples_{}.jsonl "
          "beside it; run the harness with --log_samples",
          files.results.string(), task, task, date, date, task);
  fail("{}: {} files of samples of task {}, and its name has no date that says which is its own",
       files.results.string(), found.size(), task);
}

}  // namespace sightline
