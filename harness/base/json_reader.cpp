#include "harness/base/json_reader.h"

#include <cmath>

#include "harness/base/error.h"

namespace sightline {

namespace od = simdjson::ondemand;

namespace {

std::string_view type_name(od::value value) {
  switch (value.type().value_unsafe()) {
    case od::json_type::array:
      return "an array";
    case od::json_type::object:
      return "an object";
    case od::json_type::number:
      return "a number";
    case od::json_type::string:
      return "a string";
    case od::json_type::boolean:
      return "true or false";
    case od::json_type::null:
      return "null";
  }
  return "no JSON value";
}

/// Whether the syntax itself is broken, as opposed to a value of another type.
bool is_type_error(simdjson::error_code code) {
  return code == simdjson::INCORRECT_TYPE || code == simdjson::NUMBER_ERROR ||
         code == simdjson::NUMBER_OUT_OF_RANGE;
}

}  // namespace

void JsonRecord::fail_field(std::string_view field, std::string_view problem) const {
  fail("{}: field '{}' {}", name_(), field, problem);
}

std::optional<od::value> JsonRecord::find(std::string_view field) {
  od::value value;
  const simdjson::error_code error = object_.find_field_unordered(field).get(value);
  if (error == simdjson::NO_SUCH_FIELD) return std::nullopt;
  if (error != simdjson::SUCCESS) fail_field(field, simdjson::error_message(error));
  if (value.type().value_unsafe() == od::json_type::null) return std::nullopt;
  return value;
}

od::value JsonRecord::need(std::string_view field, std::string_view wanted) {
  const std::optional<od::value> value = find(field);
  if (!value) fail_field(field, fmt::format("is missing, want {}", wanted));
  return *value;
}

namespace {

template <typename T, typename Get>
T convert(const JsonRecord& record, std::string_view field, od::value value,
          std::string_view wanted, Get get) {
  T result{};
  const simdjson::error_code error = get(value, result);
  if (error == simdjson::SUCCESS) return result;
  if (!is_type_error(error)) record.fail_field(field, simdjson::error_message(error));
  record.fail_field(field, fmt::format("is {}, want {}", type_name(value), wanted));
}

std::int64_t to_integer(const JsonRecord& record, std::string_view field, od::value value) {
  return convert<std::int64_t>(
      record, field, value, "an integer",
      [](od::value v, std::int64_t& out) { return v.get_int64().get(out); });
}

double to_number(const JsonRecord& record, std::string_view field, od::value value) {
  const double number =
      convert<double>(record, field, value, "a finite number",
                      [](od::value v, double& out) { return v.get_double().get(out); });
  if (!std::isfinite(number)) record.fail_field(field, "is not a finite number");
  return number;
}

std::string_view to_text(const JsonRecord& record, std::string_view field, od::value value) {
  return convert<std::string_view>(
      record, field, value, "a string",
      [](od::value v, std::string_view& out) { return v.get_string().get(out); });
}

std::string to_id(const JsonRecord& record, std::string_view field, od::value value) {
  if (value.type().value_unsafe() == od::json_type::string) {
    return std::string(to_text(record, field, value));
  }
  return std::to_string(
      convert<std::int64_t>(record, field, value, "an integer or a string",
                            [](od::value v, std::int64_t& out) { return v.get_int64().get(out); }));
}

od::array to_array(const JsonRecord& record, std::string_view field, od::value value) {
  return convert<od::array>(record, field, value, "an array",
                            [](od::value v, od::array& out) { return v.get_array().get(out); });
}

}  // namespace

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

std::optional<std::string> JsonRecord::optional_id(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_id(*this, field, *value);
}

od::array JsonRecord::array(std::string_view field) {
  return to_array(*this, field, need(field, "an array"));
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

std::optional<od::array> JsonRecord::optional_array(std::string_view field) {
  const std::optional<od::value> value = find(field);
  if (!value) return std::nullopt;
  return to_array(*this, field, *value);
}

void JsonRecord::box(std::string_view field, double (&numbers)[4]) {
  std::size_t count = 0;
  for (auto element : array(field)) {
    od::value value;
    const simdjson::error_code error = element.get(value);
    if (error != simdjson::SUCCESS) fail_field(field, simdjson::error_message(error));
    if (count == 4) fail_field(field, "has more than four numbers, want [x, y, width, height]");
    numbers[count++] = to_number(*this, field, value);
  }
  if (count != 4) {
    fail_field(field, fmt::format("has {} numbers, want [x, y, width, height]", count));
  }
  if (numbers[2] < 0 || numbers[3] < 0) {
    fail_field(field, fmt::format("has the size {} x {}, want sizes of at least 0", numbers[2],
                                  numbers[3]));
  }
}

JsonFile::JsonFile(const std::filesystem::path& path)
    : file_(std::make_unique<MappedFile>(path)),
      parser_(std::make_unique<od::parser>(std::size_t{0xFFFFFFFF})) {
  require(!file_->bytes().empty(), "{} is empty, want JSON", path.string());
}

void JsonFile::fail_syntax(const simdjson::simdjson_error& error, std::string_view where) const {
  if (error.error() == simdjson::UTF8_ERROR) {
    fail("{}{}: the text is not valid UTF-8", path().string(), where);
  }
  fail("{}{}: broken or truncated JSON ({})", path().string(), where,
       simdjson::error_message(error.error()));
}

JsonRecord JsonFile::top() {
  try {
    document_ =
        parser_->iterate(bytes().data(), bytes().size(), bytes().size() + MappedFile::kPadding);
    od::object object = document_.get_object();
    return JsonRecord(object, [this] { return path().string(); });
  } catch (const simdjson::simdjson_error& error) {
    if (error.error() == simdjson::INCORRECT_TYPE) {
      fail("{}: the top level is not a JSON object", path().string());
    }
    fail_syntax(error, "");
  }
}

void JsonFile::each_record(JsonRecord& top, std::string_view field,
                           const std::function<void(JsonRecord&)>& visit) {
  each_in_array(top.array(field), field, visit);
}

void JsonFile::each_in_array(od::array array, std::string_view of,
                             const std::function<void(JsonRecord&)>& visit) {
  std::size_t index = 0;
  const auto where = [&] {
    return of.empty() ? fmt::format(": record {}", index + 1)
                      : fmt::format(": record {} of '{}'", index + 1, of);
  };
  try {
    for (auto element : array) {
      od::object object;
      const simdjson::error_code error = element.get_object().get(object);
      if (error == simdjson::INCORRECT_TYPE) {
        fail("{}{}: want a JSON object", path().string(), where());
      }
      if (error != simdjson::SUCCESS) throw simdjson::simdjson_error(error);
      JsonRecord record(object, [&] { return path().string() + where(); });
      visit(record);
      ++index;
    }
  } catch (const simdjson::simdjson_error& error) {
    fail_syntax(error, where());
  }
}

void JsonFile::each_record(const std::function<void(JsonRecord&)>& visit) {
  const std::size_t first = bytes().find_first_not_of(" \t\r\n");
  require(first != std::string_view::npos, "{} holds only white space, want JSON", path().string());
  if (bytes()[first] == '{') return each_line(visit);
  try {
    document_ =
        parser_->iterate(bytes().data(), bytes().size(), bytes().size() + MappedFile::kPadding);
    each_in_array(document_.get_array(), "", visit);
    if (document_.current_location().error() == simdjson::SUCCESS) {
      fail("{}: more text follows the end of the array", path().string());
    }
  } catch (const simdjson::simdjson_error& error) {
    if (error.error() == simdjson::INCORRECT_TYPE) {
      fail("{}: the top level is not a JSON array", path().string());
    }
    fail_syntax(error, "");
  }
}

void JsonFile::each_line(const std::function<void(JsonRecord&)>& visit) {
  const std::string_view all = bytes();
  std::size_t line = 0;
  const auto where = [&] { return fmt::format(": line {}", line); };
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('\n', begin), all.size());
    const std::string_view text = all.substr(begin, end - begin);
    ++line;
    const std::size_t room = all.size() - begin + MappedFile::kPadding;
    begin = end + 1;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      document_ = parser_->iterate(text.data(), text.size(), room);
      od::object object = document_.get_object();
      JsonRecord record(object, [&] { return path().string() + where(); });
      visit(record);
    } catch (const simdjson::simdjson_error& error) {
      if (error.error() == simdjson::INCORRECT_TYPE) {
        fail("{}{}: want a JSON object", path().string(), where());
      }
      fail_syntax(error, where());
    }
  }
}

}  // namespace sightline
