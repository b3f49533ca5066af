#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "models/adapters/line_splitter.h"

namespace sightline {

/// An end of a pipe, closed with its owner.
class PipeEnd {
 public:
  explicit PipeEnd(int descriptor = -1) : descriptor_(descriptor) {}
  PipeEnd(PipeEnd&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  PipeEnd& operator=(PipeEnd&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~PipeEnd() { close(); }

  int get() const { return descriptor_; }  ///< -1 when closed
  bool is_open() const { return descriptor_ >= 0; }
  void close();

 private:
  int descriptor_;
};

struct ChildOptions {
  std::string command;                                  ///< for /bin/sh -c
  std::size_t max_line_bytes = std::size_t{256} << 20;  ///< of its stdout
  std::function<void(const std::string& line)> log;     ///< gets each line of its stderr
};

/// A program with its stdin, stdout and stderr on pipes.
///
/// It runs in a process group of its own, and the whole group is killed when the program ends, when
/// this object goes, and when Sightline itself dies. Nothing here blocks longer than it is told to:
/// reading goes on while the program does not take what is written to it.
class ChildProcess {
 public:
  static constexpr std::size_t kLastLines = 20;  ///< of stderr that are remembered

  /// Throws `StopError` when no process can be made. That the command is wrong shows only later,
  /// as an end with status 126 or 127.
  explicit ChildProcess(ChildOptions options);
  /// Kills what is left of the group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Queues bytes for the program's stdin; `pump` writes them.
  void send(std::string_view bytes) { unsent_.append(bytes); }

  /// Writes what the program takes and reads what it has written, after waiting for up to `wait`
  /// until it does either. Returns the whole lines of its stdout, without line ends and without
  /// empty ones.
  std::vector<std::string> pump(std::chrono::milliseconds wait);

  /// Its stdout has ended: no more lines come. What it wrote behind the last line end is dropped.
  bool at_end() const { return !output_.is_open(); }
  /// It is writing a line longer than `max_line_bytes`.
  bool line_too_long() const { return lines_.too_long(); }

  /// Closes its stdin and waits for it to end by itself, for up to `patience`.
  void finish(std::chrono::milliseconds patience);

  /// How it ended: "exited with status 1", "was killed by signal 11 (Segmentation fault)", or
  /// "closed its standard output" if it is still there.
  std::string describe_end();
  /// Whether it has exited with status 0; waits for that for up to a second.
  bool succeeded();
  /// The last lines that it wrote to stderr, each indented and on a line of its own, or "".
  std::string last_words(std::size_t most = kLastLines);

 private:
  void keep_watch(PipeEnd input, PipeEnd output, PipeEnd errors);
  void wait_for_exit();
  void kill_group();
  std::optional<int> wait_status(std::chrono::milliseconds patience);
  void write_unsent();
  void read_output(std::vector<std::string>& lines);
  void read_errors();

  ChildOptions options_;
  PipeEnd input_, output_, errors_;
  std::string unsent_;
  std::size_t sent_ = 0;  ///< bytes at the front of `unsent_` that are written
  LineSplitter lines_;
  LineSplitter error_lines_;
  std::deque<std::string> last_errors_;

  std::mutex mutex_;  ///< guards the members below
  std::condition_variable changed_;
  pid_t pid_ = 0;  ///< of the group's leader; 0 before it has started and after it was reaped
  int start_error_ = 0;
  bool started_ = false;
  std::optional<int> status_;
  std::thread keeper_;
};

}  // namespace sightline
