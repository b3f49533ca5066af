#include "harness/base/json_reader.h"

#include <cmath>
#include <limits>

#include "harness/base/error.h"

namespace sightline {

namespace od = simdjson::ondemand;

namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// What stands where another type is wanted: "an array", "NaN", "1e999".
std::string describe(od::value value) {
  od::json_type type{};
  if (value.type().get(type) == simdjson::SUCCESS) {
    if (type == od::json_type::array) return "an array";
    if (type == od::json_type::object) return "an object";
    if (type == od::json_type::string) return "a string";
  }
  constexpr std::size_t kMost = 40;
  std::string_view token = value.raw_json_token();
  token = token.substr(0, std::min(token.find_first_of(kSpace), kMost));
  return std::string(token);
}

/// Whether the syntax itself is broken, as opposed to a value of another type.
bool is_type_error(simdjson::error_code code) {
  return code == simdjson::INCORRECT_TYPE || code == simdjson::NUMBER_ERROR ||
         code == simdjson::NUMBER_OUT_OF_RANGE;
}

[[noreturn]] void fail_syntax(std::string_view where, simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) fail("{}: the text is not valid UTF-8", where);
  if (error == simdjson::MEMALLOC) {
    fail("{}: not enough memory; reading JSON takes some three times its size", where);
  }
  if (error == simdjson::CAPACITY) {
    fail("{}: more than 4 GiB of JSON in one piece; records as JSON lines may be any number",
         where);
  }
  fail("{}: broken or truncated JSON ({})", where, simdjson::error_message(error));
}

/// `value` as T, which `get` reads from it; throws about the field when it is none.
template <typename T, typename Get>
T convert(const JsonRecord& record, std::string_view field, od::value value,
          std::string_view wanted, Get get) {
  T result{};
  const simdjson::error_code error = get(value, result);
  if (error == simdjson::SUCCESS) return result;
  if (!is_type_error(error)) record.fail_field(field, simdjson::error_message(error));
  record.fail_field(field, fmt::format("is {}, want {}", describe(value), wanted));
}

std::int64_t to_integer(const JsonRecord& record, std::string_view field, od::value value,
                        std::string_view wanted = "an integer") {
  return convert<std::int64_t>(record, field, value, wanted, [](od::value v, std::int64_t& out) {
    return v.get_int64().get(out);
  });
}

double to_number(const JsonRecord& record, std::string_view field, od::value value) {
  return convert<double>(record, field, value, "a finite number", [](od::value v, double& out) {
    const simdjson::error_code error = v.get_double().get(out);
    return error == simdjson::SUCCESS && !std::isfinite(out) ? simdjson::NUMBER_ERROR : error;
  });
}

std::string_view to_text(const JsonRecord& record, std::string_view field, od::value value) {
  return convert<std::string_view>(
      record, field, value, "a string",
      [](od::value v, std::string_view& out) { return v.get_string().get(out); });
}

std::string to_id(const JsonRecord& record, std::string_view field, od::value value) {
  od::json_type type{};
  if (value.type().get(type) == simdjson::SUCCESS && type == od::json_type::string) {
    return std::string(to_text(record, field, value));
  }
  return std::to_string(to_integer(record, field, value, "an integer or a string"));
}

/// Calls `visit` for every element of an array that is the field or a part of it.
template <typename Visit>
void visit_elements(const JsonRecord& record, std::string_view field, od::value value,
                    std::string_view wanted, Visit visit) {
  auto array = convert<od::array>(record, field, value, wanted, [](od::value v, od::array& out) {
    return v.get_array().get(out);
  });
  for (auto element : array) {
    od::value item;
    const simdjson::error_code error = element.get(item);
    if (error != simdjson::SUCCESS)
      fail_syntax(fmt::format("{}, '{}'", record.name(), field), error);
    visit(item);
  }
}

/// A member of an object that is the field.
od::value member(const JsonRecord& record, std::string_view field, od::object& object,
                 std::string_view name) {
  od::value value;
  const simdjson::error_code error = object.find_field_unordered(name).get(value);
  if (error == simdjson::NO_SUCH_FIELD) record.fail_field(field, fmt::format("lacks '{}'", name));
  if (error != simdjson::SUCCESS) fail_syntax(fmt::format("{}, '{}'", record.name(), field), error);
  return value;
}

std::vector<double> to_numbers(const JsonRecord& record, std::string_view field, od::value value) {
  std::vector<double> numbers;
  visit_elements(record, field, value, "arrays of numbers",
                 [&](od::value item) { numbers.push_back(to_number(record, field, item)); });
  return numbers;
}

