#include "harness/engine/child_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/base/error.h"
#include "models/adapters/child_process.h"

namespace sightline {

namespace {

constexpr const char* kThisProgram = "/proc/self/exe";
constexpr std::size_t kMostErrorBytes = 8192;

/// Runs in the new process, where only async-signal-safe calls are allowed. A group of its own
/// keeps the terminal's Ctrl-C from it: it is told once, by its parent.
[[noreturn]] void become(char* const* words, int errors, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const bool ready = ::getppid() == parent && nowhere >= 0 && ::dup2(nowhere, STDIN_FILENO) >= 0 &&
                     ::dup2(nowhere, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
  if (ready) ::execv(kThisProgram, words);
  ::_exit(127);
}

/// Remembers the message of an error among the lines of stderr.
class ErrorMessage {
 public:
  void add(const std::string& line) {
    constexpr std::string_view kMark = "error: ";
    if (line.starts_with(kMark)) {
      text_ = line.substr(kMark.size());
    } else if (!text_.empty() && line.starts_with("  ") && text_.size() < kMostErrorBytes) {
      text_ += "; " + line.substr(2);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Reads what is there; false at the end of the stream.
bool read_lines(int errors, LineSplitter& lines, ErrorMessage& message,
                const std::function<void(const std::string&)>& log) {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(errors, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    lines.add(std::string_view(buffer.data(), static_cast<std::size_t>(count)),
              [&](const std::string& line) {
                message.add(line);
                log(line);
              });
  }
}

ChildEnd describe_end(int status, const rusage& usage, const std::string& message) {
  ChildEnd end;
  end.peak_memory_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
  end.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (WIFSIGNALED(status)) {
    const char* hint = WTERMSIG(status) == SIGKILL ? ", perhaps for want of memory" : "";
    end.error = fmt::format("its process was killed by signal {} ({}){}", WTERMSIG(status),
                            ::strsignal(WTERMSIG(status)), hint);
  } else if (end.exit_code != 0) {
    end.error =
        message.empty() ? fmt::format("its process exited with status {}", end.exit_code) : message;
  }
  return end;
}

struct Child {
  pid_t process = 0;
  PipeEnd errors;  // its stderr, read without blocking
};

Child start(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw StopError(fmt::format("no pipe to a process can be made: {}", std::strerror(errno)));
  }
  Child child{.process = 0, .errors = PipeEnd(ends[0])};
  const PipeEnd write_end(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::vector<std::string> copies = {"sightline"};
  copies.insert(copies.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  child.process = ::fork();
  if (child.process == 0) become(arguments.data(), write_end.get(), parent);
  if (child.process < 0) {
    throw StopError(fmt::format("no process can be made: {}", std::strerror(errno)));
  }
  return child;
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& words,
                   const std::function<void(const std::string& line)>& log,
                   const std::atomic<bool>& stop) {
  constexpr int kLookAgainMs = 100;
  const Child child = start(words);
  LineSplitter lines("\n\r", std::string::npos);
  ErrorMessage message;
  bool open = true, told = false;
  for (;;) {
    pollfd errors{open ? child.errors.get() : -1, POLLIN, 0};
    ::poll(&errors, 1, kLookAgainMs);
    if (stop && !std::exchange(told, true)) ::kill(child.process, SIGINT);
    int status = 0;
    rusage usage{};
    const pid_t ended = ::wait4(child.process, &status, WNOHANG, &usage);
    open = open && read_lines(child.errors.get(), lines, message, log);
    if (ended == child.process) return describe_end(status, usage, message.text());
  }
}

}  // namespace sightline
