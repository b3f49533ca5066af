#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sightline {

/// The fields of one JSON object of a configuration file. A field that is missing or null gives
/// the fallback; one of another type or out of range throws `Error` naming file and field.
class ConfigFields {
 public:
  /// `object` outlives this; `name` is for errors: "preprocessor_config.json". Throws `Error` when
  /// it is no object.
  ConfigFields(const nlohmann::json& object, std::string name);

  /// The value, or null when missing or null.
  const nlohmann::json* find(std::string_view field) const;
  bool flag(std::string_view field, bool fallback) const;
  long whole(std::string_view field, long fallback, long least, long most) const;
  double positive(std::string_view field, double fallback) const;
  std::string text(std::string_view field, std::string fallback) const;
  /// Three finite numbers, or one that stands for all.
  std::array<double, 3> by_channel(std::string_view field, std::array<double, 3> fallback) const;
  /// The object in a field, named "<this>: '<field>'".
  ConfigFields object(std::string_view field) const;

  const std::string& name() const { return name_; }
  [[noreturn]] void fail_field(std::string_view field, std::string_view wanted) const;

 private:
  const nlohmann::json& object_;
  std::string name_;
};

}  // namespace sightline
