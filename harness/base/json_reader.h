#pragma once

#include <simdjson.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/file.h"

// Reading large JSON files of known shape with simdjson's on-demand reader, with errors that name
// file, record and field. For .cpp files only: the header of simdjson costs 2 s a file.

namespace sightline {

/// A JSON object with a name for errors: "annotations.json: record 17 of 'annotations'".
/// Fields are looked up in any order; each value is read once.
class JsonRecord {
 public:
  using Namer = std::function<std::string()>;
  JsonRecord(simdjson::ondemand::object object, Namer name)
      : object_(object), name_(std::move(name)) {}

  /// Throws `Error` when the field is missing or of another type.
  std::int64_t integer(std::string_view field);
  double number(std::string_view field);          ///< finite
  std::string_view text(std::string_view field);  ///< lives as long as the file's reader
  /// An id that may be an integer or a string, as text.
  std::string id(std::string_view field);
  std::optional<std::string> optional_id(std::string_view field);
  simdjson::ondemand::array array(std::string_view field);
  /// [x, y, w, h]: four finite numbers, w and h not negative.
  void box(std::string_view field, double (&numbers)[4]);

  /// No value when the field is missing or null; throws when it is of another type.
  std::optional<std::int64_t> optional_integer(std::string_view field);
  std::optional<double> optional_number(std::string_view field);
  std::optional<std::string_view> optional_text(std::string_view field);
  std::optional<simdjson::ondemand::array> optional_array(std::string_view field);

  std::string name() const { return name_(); }
  /// Throws `Error` about a field of this record.
  [[noreturn]] void fail_field(std::string_view field, std::string_view problem) const;

 private:
  std::optional<simdjson::ondemand::value> find(std::string_view field);
  simdjson::ondemand::value need(std::string_view field, std::string_view wanted);

  simdjson::ondemand::object object_;
  Namer name_;
};

/// A JSON file being read. Strings handed out stay valid as long as this object.
class JsonFile {
 public:
  explicit JsonFile(const std::filesystem::path& path);

  /// The top level as an object. Throws `Error` when it is none, or the file is no JSON.
  JsonRecord top();
  /// Calls `visit` for every object of the array `field` of `top`.
  void each_record(JsonRecord& top, std::string_view field,
                   const std::function<void(JsonRecord&)>& visit);
  /// Calls `visit` for every object of a top-level array, or of JSON lines (whose texts live only
  /// until `visit` returns).
  void each_record(const std::function<void(JsonRecord&)>& visit);

  const std::filesystem::path& path() const { return file_->path(); }
  std::string_view bytes() const { return file_->bytes(); }

 private:
  void each_line(const std::function<void(JsonRecord&)>& visit);
  void each_in_array(simdjson::ondemand::array array, std::string_view of,
                     const std::function<void(JsonRecord&)>& visit);
  [[noreturn]] void fail_syntax(const simdjson::simdjson_error& error,
                                std::string_view where) const;

  std::unique_ptr<MappedFile> file_;
  std::unique_ptr<simdjson::ondemand::parser> parser_;
  simdjson::ondemand::document document_;
};

}  // namespace sightline