std::vector<std::uint32_t> to_runs(const JsonRecord& record, std::string_view field,
                                   od::value value) {
  std::vector<std::uint32_t> runs;
  visit_elements(record, field, value, "'counts' to be a string or integers", [&](od::value item) {
    const std::int64_t run = to_integer(record, field, item, "'counts' to hold integers");
    if (run < 0 || run > std::numeric_limits<std::int32_t>::max()) {
      record.fail_field(field, fmt::format("has the run length {}, want a number of pixels", run));
    }
    runs.push_back(static_cast<std::uint32_t>(run));
  });
  return runs;
}

/// {"size": [height, width], "counts": "..." or [...]}
Segmentation to_run_lengths(const JsonRecord& record, std::string_view field, od::value value) {
  auto object =
      convert<od::object>(record, field, value, "polygons or run lengths",
                          [](od::value v, od::object& out) { return v.get_object().get(out); });
  Segmentation made;
  od::value counts = member(record, field, object, "counts");
  od::json_type type{};
  const bool compressed =
      counts.type().get(type) == simdjson::SUCCESS && type == od::json_type::string;
  std::vector<std::uint32_t> runs;
  if (compressed) {
    made.counts = to_text(record, field, counts);
  } else {
    runs = to_runs(record, field, counts);
  }
  std::vector<std::int64_t> size;
  visit_elements(
      record, field, member(record, field, object, "size"), "'size' to be [height, width]",
      [&](od::value item) {
        size.push_back(to_integer(record, field, item, "'size' to hold [height, width]"));
      });
  if (size.size() != 2) {
    record.fail_field(field,
                      fmt::format("has a 'size' of {} numbers, want [height, width]", size.size()));
  }
  const std::uint32_t pixels = count_pixels(size[0], size[1]);
  made.height = static_cast<int>(size[0]);
  made.width = static_cast<int>(size[1]);
  if (compressed) {
    expand_runs(made.counts, pixels, runs);
  } else {
    check_runs(runs, pixels);
    made.counts = compress_runs(runs);
  }
  return made;
}

/// Calls `visit` for every element of an array, an object each. `owner` names what holds it.
void visit_objects(od::array array, const JsonRecord::Namer& owner, std::string_view field,
                   const JsonRecord::Visit& visit) {
  std::size_t number = 0;
  const auto name = [&] {
    return field.empty() ? fmt::format("{}: record {}", owner(), number)
                         : fmt::format("{}: record {} of '{}'", owner(), number, field);
  };
  for (auto element : array) {
    ++number;
    od::value value;
    od::object object;
    simdjson::error_code error = element.get(value);
    if (error == simdjson::SUCCESS) error = value.get_object().get(object);
    if (error == simdjson::INCORRECT_TYPE) {
      fail("{} is {}, want an object", name(), describe(value));
    }
    if (error != simdjson::SUCCESS) fail_syntax(name(), error);
    JsonRecord record(object, [&name] { return name(); });
    visit(record);
  }
}

}  // namespace

void JsonRecord::fail_field(std::string_view field, std::string_view problem) const {
  fail("{}: field '{}' {}", name_(), field, problem);
}

/// The field, null included.
std::optional<od::value> JsonRecord::find_any(std::string_view field) {
  od::value value;
  const simdjson::error_code error = object_.find_field_unordered(field).get(value);
  if (error == simdjson::NO_SUCH_FIELD) return std::nullopt;
  if (error != simdjson::SUCCESS) {
    fail_syntax(fmt::format("{}, looking for field '{}'", name_(), field), error);
  }
  return value;
}

std::optional<od::value> JsonRecord::find(std::string_view field) {
  std::optional<od::value> value = find_any(field);
  bool null = false;
  if (value && value->is_null().get(null) == simdjson::SUCCESS && null) return std::nullopt;
  return value;
}

