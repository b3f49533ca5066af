#include "harness/engine/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "harness/base/error.h"

namespace sightline {

namespace {

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

ProgressMode parse_progress_mode(const std::string& name) {
  if (name == "auto") return ProgressMode::kAuto;
  if (name == "none") return ProgressMode::kNone;
  if (name == "plain") return ProgressMode::kPlain;
  throw UsageError(fmt::format("--progress {}: want auto, none or plain", name));
}

Progress::Progress(std::string task, std::size_t total, std::size_t already_done, ProgressMode mode)
    : task_(std::move(task)), total_(total), already_done_(already_done), mode_(mode) {
  terminal_ = mode_ == ProgressMode::kAuto && ::isatty(STDERR_FILENO) == 1;
  if (mode_ != ProgressMode::kNone) thread_ = std::thread([this] { loop(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  thread_.join();
  print(true);
}

void Progress::add(std::size_t samples, std::size_t failed, double score_sum, std::size_t scored) {
  done_ += samples;
  failed_ += failed;
  scored_ += scored;
  score_ += score_sum;
}

void Progress::loop() {
  const auto period = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [this] { return ended_; })) print(false);
}

std::string Progress::line() const {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const std::size_t done = done_;
  const double rate = static_cast<double>(done) / std::max(seconds, 1e-9);
  std::string text = fmt::format("{}: {}/{} samples", task_, already_done_ + done, total_);
  if (done > 0) text += fmt::format(", {:.{}f}/s", rate, rate < 10 ? 1 : 0);
  const std::size_t left = total_ - std::min(total_, already_done_ + done);
  if (done > 0 && left > 0) text += ", " + duration(static_cast<double>(left) / rate) + " left";
  if (scored_ > 0) {
    text += fmt::format(", score so far {:.4g}", score_ / static_cast<double>(scored_.load()));
  }
  if (failed_ > 0) text += fmt::format(", {} failed", failed_.load());
  return text;
}

void Progress::print(bool last) {
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}{}", line(), last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}\n", line());
  }
  std::fflush(stderr);
}

}  // namespace sightline
