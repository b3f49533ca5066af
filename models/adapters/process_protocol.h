#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/api/request.h"
#include "models/api/response.h"

// The JSON lines that Sightline and a model in another process exchange: pure functions between
// lines and values. docs/process_model.py is the program's side of it.

namespace sightline {

/// What a program says of itself.
struct ProcessHello {
  std::string name;
  std::vector<Kind> kinds;
  std::size_t max_batch = 1;
  std::string revision;
  std::map<std::string, std::string> hashes;  ///< "weights" or file names -> SHA-256
  std::string prompt_style;                   ///< "": not said
  std::string geometry;                       ///< "": not said

  bool operator==(const ProcessHello&) const = default;
};

/// Sightline's first line, with its line end.
std::string write_greeting(std::string_view task, std::string_view precision);

/// Reads the program's answer to it. Throws `Error` naming the field that is wrong or missing.
ProcessHello read_hello(const std::string& line);

/// The line of a request, with its line end. `asked` is the kind that the program gets (a program
/// that knows only texts gets a prompt in place of "detect" or "ground"); `image` is the prepared
/// file of a reconstruction. Throws `Error` where a text or path is not UTF-8.
std::string write_request(const Request& request, Kind asked, const std::string& wire_id,
                          const std::filesystem::path& image);

/// Reads a line of the program as a JSON object; no value if it is none. Python's NaN and Infinity,
/// which are not JSON, count as null: the program answered, and its answer is told to be wrong
/// field by field.
std::optional<nlohmann::json> read_answer_line(const std::string& line);

/// Finds a category by its exact name, else by its name in lower case.
class CategoryNames {
 public:
  explicit CategoryNames(std::shared_ptr<const std::vector<Category>> categories);
  /// `PredictedBox::kNoCategory` for an unknown label.
  std::int64_t find(const std::string& label) const;
  bool is_of(const std::shared_ptr<const std::vector<Category>>& categories) const {
    return categories_ == categories;
  }

 private:
  std::shared_ptr<const std::vector<Category>> categories_;  // held: its address is its identity
  std::unordered_map<std::string, std::int64_t> exact_, lower_;
};

/// The response that an answer line means. An answer of the wrong form is `kParseFail` with the
/// field in `error`; the program's own "error" is `kModelError`. Never throws for bad content.
Response read_answer(const nlohmann::json& answer, const Request& request, Kind asked,
                     const CategoryNames& names);

}  // namespace sightline