std::optional<std::string_view> JsonRecord::raw(std::string_view field) {
  std::optional<od::value> value = find_any(field);
  if (!value) return std::nullopt;
  od::json_type type{};
  std::string_view text;
  simdjson::error_code error = value->type().get(type);
  if (error == simdjson::SUCCESS && type == od::json_type::object) {
    od::object object;
    error = value->get_object().get(object);
    if (error == simdjson::SUCCESS) error = object.raw_json().get(text);
  } else if (error == simdjson::SUCCESS && type == od::json_type::array) {
    od::array elements;
    error = value->get_array().get(elements);
    if (error == simdjson::SUCCESS) error = elements.raw_json().get(text);
  } else {
    error = simdjson::SUCCESS;
    text = value->raw_json_token();
  }
  if (error != simdjson::SUCCESS) fail_syntax(fmt::format("{}, '{}'", name_(), field), error);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

bool JsonRecord::visit_object(std::string_view field, const Visit& visit) {
  std::optional<od::value> value = find(field);
  od::json_type type{};
  if (!value || value->type().get(type) != simdjson::SUCCESS || type != od::json_type::object) {
    return false;
  }
  od::object object;
  const auto name = [&] { return fmt::format("{}, '{}'", name_(), field); };
  const simdjson::error_code error = value->get_object().get(object);
  if (error != simdjson::SUCCESS) fail_syntax(name(), error);
  JsonRecord record(object, name);
  visit(record);
  return true;
}

od::value JsonRecord::need(std::string_view field, std::string_view wanted) {
  const std::optional<od::value> value = find(field);
  if (!value) fail_field(field, fmt::format("is missing, want {}", wanted));
  return *value;
}

std::int64_t JsonRecord::integer(std::string_view field) {
  return to_integer(*this, field, need(field, "an integer"));
}

double JsonRecord::number(std::string_view field) {
  return to_number(*this, field, need(field, "a number"));
}

std::string_view JsonRecord::text(std::string_view field) {
  return to_text(*this, field, need(field, "a string"));
}

std::string JsonRecord::id(std::string_view field) {
  return to_id(*this, field, need(field, "an integer or a string"));
}

od::array JsonRecord::array(std::string_view field) {
  return convert<od::array>(*this, field, need(field, "an array"), "an array",
                            [](od::value v, od::array& out) { return v.get_array().get(out); });
}

std::optional<std::int64_t> JsonRecord::optional_integer(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_integer(*this, field, *value);
}

std::optional<double> JsonRecord::optional_number(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_number(*this, field, *value);
}

std::optional<std::string_view> JsonRecord::optional_text(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_text(*this, field, *value);
}

std::optional<std::string> JsonRecord::optional_id(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_id(*this, field, *value);
}

int JsonRecord::pixels(std::string_view field) {
  const std::int64_t value = optional_integer(field).value_or(0);
  if (value < 0 || value > std::numeric_limits<int>::max()) {
    fail_field(field, fmt::format("is {}, want a number of pixels", value));
  }
  return static_cast<int>(value);
}

Box JsonRecord::box(std::string_view field) {
  double numbers[4] = {};
  std::size_t count = 0;
  for (auto element : array(field)) {
    od::value value;
    const simdjson::error_code error = element.get(value);
    if (error != simdjson::SUCCESS) fail_syntax(fmt::format("{}, '{}'", name_(), field), error);
    if (count == 4) fail_field(field, "has more than four numbers, want [x, y, width, height]");
    numbers[count++] = to_number(*this, field, value);
  }
  if (count != 4) {
    fail_field(field, fmt::format("has {} numbers, want [x, y, width, height]", count));
  }
  const Box box{numbers[0], numbers[1], numbers[2], numbers[3]};
  if (box.w < 0 || box.h < 0) {
    fail_field(field, fmt::format("has the size {} x {}, want sizes of at least 0", box.w, box.h));
  }
  return box;
}

Segmentation JsonRecord::segmentation(std::string_view field) {
  const auto where = [&] { return fmt::format("reading field '{}' of {}", field, name_()); };
  return with_context(where, [&] {
    od::value value = need(field, "polygons or run lengths");
    od::json_type type{};
    const bool polygons =
        value.type().get(type) == simdjson::SUCCESS && type == od::json_type::array;
    if (!polygons) return to_run_lengths(*this, field, value);
    Segmentation made;
    visit_elements(*this, field, value, "an array of polygons", [&](od::value item) {
      made.polygons.push_back(to_numbers(*this, field, item));
      check_polygon(made.polygons.back());
    });
    if (made.polygons.empty()) fail_field(field, "is an empty array, want polygons");
    return made;
  });
}

void JsonRecord::each_record(std::string_view field, const Visit& visit) {
  visit_objects(array(field), name_, field, visit);
}

void JsonRecord::each_text(std::string_view field,
                           const std::function<void(std::string_view)>& visit) {
  for (auto element : array(field)) {
    od::value value;
    const simdjson::error_code error = element.get(value);
    if (error != simdjson::SUCCESS) fail_syntax(fmt::format("{}, '{}'", name_(), field), error);
    visit(convert<std::string_view>(
        *this, field, value, "strings only",
        [](od::value v, std::string_view& out) { return v.get_string().get(out); }));
  }
}

std::vector<std::int64_t> JsonRecord::integers(std::string_view field) {
  std::vector<std::int64_t> numbers;
  for (auto element : array(field)) {
    od::value value;
    const simdjson::error_code error = element.get(value);
    if (error != simdjson::SUCCESS) fail_syntax(fmt::format("{}, '{}'", name_(), field), error);
    numbers.push_back(to_integer(*this, field, value, "integers only"));
  }
  return numbers;
}

void JsonRecord::each_integer(
    const std::function<void(std::string_view field, std::int64_t value)>& visit) {
  for (auto element : object_) {
    od::field field;
    const simdjson::error_code error = std::move(element).get(field);
    if (error != simdjson::SUCCESS) fail_syntax(name_(), error);
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) {
      fail("{}: the name of a field is broken", name_());
    }
    visit(key, to_integer(*this, key, field.value()));
  }
}

