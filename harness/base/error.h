#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace sightline {

/// A fault, told to the user: what was found, what was wanted, where, and what to do.
///
/// Thrown where the fault is seen; a caller that knows more adds a line with `add_context` and
/// rethrows; only the command line catches for good. The program exits with `exit_code()`.
class Error : public std::exception {
 public:
  explicit Error(std::string message, int exit_code = 2);

  /// Adds "  while ..." below the message, innermost first. `context` starts with a verb in -ing.
  Error& add_context(std::string context);

  /// The message and its context, one line each.
  const char* what() const noexcept override { return text_.c_str(); }
  /// The message alone.
  const std::string& message() const { return message_; }
  int exit_code() const { return exit_code_; }

 private:
  std::string message_;
  std::string text_;
  int exit_code_;
};

/// The command line or a setting is wrong (exit 2).
class UsageError : public Error {
 public:
  explicit UsageError(std::string message) : Error(std::move(message), 2) {}
};

/// Two things that were to be compared, or a run that was to go on, differ in what they mean
/// (exit 4 for comparisons).
class MismatchError : public Error {
 public:
  explicit MismatchError(std::string message, int exit_code = 4)
      : Error(std::move(message), exit_code) {}
};

/// A run cannot go on: disk full, model gone (exit 5). What was done is kept.
class StopError : public Error {
 public:
  explicit StopError(std::string message) : Error(std::move(message), 5) {}
};

/// Throws `Error` with a formatted message.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws `Error` with a formatted message unless `condition` holds.
template <typename... Args>
void require(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Runs `work`; an `Error` leaving it gets the context that `describe()` returns.
template <typename Work, typename Describe>
decltype(auto) with_context(Describe&& describe, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.add_context(std::forward<Describe>(describe)());
    throw;
  }
}

/// Names the valid choice nearest to `given` (edit distance), as "; did you mean 'x'?", or "".
std::string did_you_mean(const std::string& given, const std::vector<std::string>& choices);

}  // namespace sightline
