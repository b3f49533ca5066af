#pragma once

#include <filesystem>

namespace sightline {

/// The right to write in a run folder, held by one process at a time: an `flock` on `run.lock`.
/// The kernel releases it when the process ends in whatever way, so no stale lock is ever left; the
/// file itself stays and holds the process id of the writer, for the message to a second one.
class RunLock {
 public:
  static constexpr const char* kFileName = "run.lock";

  /// Throws `Error` when another writer holds the lock, or the folder cannot be written.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace sightline
