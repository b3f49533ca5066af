#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sightline {

/// How a command of this program ended that ran in a process of its own.
struct ChildEnd {
  int exit_code = 0;  ///< 128 + the signal where one ended it
  /// Why it did not end well, on one line: its "error: " message with what stands below it, or how
  /// a signal ended it; "" for exit code 0.
  std::string error;
  std::int64_t peak_memory_bytes = 0;  ///< of it and of processes of its own, whichever took most
};

/// Runs this program with `words` behind its name, and waits for it. Its stdout is dropped; `log`
/// gets each line of its stderr. When `stop` becomes true it is asked to stop as by Ctrl-C; it is
/// killed when this process dies. Throws `StopError` when no process can be made.
ChildEnd run_child(const std::vector<std::string>& words,
                   const std::function<void(const std::string& line)>& log,
                   const std::atomic<bool>& stop);

}  // namespace sightline
