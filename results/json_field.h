#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sightline {

/// A value of a small JSON document with its place in it, so that every error names file and field:
/// "sightline.run.tasks[0].name". All reads throw `Error` for a value of another type. Refers to
/// the document and the path, which outlive it.
class JsonField {
 public:
  JsonField(const nlohmann::json& value, std::string path, const std::filesystem::path& file)
      : value_(&value), path_(std::move(path)), file_(&file) {}

  JsonField at(const std::string& name) const;  ///< throws where it is missing
  bool has(const std::string& name) const;      ///< false also where the value is no object
  /// Throws for a field that is none of `known`, with the nearest of them.
  void allow_only(const std::vector<std::string>& known) const;

  /// The fields of an object, in order of names.
  void each_item(
      const std::function<void(const std::string& name, const JsonField& field)>& visit) const;
  /// The elements of an array.
  void each_element(const std::function<void(const JsonField& element)>& visit) const;

  std::string text() const;
  bool flag() const;
  std::int64_t count() const;                     ///< a whole number from 0
  double number() const;                          ///< also "inf", "-inf" and "nan"
  std::optional<double> optional_number() const;  ///< null: none
  std::string object_text() const;                ///< of an object, as JSON

  [[noreturn]] void fail_type(const std::string& wanted) const;

 private:
  std::string below(const std::string& name) const;
  void require_object() const;

  const nlohmann::json* value_;
  std::string path_;
  const std::filesystem::path* file_;
};

/// A number as files hold it, which `JsonField::number` reads back: "inf", "-inf" and "nan" for what
/// JSON has no word for, null for none.
nlohmann::json json_number(const std::optional<double>& value);

/// The document in a file. Throws `Error` naming it where it is no JSON.
nlohmann::json read_json_file(const std::filesystem::path& file);

}  // namespace sightline
