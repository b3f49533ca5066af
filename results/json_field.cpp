#include "results/json_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace sightline {

using nlohmann::json;

std::string JsonField::below(const std::string& name) const {
  return path_.empty() ? name : path_ + "." + name;
}

void JsonField::require_object() const {
  if (!value_->is_object()) fail_type("an object");
}

void JsonField::each_item(
    const std::function<void(const std::string&, const JsonField&)>& visit) const {
  require_object();
  for (const auto& item : value_->items()) {
    visit(item.key(), JsonField(item.value(), below(item.key()), *file_));
  }
}

void JsonField::each_element(const std::function<void(const JsonField&)>& visit) const {
  if (!value_->is_array()) fail_type("an array");
  for (std::size_t i = 0; i < value_->size(); ++i) {
    visit(JsonField((*value_)[i], fmt::format("{}[{}]", path_, i), *file_));
  }
}

JsonField JsonField::at(const std::string& name) const {
  require_object();
  const auto found = value_->find(name);
  require(found != value_->end(), "{}: field {} is missing", file_->string(), below(name));
  return {*found, below(name), *file_};
}

bool JsonField::has(const std::string& name) const {
  return value_->is_object() && value_->contains(name);
}

void JsonField::allow_only(const std::vector<std::string>& known) const {
  require_object();
  for (const auto& item : value_->items()) {
    require(std::ranges::find(known, item.key()) != known.end(),
            "{}: there is no field {}{}; there are {}", file_->string(), below(item.key()),
            did_you_mean(item.key(), known), fmt::join(known, ", "));
  }
}

std::string JsonField::text() const {
  if (!value_->is_string()) fail_type("a string");
  return value_->get<std::string>();
}

bool JsonField::flag() const {
  if (!value_->is_boolean()) fail_type("true or false");
  return value_->get<bool>();
}

std::int64_t JsonField::count() const {
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() ||
                     value_->get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
  if (!fits || value_->get<std::int64_t>() < 0) fail_type("a count");
  return value_->get<std::int64_t>();
}

double JsonField::number() const {
  if (*value_ == "inf") return std::numeric_limits<double>::infinity();
  if (*value_ == "-inf") return -std::numeric_limits<double>::infinity();
  if (*value_ == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (!value_->is_number()) fail_type("a number, \"inf\" or null");
  return value_->get<double>();
}

std::optional<double> JsonField::optional_number() const {
  if (value_->is_null()) return std::nullopt;
  return number();
}

std::string JsonField::object_text() const {
  require_object();
  return value_->dump();
}

void JsonField::fail_type(const std::string& wanted) const {
  fail("{}: field {} is {}, want {}", file_->string(), path_.empty() ? "at the top" : path_,
       value_->dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 80), wanted);
}

json json_number(const std::optional<double>& value) {
  if (!value) return nullptr;
  if (std::isnan(*value)) return "nan";
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

json read_json_file(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  try {
    return json::parse(mapped.bytes());
  } catch (const json::exception& error) {
    fail("{} is no JSON: {}", file.string(), error.what());
  }
}

}  // namespace sightline
