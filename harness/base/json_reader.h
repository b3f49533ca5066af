#pragma once

#include <simdjson.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/box.h"
#include "harness/base/file.h"
#include "harness/base/segmentation.h"

// Reading large JSON files of known shape with simdjson's on-demand reader, with errors that name
// file, record and field. For .cpp files only: the header of simdjson costs 2 s a file.
//
// Only what is asked for is read: text between the fields asked for need only have balanced
// brackets and closed strings.

namespace sightline {

/// A JSON object with a name for errors: "annotations.json: record 17 of 'annotations'".
/// Fields are looked up in any order, fastest in the file's; each value is read once.
class JsonRecord {
 public:
  using Namer = std::function<std::string()>;
  using Visit = std::function<void(JsonRecord&)>;
  JsonRecord(simdjson::ondemand::object object, Namer name)
      : object_(object), name_(std::move(name)) {}

  /// Throws `Error` when the field is missing, null or of another type.
  std::int64_t integer(std::string_view field);
  double number(std::string_view field);          ///< finite
  std::string_view text(std::string_view field);  ///< lives as long as the file's reader
  std::string id(std::string_view field);         ///< of an integer or a string, as text
  Box box(std::string_view field);                ///< [x, y, w, h]: finite, w and h not negative
  /// Polygons [[x0, y0, x1, y1, ...], ...], or run lengths {"size": [height, width], "counts": a
  /// compressed string or integers}; checked as `check_polygon` and `expand_runs` do.
  Segmentation segmentation(std::string_view field);

  /// No value when the field is missing or null; throws when it is of another type.
  std::optional<std::int64_t> optional_integer(std::string_view field);
  std::optional<double> optional_number(std::string_view field);
  std::optional<std::string_view> optional_text(std::string_view field);
  std::optional<std::string> optional_id(std::string_view field);
  /// A number of pixels, at least 0; 0 when the field is missing or null.
  int pixels(std::string_view field);

  /// The field's value as it stands in the file, whatever it is ("null", "NaN", "[1, 2]"), without
  /// space around it; no value when the field is missing.
  std::optional<std::string_view> raw(std::string_view field);
  /// Calls `visit` for the object that is the field, named "<this>, '<field>'"; whether it is one.
  bool visit_object(std::string_view field, const Visit& visit);

  /// Calls `visit` for every object of an array, named "<this>: record 3 of '<field>'".
  void each_record(std::string_view field, const Visit& visit);
  /// Calls `visit` for every string of an array.
  void each_text(std::string_view field, const std::function<void(std::string_view)>& visit);
  /// The integers of an array.
  std::vector<std::int64_t> integers(std::string_view field);
  /// Calls `visit` for every field of this record, all of which must be integers.
  void each_integer(const std::function<void(std::string_view field, std::int64_t value)>& visit);

  std::string name() const { return name_(); }
  /// Throws `Error` about a field of this record.
  [[noreturn]] void fail_field(std::string_view field, std::string_view problem) const;

 private:
  std::optional<simdjson::ondemand::value> find_any(std::string_view field);
  std::optional<simdjson::ondemand::value> find(std::string_view field);
  simdjson::ondemand::value need(std::string_view field, std::string_view wanted);
  simdjson::ondemand::array array(std::string_view field);

  simdjson::ondemand::object object_;
  Namer name_;
};

/// A line of JSON lines.
struct JsonLine {
  std::string_view text;
  std::size_t number = 0;  ///< from 1
};

/// A JSON file being read. Strings handed out stay valid as long as this object.
class JsonFile {
 public:
  /// Throws `Error` when the file cannot be read or holds nothing. A byte order mark is skipped.
  explicit JsonFile(const std::filesystem::path& path);

  /// The top level as an object. Throws `Error` when it is none, or the file is no JSON.
  JsonRecord top();
  /// Calls `visit` for every object of a top-level array, or of JSON lines (whose texts live only
  /// until `visit` returns).
  void each_record(const JsonRecord::Visit& visit);
  /// Calls `visit` for every object of JSON lines, with its line, which stays readable as long as
  /// this object. What was read is not kept in memory, so that the file may be larger than that.
  void each_line(const std::function<void(JsonRecord& record, const JsonLine& line)>& visit);
  /// Calls `visit` for the object of a line that `each_line` gave; may run in several threads.
  void visit_line(const JsonLine& line, const JsonRecord::Visit& visit) const;

  const std::filesystem::path& path() const { return file_->path(); }

 private:
  std::string name_of_line(std::size_t number) const;
  std::size_t room_behind(std::string_view text) const;
  void iterate(std::string_view text, std::string_view where);

  std::unique_ptr<MappedFile> file_;
  std::string_view text_;
  std::unique_ptr<simdjson::ondemand::parser> parser_;
  simdjson::ondemand::document document_;
};

}  // namespace sightline
