#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "results/json_field.h"
#include "results/published/embedded_files.h"
#include "results/published/published.h"

namespace sightline {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::vector<std::string> kFields = {
    "id",       "model",      "variant",          "task",   "split",      "metric",
    "value",    "unit",       "higher_is_better", "source", "confidence", "note",
    "task_key", "metric_key", "factor",           "n",      "protocol"};

/// One row; its fields are named "row 'ID'.value" in errors.
class RowReader {
 public:
  RowReader(const json& row, const std::string& name, const fs::path& file)
      : file_(file), row_(row), name_(name), field_(row, name, file) {}

  PublishedResult read() {
    field_.allow_only(kFields);
    PublishedResult result{.id = read_id()};
    result.model = needed("model");
    result.variant = optional("variant");
    result.task = needed("task");
    result.split = needed("split");
    result.metric = needed("metric");
    result.value = finite("value");
    result.decimals = decimals_of(row_.at("value"));
    result.unit = field_.at("unit").text();
    const JsonField direction = field_.at("higher_is_better");
    if (!row_.at("higher_is_better").is_null()) result.higher_is_better = direction.flag();
    result.source = needed("source");
    result.from_memory = read_confidence();
    result.note = optional("note");
    read_counterpart(result);
    return result;
  }

 private:
  [[noreturn]] void fail_field(const char* field, const std::string& problem) const {
    fail("{}: field {}.{} {}", file_.string(), name_, field, problem);
  }

  std::string optional(const char* field) const {
    return field_.has(field) ? needed(field, true) : "";
  }

  std::string needed(const char* field, bool may_be_empty = false) const {
    const std::string text = field_.at(field).text();
    if (text.empty() && !may_be_empty) fail_field(field, "is empty");
    return text;
  }

  double finite(const char* field) const {
    const double value = field_.at(field).number();
    if (!std::isfinite(value)) fail_field(field, "is not a finite number");
    return value;
  }

  std::string read_id() const {
    std::string id = needed("id");
    for (const char c : id) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = byte < 0x80 && std::isalnum(byte) != 0;
      if (plain || std::string_view("@+._/-").find(c) != std::string_view::npos) continue;
      fail_field("id", fmt::format("is '{}': want letters, digits and @ + . _ / -", id));
    }
    return id;
  }

  /// Of the shortest decimal number that is this one; one at least where it is no whole number.
  static int decimals_of(const json& value) {
    if (value.is_number_integer()) return 0;
    const std::string text = fmt::format("{}", value.get<double>());
    const std::size_t point = text.find('.');
    if (point == std::string::npos || text.find('e') != std::string::npos) return 1;
    return static_cast<int>(text.size() - point - 1);
  }

  bool read_confidence() const {
    const std::string text = needed("confidence");
    if (text != "read in source" && text != "from memory") {
      fail_field("confidence",
                 fmt::format("is '{}', want 'read in source' or 'from memory'", text));
    }
    return text == "from memory";
  }

  void read_counterpart(PublishedResult& result) const {
    if (field_.has("n")) {
      result.n = field_.at("n").count();
      if (*result.n == 0) fail_field("n", "is 0, want the number of samples, or no field");
    }
    if (field_.has("protocol")) {
      field_.at("protocol").each_item([&](const std::string& name, const JsonField& value) {
        result.protocol[name] = value.text();
      });
    }
    if (field_.has("task_key")) read_task_key(result);
    if (field_.has("metric_key") != field_.has("factor")) {
      fail_field(field_.has("factor") ? "metric_key" : "factor",
                 "is missing: metric_key and factor stand together");
    }
    if (!field_.has("metric_key")) return;
    if (result.task_key.empty()) fail_field("task_key", "is missing: metric_key needs it");
    result.metric_key = needed("metric_key");
    result.factor = finite("factor");
    if (result.factor <= 0) fail_field("factor", "must be above 0");
  }

  /// "name[option=value,...]"; the options join the protocol.
  void read_task_key(PublishedResult& result) const {
    result.task_key = needed("task_key");
    std::string_view key = result.task_key;
    result.task_name = key.substr(0, key.find('['));
    const auto malformed = [&] {
      fail_field("task_key", fmt::format("is '{}', want name or name[option=value,...]", key));
    };
    if (result.task_name.empty()) malformed();
    if (result.task_name == key) return;
    if (!key.ends_with(']')) malformed();
    const std::size_t begin = result.task_name.size() + 1;
    for (const std::string_view pair : split(key.substr(begin, key.size() - begin - 1), ',')) {
      const std::size_t equals = pair.find('=');
      if (equals == 0 || equals == std::string_view::npos) malformed();
      const std::string name(pair.substr(0, equals)), value(pair.substr(equals + 1));
      const auto [place, is_new] = result.protocol.emplace(name, value);
      if (is_new || place->second == value) continue;
      fail_field("protocol",
                 fmt::format("has {} = '{}', but task_key says '{}'", name, place->second, value));
    }
  }

  const fs::path& file_;
  const json& row_;
  std::string name_;
  JsonField field_;
};

std::string name_of_row(const json& row, std::size_t number) {
  const bool has_id = row.is_object() && row.contains("id") && row.at("id").is_string();
  return has_id ? fmt::format("row '{}'", row.at("id").get<std::string>())
                : fmt::format("rows[{}]", number);
}

json parse_document(std::string_view text, const fs::path& file) {
  require(is_utf8(text), "{} is not UTF-8; save it in that encoding", file.string());
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", file.string(), error.what());
  }
}

std::vector<PublishedResult> parse_rows(std::string_view text, const fs::path& file) {
  const json document = parse_document(text, file);
  const JsonField top(document, "", file);
  top.allow_only({"rows"});
  std::vector<PublishedResult> rows;
  top.at("rows").each_element([&](const JsonField&) {
    const json& row = document.at("rows").at(rows.size());
    rows.push_back(RowReader(row, name_of_row(row, rows.size()), file).read());
  });
  require(!rows.empty(), "{} holds no rows", file.string());
  return rows;
}

/// Adds the rows of `file`, whose ids no earlier row may have.
void add_rows(std::vector<PublishedResult>& all, std::set<std::string>& ids,
              std::vector<PublishedResult> rows, const fs::path& file) {
  for (PublishedResult& row : rows) {
    require(ids.insert(row.id).second,
            "{}: id '{}' is there already; ids name one row of all files", file.string(), row.id);
    all.push_back(std::move(row));
  }
}

}  // namespace

std::vector<PublishedResult> read_published(const fs::path& file) {
  std::vector<PublishedResult> rows;
  std::set<std::string> ids;
  const MappedFile mapped(file);
  add_rows(rows, ids, parse_rows(mapped.bytes(), file), file);
  return rows;
}

std::vector<PublishedResult> published_results(const std::vector<std::string>& files) {
  std::vector<PublishedResult> rows;
  std::set<std::string> ids;
  for (const EmbeddedFile& file : embedded_files()) {
    add_rows(rows, ids, parse_rows(file.content, fs::path(file.name)), fs::path(file.name));
  }
  for (const std::string& file : files) add_rows(rows, ids, read_published(file), file);
  return rows;
}

}  // namespace sightline
