#include "results/foreign/foreign_samples.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/json_reader.h"
#include "results/foreign/foreign_json.h"

namespace sightline {

using nlohmann::json;

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// A number as JSON has it; undefined for null and for what Python writes beside it.
std::optional<double> number_in(std::string_view raw) {
  for (const char* word : {"null", "NaN", "Infinity", "-Infinity"}) {
    if (raw == word) return kUndefined;
  }
  if (raw == "true") return 1.0;
  if (raw == "false") return 0.0;
  double value = 0;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  const bool whole = error == std::errc() && end == raw.data() + raw.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> plain_number(const json& object, const std::string& field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::nullopt;
  if (found->is_null()) return kUndefined;
  if (found->is_boolean()) return found->get<bool>() ? 1.0 : 0.0;
  return found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

/// The score in an object, where there is no doubt which of its numbers that is.
std::optional<double> number_in_object(std::string_view raw, const std::string& metric,
                                       const std::string& where) {
  const json object = parse_python_json(raw, where);
  const std::optional<double> own = plain_number(object, metric);
  const std::optional<double> score = plain_number(object, "score");
  if (own && score && *own != *score) return std::nullopt;
  return own ? own : score;
}

/// What the lines say of one metric.
struct Column {
  ForeignMetric metric;
  std::vector<double> values;
  bool has_numbers = false;
  std::size_t bad_line = 0;  ///< the first without a number; 0: none
  std::string bad_value;     ///< its beginning
};

/// Who shows in a document's picture: a name, or a hash of one as long as a picture.
std::string name_of_image(std::string_view text) {
  constexpr std::size_t kLongestName = 512;
  // Python's words for an object of its own, which say where it lay in memory.
  if (text.starts_with('<') && text.find(" at 0x") != text.npos) return "";
  return text.size() <= kLongestName ? std::string(text) : "sha256:" + sha256_hex(text);
}

std::string image_of(JsonRecord& record) {
  std::string image;
  record.visit_object("doc", [&](JsonRecord& doc) {
    for (const char* field : {"image_id", "img_id", "image_path", "image"}) {
      const std::optional<std::string_view> raw = doc.raw(field);
      if (!raw || raw->empty()) continue;
      const bool is_id = std::string_view(field).ends_with("_id");
      if (is_id && number_in(*raw) && !std::isnan(*number_in(*raw))) image = *raw;
      if (raw->starts_with('"')) image = name_of_image(doc.text(field));
      if (!image.empty()) return;
    }
  });
  return image;
}

class SamplesReader {
 public:
  SamplesReader(const std::filesystem::path& file, const std::vector<ForeignMetric>& metrics)
      : file_(std::make_shared<JsonFile>(file)) {
    std::set<std::string> filters;
    for (const ForeignMetric& metric : metrics) {
      filters.insert(metric.filter);
      columns_.push_back({metric, {}, false, 0, {}});
    }
    // lmms-eval does not write the name of the filter beside the samples.
    if (filters.size() == 1) only_filter_ = *filters.begin();
  }

  ForeignSamples read() {
    file_->each_line([&](JsonRecord& record, const JsonLine& line) { add(record, line); });
    for (Column& column : columns_) take(column);
    samples_.text = text_reader();
    return std::move(samples_);
  }

 private:
  void add(JsonRecord& record, const JsonLine& line);
  std::size_t place_of(const std::string& doc_id, const JsonLine& line);
  void claim(JsonRecord& record, const std::string& filter, std::size_t place);
  void add_score(JsonRecord& record, Column& column, std::size_t place);
  void take(Column& column);
  std::function<SampleText(std::size_t)> text_reader() const;

  std::shared_ptr<JsonFile> file_;
  std::string only_filter_ = "none";
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> places_;      // doc_id -> place
  std::map<std::string, std::vector<std::size_t>> line_of_;  // filter -> line of each place
  std::vector<JsonLine> lines_;                              // first line of each place
  std::vector<bool> lacks_hash_;
  std::size_t line_ = 0;
  ForeignSamples samples_;
};

std::size_t SamplesReader::place_of(const std::string& doc_id, const JsonLine& line) {
  const auto [found, is_new] = places_.emplace(doc_id, places_.size());
  if (is_new) {
    lines_.push_back(line);
    samples_.doc_ids.push_back(doc_id);
    samples_.doc_hashes.emplace_back();
    samples_.images.emplace_back();
    samples_.answers.emplace_back();
    lacks_hash_.push_back(false);
  }
  return found->second;
}

/// A document has one line under each filter.
void SamplesReader::claim(JsonRecord& record, const std::string& filter, std::size_t place) {
  std::vector<std::size_t>& lines = line_of_[filter];
  lines.resize(std::max(lines.size(), place + 1));
  if (lines[place] != 0) {
    record.fail_field("doc_id", fmt::format("is {}, which line {} has too (filter '{}'); want each "
                                            "document once, from one run",
                                            samples_.doc_ids[place], lines[place], filter));
  }
  lines[place] = line_;
}

void SamplesReader::add(JsonRecord& record, const JsonLine& line) {
  line_ = line.number;
  const std::size_t place = place_of(record.id("doc_id"), line);
  const std::string image = image_of(record);
  if (!image.empty()) samples_.images[place] = image;
  std::string said = std::string(record.raw("resps").value_or("")) + "\n" +
                     std::string(record.raw("filtered_resps").value_or(""));
  const std::string filter(record.optional_text("filter").value_or(only_filter_));
  claim(record, filter, place);
  const std::string hash(record.optional_text("doc_hash").value_or(""));
  lacks_hash_[place] = lacks_hash_[place] || hash.empty();
  samples_.doc_hashes[place] = lacks_hash_[place] ? "" : hash;
  for (Column& column : columns_) {
    if (column.metric.filter != filter) continue;
    add_score(record, column, place);
    said += "\n" + std::string(record.raw(column.metric.name).value_or(""));
  }
  samples_.answers[place] += filter + " " + sha256_hex(said) + "\n";
}

void SamplesReader::add_score(JsonRecord& record, Column& column, std::size_t place) {
  const std::optional<std::string_view> raw = record.raw(column.metric.name);
  if (!raw) return;
  const std::optional<double> score =
      raw->starts_with('{') ? number_in_object(*raw, column.metric.name, record.name())
                            : number_in(*raw);
  if (!score) {
    if (column.bad_line == 0) {
      column.bad_line = line_;
      column.bad_value = raw->substr(0, 60);
    }
    return;
  }
  column.has_numbers = column.has_numbers || !std::isnan(*score);
  column.values.resize(std::max(column.values.size(), place + 1), kUndefined);
  column.values[place] = *score;
}

void SamplesReader::take(Column& column) {
  const std::string& name = column.metric.name;
  if (column.bad_line != 0) {
    const bool is_object = column.bad_value.starts_with('{');
    require(!column.has_numbers || is_object, "{}: line {}: field '{}' is {}, want a number",
            file_->path().string(), column.bad_line, name, column.bad_value);
    samples_.notes.push_back(fmt::format("{} has no score of each sample: line {} of {} holds {}",
                                         column.metric.key(), column.bad_line,
                                         file_->path().filename().string(), column.bad_value));
    return;
  }
  if (!column.has_numbers) return;
  column.values.resize(samples_.doc_ids.size(), kUndefined);
  samples_.values[column.metric.key()] = std::move(column.values);
}

/// The first text in `value`, going down.
std::string first_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return "";
  for (const auto& item : value) {
    std::string text = first_text(item);
    if (!text.empty()) return text;
  }
  return "";
}

/// An answer out of the lists that filters leave around it.
std::string words_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  if (value.is_array() && value.size() == 1) return words_of(value[0]);
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

SampleText text_in(JsonRecord& record) {
  const auto field = [&](const char* name) {
    const std::optional<std::string_view> raw = record.raw(name);
    return raw ? parse_python_json(*raw, record.name()) : json();
  };
  SampleText text{.question = first_text(field("arguments")), .answer = {}, .outcome = "ok"};
  if (text.question.empty()) text.question = first_text(field("input"));
  if (text.question.empty()) {
    record.visit_object("doc", [&](JsonRecord& doc) {
      const std::optional<std::string_view> raw = doc.raw("question");
      if (raw) text.question = words_of(parse_python_json(*raw, doc.name()));
    });
  }
  text.answer = words_of(field("filtered_resps"));
  if (text.answer.empty()) text.answer = words_of(field("resps"));
  return text;
}

std::function<SampleText(std::size_t)> SamplesReader::text_reader() const {
  return [file = std::shared_ptr<const JsonFile>(file_), lines = lines_](std::size_t place) {
    SampleText text;
    file->visit_line(lines.at(place), [&](JsonRecord& record) { text = text_in(record); });
    return text;
  };
}

}  // namespace

ForeignSamples read_foreign_samples(const std::filesystem::path& file,
                                    const std::vector<ForeignMetric>& metrics) {
  return SamplesReader(file, metrics).read();
}

}  // namespace sightline
