#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace sightline {

enum class ProgressMode { kAuto, kNone, kPlain };
ProgressMode parse_progress_mode(const std::string& name);  ///< throws `UsageError`

/// One line on stderr that says how a task goes: done, rate, time left, running score, failures.
/// Rewritten in place on a terminal; elsewhere (or kPlain) a new line every ten seconds.
class Progress {
 public:
  Progress(std::string task, std::size_t total, std::size_t already_done, ProgressMode mode);
  ~Progress();  ///< prints the last state
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::size_t samples, std::size_t failed, double score_sum, std::size_t scored);

 private:
  void loop();
  std::string line() const;
  void print(bool last);

  const std::string task_;
  const std::size_t total_, already_done_;
  ProgressMode mode_;
  bool terminal_ = false;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::size_t> done_{0}, failed_{0}, scored_{0};
  std::atomic<double> score_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace sightline
