#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/published_number.h"
#include "results/run_results.h"

namespace sightline {

/// A number that somebody published: a row of results/published (its README says what each field
/// is). What is not known is empty.
struct PublishedResult {
  std::string id;
  std::string model, variant, task, split, metric;  ///< the source's words
  double value = 0;                                 ///< as printed, in `unit`
  int decimals = 0;                                 ///< of the value as the row has it
  std::string unit;                                 ///< "%", "dB", "score", ""
  std::optional<bool> higher_is_better;  ///< none: the number describes, it does not rate
  std::string source, note;
  bool from_memory = false;       ///< nobody read it in the source
  std::string task_name;          ///< ours, without options: "lvis_det_minival"
  std::string task_key;           ///< with them: "lvis_det_minival[categories=present]"
  std::string metric_key;         ///< ours
  double factor = 1;              ///< from `value` to the unit of our files
  std::optional<std::int64_t> n;  ///< samples behind the value
  std::map<std::string, std::string> protocol;  ///< what is known of it, with the task's options

  double value_in_files() const { return value * factor; }
  bool is_comparable() const { return !metric_key.empty(); }
};

/// The rows of a file. Throws `Error` naming file, row and field: no JSON, not UTF-8, no rows, a
/// field that is missing, unknown or of a wrong type, a number that is not finite, an id twice.
std::vector<PublishedResult> read_published(const std::filesystem::path& file);

/// The rows that come with Sightline, then those of `files`. Throws `Error` as `read_published`,
/// and for an id that two files have.
std::vector<PublishedResult> published_results(const std::vector<std::string>& files = {});

/// Those whose task (ours or the source's words) holds `task`, and whose model and variant hold
/// `model`, in small letters; an empty word is in all.
std::vector<PublishedResult> filter_published(std::vector<PublishedResult> rows,
                                              const std::string& task, const std::string& model);

/// Throws `UsageError` with the nearest id.
const PublishedResult& find_published(const std::vector<PublishedResult>& rows,
                                      const std::string& id);

/// "PaliGemma 2, 3B fine-tuned".
std::string label_of(const PublishedResult& row);
/// The source, with "(from memory)" where it was not read.
std::string source_of(const PublishedResult& row);
/// "60.04 %": the value with the decimals of its row.
std::string value_of(const PublishedResult& row);

nlohmann::json to_json(const PublishedResult& row);

/// The rows that stand beside the runs' results in a table: of a task (whatever its options) and a
/// metric that one of them has, with the metric's unit there.
std::vector<PublishedNumber> numbers_beside(const std::vector<RunResults>& runs,
                                            const std::vector<PublishedResult>& rows);

}  // namespace sightline
