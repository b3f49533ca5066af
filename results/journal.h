#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// One sample of a run, as the journal keeps it.
struct JournalRow {
  std::size_t index = 0;  ///< place in the whole data set, not in the subset that was run
  std::string id;
  std::string outcome;   ///< "ok", "timeout", ...
  std::string request;   ///< JSON: prompt, images
  std::string response;  ///< the model's words as they came, or its typed answer as JSON
  std::string answer;    ///< the parsed answer as JSON; empty where the response is the answer
  std::string scores;    ///< JSON object, metric key -> number
  std::string error;
  int prompt_tokens = 0;
  int generated_tokens = 0;
  double seconds = 0;
};

/// A task of a run.
struct JournalTask {
  std::string name;         ///< with its options: "textvqa_val[ocr=on]"
  std::string protocol;     ///< JSON: all that changes what a score means
  std::size_t samples = 0;  ///< in the whole data set
};

/// What the answers of a task took, over all rows.
struct JournalUsage {
  std::int64_t prompt_tokens = 0, generated_tokens = 0;  ///< 0: the model does not count them
  double seconds = 0;                                    ///< of the model; 0: it does not say
};

/// The truth of a run: `run.sqlite`, one row a sample. Scores are recomputed from it.
///
/// Rows are appended in transactions; a process killed at any moment loses at most the rows not
/// yet appended, and never leaves half a row. One writer at a time: a lock file guards the folder.
class Journal {
 public:
  static constexpr int kSchemaVersion = 1;
  static constexpr const char* kFileName = "run.sqlite";

  /// Creates the run folder or goes on with it. `identity` is a JSON object of strings, numbers
  /// and objects; where the folder holds a run of another identity this throws `MismatchError`
  /// (exit 2) naming each field that differs, with both values. `fresh` discards an earlier run.
  /// Throws `Error` when another process writes there, the folder is read-only, or the file is no
  /// journal or of a newer schema.
  static Journal open(const std::filesystem::path& folder, const nlohmann::json& identity,
                      bool fresh = false);
  /// Opens a finished or unfinished run to read it, beside a writer if there is one.
  static Journal open_to_read(const std::filesystem::path& folder);

  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  /// Adds a task or finds it again; the number names it below. Throws `MismatchError` (exit 2)
  /// naming the protocol field that differs from the one stored.
  int add_task(const JournalTask& task);
  std::vector<JournalTask> tasks() const;  ///< numbers are positions in this list
  nlohmann::json identity() const;
  std::filesystem::path folder() const;

  /// A named JSON note of the run (environment, timings, selections); the last write wins.
  void set_note(const std::string& name, const nlohmann::json& value);
  nlohmann::json note(const std::string& name) const;  ///< null when absent

  /// Appends rows in one transaction; a row whose index is there already is replaced, so nothing
  /// is counted twice. Throws `StopError` when the disk is full.
  void append(int task, std::span<const JournalRow> rows);
  /// done[i]: sample i has a row.
  std::vector<bool> done(int task) const;
  std::size_t count(int task) const;
  JournalUsage usage(int task) const;
  /// Every row in data-set order.
  void for_each(int task, const std::function<void(const JournalRow&)>& visit) const;
  /// The same, but only index, id, outcome, request and scores are read: what a comparison needs.
  void for_each_score(int task, const std::function<void(const JournalRow&)>& visit) const;
  /// The row of one sample; none where it has not been answered.
  std::optional<JournalRow> row(int task, std::size_t index) const;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sightline
