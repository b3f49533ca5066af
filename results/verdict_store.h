#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace sightline {

/// What a judge said of one sentence.
struct StoredVerdict {
  std::string key;    ///< SHA-256 of everything that the verdict depends on
  std::string judge;  ///< rules that name the judge; this and the next two are for people
  std::string id;     ///< where the sentence first stood: "qual_dev_00012#3"
  std::string sentence;
  std::string verdict;   ///< "entailment", ...; empty where there is none
  std::string outcome;   ///< "ok"; "parse_fail", "timeout", ... without a verdict
  std::string response;  ///< the judge's words as they came
  std::string error;
  double seconds = 0;
};

/// Verdicts of judges in a SQLite file, found again by key: what was judged once is never asked
/// again. A process killed at any moment loses at most the verdicts not yet appended. Used by one
/// thread; several processes may share a file.
class VerdictStore {
 public:
  static constexpr int kSchemaVersion = 1;
  static constexpr const char* kFileName = "judge.sqlite";
  static constexpr const char* kInMemory = ":memory:";  ///< as file: nothing is kept

  /// Creates the file when it is missing. Throws `Error` when it is the file of another program, of
  /// a newer schema, damaged, or cannot be written.
  static VerdictStore open(const std::filesystem::path& file);
  /// Opens a file to read it, beside a writer if there is one. Throws `Error` when it is missing.
  static VerdictStore open_to_read(const std::filesystem::path& file);

  VerdictStore(VerdictStore&&) noexcept;
  VerdictStore& operator=(VerdictStore&&) noexcept;
  ~VerdictStore();

  std::optional<StoredVerdict> find(const std::string& key) const;
  /// Appends in one transaction; a verdict whose key is there already is replaced. Throws
  /// `StopError` when the disk is full.
  void append(std::span<const StoredVerdict> verdicts);
  /// Appends all that `other` holds.
  void append_all(const VerdictStore& other);
  std::size_t size() const;

 private:
  struct State;
  explicit VerdictStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sightline
