#include "models/adapters/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/base/error.h"

namespace sightline {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr std::size_t kMaxErrorLine = 8192;
/// Bytes read before the lines among them are looked at.
constexpr std::size_t kMaxRead = std::size_t{4} << 20;

// The leader of the group: it runs the command ($1) as a child of its own, so that it can kill the
// whole group when it gets the signal that Sightline has died. It keeps no end of the pipes, so
// that the program's closing one is seen.
constexpr const char* kLeader =
    "exec 3<&0; trap 'kill -KILL 0' TERM; /bin/sh -c \"$1\" <&3 3<&- & exec <&- >&- 3<&-; wait $!";

struct Pipe {
  PipeEnd read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw StopError(
        fmt::format("no pipe to a model's process can be made: {}", std::strerror(errno)));
  }
  // Fewer switches between the two programs; a system that refuses leaves the default.
  static_cast<void>(::fcntl(ends[0], F_SETPIPE_SZ, 1 << 20));
  return {PipeEnd(ends[0]), PipeEnd(ends[1])};
}

void make_non_blocking(const PipeEnd& end) {
  ::fcntl(end.get(), F_SETFL, ::fcntl(end.get(), F_GETFL) | O_NONBLOCK);
}

/// Runs in the new process, where only async-signal-safe calls are allowed.
[[noreturn]] void become_leader(const char* command, int input, int output, int errors,
                                pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(errors, 2) < 0) ::_exit(127);
  ::execl("/bin/sh", "/bin/sh", "-c", kLeader, "sightline-model", command,
          static_cast<char*>(nullptr));
  ::_exit(127);
}

/// A write to a program that is gone is to fail, not to end Sightline.
void ignore_broken_pipes() {
  struct sigaction current {};
  if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
}

/// Reads what is there, up to `kMaxRead` bytes; closes `end` at the end of the stream.
template <typename Visit>
void read_available(PipeEnd& end, Visit&& visit) {
  std::array<char, kChunk> buffer;
  for (std::size_t total = 0; end.is_open() && total < kMaxRead;) {
    const ssize_t count = ::read(end.get(), buffer.data(), buffer.size());
    if (count > 0) {
      visit(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      total += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      if (count == 0 || errno != EAGAIN) end.close();
      return;
    }
  }
}

std::string describe_status(int status) {
  int signal = 0;
  if (WIFSIGNALED(status)) signal = WTERMSIG(status);
  // A shell tells of a signal by a status above 128.
  if (WIFEXITED(status) && WEXITSTATUS(status) > 128) signal = WEXITSTATUS(status) - 128;
  if (signal > 0 && ::strsignal(signal) != nullptr) {
    return fmt::format("was killed by signal {} ({})", signal, ::strsignal(signal));
  }
  const int code = WEXITSTATUS(status);
  const char* hint = code == 127   ? " (the command was not found)"
                     : code == 126 ? " (the command cannot be executed)"
                                   : "";
  return fmt::format("exited with status {}{}", code, hint);
}

}  // namespace

void PipeEnd::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

ChildProcess::ChildProcess(ChildOptions options)
    : options_(std::move(options)),
      lines_("\n", options_.max_line_bytes),
      error_lines_("\n\r", std::string::npos) {
  ignore_broken_pipes();
  Pipe input = make_pipe(), output = make_pipe(), errors = make_pipe();
  input_ = std::move(input.write);
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
  for (const PipeEnd* end : {&input_, &output_, &errors_}) make_non_blocking(*end);
  // The kernel tells a process that its parent died when the thread that made it ends: so one
  // thread makes it and lives as long.
  keeper_ = std::thread([this, in = std::move(input.read), out = std::move(output.write),
                         err = std::move(errors.write)]() mutable {
    keep_watch(std::move(in), std::move(out), std::move(err));
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_; });
  if (start_error_ == 0) return;
  lock.unlock();
  keeper_.join();
  throw StopError(
      fmt::format("no process for a model can be made: {}", std::strerror(start_error_)));
}

