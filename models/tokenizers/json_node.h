#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// A part of a small JSON document with its place for errors:
/// "tokenizer.json: pre_tokenizer.pretokenizers[1]".
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string place)
      : value_(&value), place_(std::move(place)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& place() const { return place_; }
  bool is_null() const;

  /// Throws `Error` that begins with the place.
  [[noreturn]] void fail(std::string_view problem) const;
  /// Throws `Error` unless this is an object whose fields are all among `known`.
  void require_fields(std::initializer_list<std::string_view> known) const;

  /// A field of this object. Throws `Error` when it is missing.
  JsonNode at(const std::string& field) const;
  /// No value when the field is missing or null.
  std::optional<JsonNode> find(const std::string& field) const;
  /// The elements of this array.
  std::vector<JsonNode> elements() const;

  /// This value. Throw `Error` when it is of another type.
  std::string text() const;
  bool boolean() const;
  std::int64_t integer() const;

  std::string text(const std::string& field) const { return at(field).text(); }
  bool boolean(const std::string& field) const { return at(field).boolean(); }
  /// `otherwise` when the field is missing or null.
  bool boolean(const std::string& field, bool otherwise) const;

 private:
  const nlohmann::json* value_;
  std::string place_;
};

}  // namespace sightline
