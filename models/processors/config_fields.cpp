#include "models/processors/config_fields.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/error.h"

namespace sightline {
namespace {

using nlohmann::json;

// As it stands in the file, cut where it is long.
std::string shown(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

}  // namespace

ConfigFields::ConfigFields(const json& object, std::string name)
    : object_(object), name_(std::move(name)) {
  require(object.is_object(), "{} is {}, want a JSON object", name_, shown(object));
}

void ConfigFields::fail_field(std::string_view field, std::string_view wanted) const {
  const json* value = find(field);
  fail("{}: '{}' is {}, want {}", name_, field, value ? shown(*value) : "missing", wanted);
}

const json* ConfigFields::find(std::string_view field) const {
  const auto found = object_.find(field);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigFields::flag(std::string_view field, bool fallback) const {
  const json* value = find(field);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) fail_field(field, "true or false");
  return value->get<bool>();
}

long ConfigFields::whole(std::string_view field, long fallback, long least, long most) const {
  const json* value = find(field);
  if (value == nullptr) return fallback;
  const bool fits = value->is_number_unsigned()
                        ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                        : value->is_number_integer();
  const long number = fits ? value->get<long>() : least - 1;
  if (number < least || number > most) {
    fail_field(field, fmt::format("a whole number from {} to {}", least, most));
  }
  return number;
}

double ConfigFields::positive(std::string_view field, double fallback) const {
  const json* value = find(field);
  if (value == nullptr) return fallback;
  const double number = value->is_number() ? value->get<double>() : 0;
  if (!std::isfinite(number) || number <= 0) fail_field(field, "a positive number");
  return number;
}

std::string ConfigFields::text(std::string_view field, std::string fallback) const {
  const json* value = find(field);
  if (value == nullptr) return fallback;
  if (!value->is_string()) fail_field(field, "a text");
  return value->get<std::string>();
}

std::array<double, 3> ConfigFields::by_channel(std::string_view field,
                                               std::array<double, 3> fallback) const {
  const json* value = find(field);
  if (value == nullptr) return fallback;
  std::array<double, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    const bool listed = value->is_array() && value->size() == 3;
    const json& number = listed ? (*value)[i] : *value;
    numbers[i] = number.is_number() ? number.get<double>() : NAN;
    if (!std::isfinite(numbers[i])) fail_field(field, "three numbers, of red, green and blue");
  }
  return numbers;
}

ConfigFields ConfigFields::object(std::string_view field) const {
  const json* value = find(field);
  if (value == nullptr || !value->is_object()) fail_field(field, "an object");
  return {*value, fmt::format("{}: '{}'", name_, field)};
}

}  // namespace sightline