ChildProcess::~ChildProcess() {
  kill_group();
  keeper_.join();
}

void ChildProcess::keep_watch(PipeEnd input, PipeEnd output, PipeEnd errors) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_leader(options_.command.c_str(), input.get(), output.get(), errors.get(), parent);
  }
  const int error = errno;
  if (pid > 0) ::setpgid(pid, pid);  // the child does so too; whichever is first
  input.close();
  output.close();
  errors.close();
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
    pid_ = pid > 0 ? pid : 0;
    start_error_ = pid > 0 ? 0 : error;
  }
  changed_.notify_all();
  if (pid > 0) wait_for_exit();
}

void ChildProcess::wait_for_exit() {
  const pid_t pid = pid_;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  {
    // Until it is reaped its number cannot name another group.
    const std::lock_guard lock(mutex_);
    ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
    pid_ = 0;
  }
  changed_.notify_all();
}

void ChildProcess::kill_group() {
  const std::lock_guard lock(mutex_);
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

std::optional<int> ChildProcess::wait_status(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return status_.has_value(); });
  return status_;
}

std::vector<std::string> ChildProcess::pump(std::chrono::milliseconds wait) {
  std::array<pollfd, 3> ends{{
      {unsent_.empty() ? -1 : input_.get(), POLLOUT, 0},
      {output_.get(), POLLIN, 0},
      {errors_.get(), POLLIN, 0},
  }};
  std::vector<std::string> lines;
  if (::poll(ends.data(), ends.size(), static_cast<int>(wait.count())) <= 0) return lines;
  if (ends[0].revents != 0) write_unsent();
  if (ends[2].revents != 0) read_errors();
  if (ends[1].revents != 0) read_output(lines);
  return lines;
}

void ChildProcess::write_unsent() {
  while (sent_ < unsent_.size()) {
    const ssize_t count = ::write(input_.get(), unsent_.data() + sent_, unsent_.size() - sent_);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      input_.close();  // it reads no more; its end or its silence says the rest
      break;
    }
  }
  unsent_.clear();
  sent_ = 0;
}

void ChildProcess::read_output(std::vector<std::string>& lines) {
  read_available(output_, [&](std::string_view bytes) {
    lines_.add(bytes, [&](std::string line) {
      if (line.back() == '\r') line.pop_back();
      if (!line.empty()) lines.push_back(std::move(line));
    });
  });
}

void ChildProcess::read_errors() {
  const auto take = [&](std::string line) {
    if (options_.log) options_.log(line);
    if (last_errors_.size() == kLastLines) last_errors_.pop_front();
    last_errors_.push_back(std::move(line));
  };
  read_available(errors_, [&](std::string_view bytes) {
    error_lines_.add(bytes, take);
    if (error_lines_.partial().size() > kMaxErrorLine) {
      take(std::exchange(error_lines_.partial(), {}));
    }
  });
  const bool ended = !errors_.is_open() && !error_lines_.partial().empty();
  if (ended) take(std::exchange(error_lines_.partial(), {}));
}

void ChildProcess::finish(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kStep{20};
  input_.close();
  unsent_.clear();
  const auto deadline = Clock::now() + patience;
  while (!wait_status(std::chrono::milliseconds(0)) && Clock::now() < deadline) pump(kStep);
}

std::string ChildProcess::describe_end() {
  const std::optional<int> status = wait_status(std::chrono::seconds(1));
  return status ? describe_status(*status) : "closed its standard output";
}

bool ChildProcess::succeeded() {
  const std::optional<int> status = wait_status(std::chrono::seconds(1));
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}

std::string ChildProcess::last_words(std::size_t most) {
  read_errors();
  std::string text;
  const std::size_t skipped = last_errors_.size() - std::min(most, last_errors_.size());
  for (std::size_t i = skipped; i < last_errors_.size(); ++i) text += "\n    " + last_errors_[i];
  return text;
}

}  // namespace sightline
