#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sightline::testing {

/// How a program is started.
struct StartOptions {
  std::vector<std::string> environment;     ///< "NAME=value", besides the test's own
  std::filesystem::path folder;             ///< to work in; empty: the test's own
  std::optional<std::size_t> largest_file;  ///< bytes that a file may have: a small disk
  bool terminal = false;                    ///< stderr is a terminal; what it shows is in `err`
};

/// How a program ended.
struct ProgramEnd {
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;      ///< 0 when it exited
  std::string out, err;
};

/// A program that runs beside the test. It is killed with this object at the latest.
class Running {
 public:
  using Seconds = std::chrono::duration<double>;

  explicit Running(std::vector<std::string> command, const StartOptions& options = {}) {
    if (options.terminal) open_terminal();
    const int err = options.terminal ? terminal_end_ : err_;
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) become(arguments, options, err);
    if (terminal_end_ >= 0) ::close(terminal_end_);
    watch_ = static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
    if (process_ < 0 || watch_ < 0) throw std::runtime_error("cannot start " + command.front());
  }
  ~Running() {
    kill(SIGKILL);
    wait(60);
    for (const int file : {out_, err_, terminal_, watch_}) {
      if (file >= 0) ::close(file);
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Does nothing once it is known to have ended: its number may be another's then.
  void kill(int signal_number) const {
    if (!ended_) ::kill(process_, signal_number);
  }

  /// Whether it ended within that time; returns as soon as it does.
  bool wait(double seconds) {
    const auto end = std::chrono::steady_clock::now() + Seconds(seconds);
    while (!ended_) {
      const Seconds left = end - std::chrono::steady_clock::now();
      if (left.count() <= 0) return false;
      pollfd files[2] = {{watch_, POLLIN, 0}, {terminal_, POLLIN, 0}};
      ::poll(files, 2, static_cast<int>(left.count() * 1000) + 1);
      const bool shown = files[1].revents != 0 && read_terminal();
      if (!shown && files[0].revents != 0) {
        ::waitpid(process_, &status_, 0);
        ended_ = true;
      }
    }
    return true;
  }

  /// Waits for its end, and fails the test when that takes longer than `seconds`.
  ProgramEnd end(double seconds = 120) {
    if (!wait(seconds)) {
      ADD_FAILURE() << "the program did not end within " << seconds << " s; stderr: " << err();
      kill(SIGKILL);
      wait(60);
    }
    ProgramEnd end{.out = content(out_), .err = err()};
    if (WIFEXITED(status_)) end.exit_code = WEXITSTATUS(status_);
    if (WIFSIGNALED(status_)) end.signal = WTERMSIG(status_);
    return end;
  }

  /// What it has written to stderr so far.
  std::string err() const { return terminal_ >= 0 ? shown_ : content(err_); }
  pid_t process() const { return process_; }

 private:
  void open_terminal() {
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ::grantpt(terminal_);
    ::unlockpt(terminal_);
    terminal_end_ = ::open(::ptsname(terminal_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(terminal_end_, 0) << "cannot open a terminal";
  }

  // Between fork and exec only what is allowed there.
  [[noreturn]] void become(std::vector<char*>& arguments, const StartOptions& options,
                           int err) const {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(out_, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
    if (options.largest_file) {
      const rlimit limit = {*options.largest_file, *options.largest_file};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    for (const std::string& entry : options.environment) ::putenv(const_cast<char*>(entry.c_str()));
    ::execvp(arguments.front(), arguments.data());
    ::_exit(127);
  }

  bool read_terminal() {
    char buffer[4096];
    const ssize_t size = ::read(terminal_, buffer, sizeof buffer);
    if (size > 0) shown_.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  static std::string content(int file) {
    std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
    const ssize_t size = ::pread(file, text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  int out_ = ::memfd_create("stdout", MFD_CLOEXEC), err_ = ::memfd_create("stderr", MFD_CLOEXEC);
  int terminal_ = -1, terminal_end_ = -1;
  std::string shown_;
  pid_t process_ = 0;
  int watch_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// Runs a program to its end.
inline ProgramEnd run_to_end(std::vector<std::string> command, const StartOptions& options = {}) {
  return Running(std::move(command), options).end();
}

/// Looks every 2 ms until `condition()` holds; false when that takes longer than `seconds`.
inline bool wait_until(const std::function<bool()>& condition, double seconds = 60) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace sightline::testing