JsonFile::JsonFile(const std::filesystem::path& path)
    : file_(std::make_unique<MappedFile>(path)),
      text_(file_->bytes()),
      parser_(std::make_unique<od::parser>(std::size_t{0xFFFFFFFF})) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  require(text_.find_first_not_of(kSpace) != std::string_view::npos, "{} is empty, want JSON",
          path.string());
}

/// Readable bytes from the start of `text`, a part of the file, as simdjson wants to know.
std::size_t JsonFile::room_behind(std::string_view text) const {
  const char* end = file_->bytes().data() + file_->bytes().size() + MappedFile::kPadding;
  return static_cast<std::size_t>(end - text.data());
}

/// Points `document_` at a part of the file.
void JsonFile::iterate(std::string_view text, std::string_view where) {
  const simdjson::error_code error =
      parser_->iterate(text.data(), text.size(), room_behind(text)).get(document_);
  if (error != simdjson::SUCCESS) fail_syntax(where, error);
}

JsonRecord JsonFile::top() {
  iterate(text_, path().string());
  od::object object;
  const simdjson::error_code error = document_.get_object().get(object);
  require(error != simdjson::INCORRECT_TYPE, "{}: the top level is not a JSON object",
          path().string());
  if (error != simdjson::SUCCESS) fail_syntax(path().string(), error);
  return JsonRecord(object, [this] { return path().string(); });
}

void JsonFile::each_record(const JsonRecord::Visit& visit) {
  if (text_[text_.find_first_not_of(kSpace)] == '{') {
    return each_line([&](JsonRecord& record, const JsonLine&) { visit(record); });
  }
  iterate(text_, path().string());
  od::array array;
  const simdjson::error_code error = document_.get_array().get(array);
  require(error != simdjson::INCORRECT_TYPE,
          "{}: the top level is not a JSON array, nor are there JSON lines", path().string());
  if (error != simdjson::SUCCESS) fail_syntax(path().string(), error);
  visit_objects(
      array, [this] { return path().string(); }, "", visit);
  require(document_.current_location().error() != simdjson::SUCCESS,
          "{}: more text follows the end of the array", path().string());
}

std::string JsonFile::name_of_line(std::size_t number) const {
  return fmt::format("{}: line {}", path().string(), number);
}

void JsonFile::visit_line(const JsonLine& line, const JsonRecord::Visit& visit) const {
  od::parser parser;
  od::document document;
  od::object object;
  simdjson::error_code error =
      parser.iterate(line.text.data(), line.text.size(), room_behind(line.text)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_object().get(object);
  const auto name = [&] { return name_of_line(line.number); };
  if (error != simdjson::SUCCESS) fail_syntax(name(), error);
  JsonRecord record(object, name);
  visit(record);
}

void JsonFile::each_line(
    const std::function<void(JsonRecord& record, const JsonLine& line)>& visit) {
  constexpr std::size_t kForget = std::size_t{16} << 20;
  std::size_t number = 0, kept = 0;
  const auto name = [&] { return name_of_line(number); };
  for (std::size_t begin = 0; begin < text_.size();) {
    const std::size_t end = std::min(text_.find('\n', begin), text_.size());
    const std::string_view line = text_.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(kSpace) == std::string_view::npos) continue;
    iterate(line, name());
    od::object object;
    simdjson::error_code error = document_.get_object().get(object);
    require(error != simdjson::INCORRECT_TYPE, "{}: want a JSON object", name());
    std::string_view whole;
    if (error == simdjson::SUCCESS) error = object.raw_json().get(whole);
    if (error == simdjson::SUCCESS) error = object.reset().error();
    if (error != simdjson::SUCCESS) fail_syntax(name(), error);
    require(whole.data() + whole.size() == line.data() + line.size(),
            "{}: more text follows the object, want one object a line", name());
    JsonRecord record(object, name);
    visit(record, {line, number});
    if (begin - kept < kForget || begin >= text_.size()) continue;
    file_->forget(text_.substr(kept, begin - kept));
    kept = begin;
  }
}

}  // namespace sightline
