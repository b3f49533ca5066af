#include "harness/base/thread_team.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "harness/base/parallel.h"

namespace sightline {

namespace {

/// How long a thread looks for news before it sleeps: about what it costs to wake it. A model
/// hands over work every few microseconds while it computes.
constexpr std::chrono::microseconds kSpin{50};

/// Made when first wanted and never destroyed: its threads may outlive every static object.
std::atomic<ThreadTeam*> team{nullptr};

/// Tells the processor that this is a waiting loop.
void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

ThreadTeam& make_team() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { team = nullptr; });
  static_cast<void>(registered);
  auto* made = new ThreadTeam;
  ThreadTeam* other = nullptr;
  if (team.compare_exchange_strong(other, made)) return *made;
  delete made;
  return *other;
}

}  // namespace

ThreadTeam& ThreadTeam::instance() {
  ThreadTeam* existing = team.load();
  return existing != nullptr ? *existing : make_team();
}

void ThreadTeam::run(std::size_t helpers, const std::function<void()>& work) {
  Call* call = helpers == 0 ? nullptr : take_call();
  if (call == nullptr) return work();
  start_helpers(helpers);
  call->room = static_cast<std::int32_t>(helpers);
  call->work = &work;
  ++calls_made_;
  ++busy_;
  wake(static_cast<std::int32_t>(helpers) - spinning_);
  work();
  call->work = nullptr;
  const auto all_left = [&] { return call->visitors == 0; };
  if (!spin(all_left)) {
    for (std::uint32_t left; (left = call->visitors) != 0;) call->visitors.wait(left);
  }
  --busy_;
  call->taken = false;
}

ThreadTeam::Call* ThreadTeam::take_call() {
  for (Call& call : calls_) {
    if (!call.taken.load(std::memory_order_relaxed) && !call.taken.exchange(true)) return &call;
  }
  return nullptr;
}

void ThreadTeam::start_helpers(std::size_t wanted) {
  while (helpers_ < static_cast<std::int32_t>(wanted)) {
    ++helpers_;
    try {
      std::thread([this] { help_forever(); }).detach();
    } catch (const std::system_error&) {
      // The work is done by those that there are.
      --helpers_;
      return;
    }
  }
}

/// Wakes two at most: they wake the next, so that many are awake soon.
void ThreadTeam::wake(std::int32_t helpers) {
  helpers = std::min({helpers, sleeping_.load(), 2});
  for (; helpers > 0; --helpers) calls_made_.notify_one();
}

bool ThreadTeam::help() {
  bool helped = false;
  for (Call& call : calls_) {
    if (call.work.load() != nullptr && help(call)) helped = true;
  }
  return helped;
}

bool ThreadTeam::help(Call& call) {
  // First counted, then looked again: the caller takes the work away and waits for the count.
  ++call.visitors;
  const std::function<void()>* work = call.work;
  std::int32_t room = call.room;
  bool helped = false;
  while (work != nullptr && room > 0 && !helped) {
    helped = call.room.compare_exchange_weak(room, room - 1);
  }
  if (helped) {
    ++busy_;
    wake(room - 1 - spinning_);
    (*work)();
    --busy_;
  }
  if (--call.visitors == 0) call.visitors.notify_all();
  return helped;
}

void ThreadTeam::help_forever() {
  for (;;) {
    const std::uint32_t seen = calls_made_;
    if (help()) continue;
    const auto news = [&] { return calls_made_ != seen; };
    if (may_spin()) {
      ++spinning_;
      const bool came = spin(news);
      --spinning_;
      if (came) continue;
    }
    ++sleeping_;
    calls_made_.wait(seen);
    --sleeping_;
  }
}

/// Only on a processor that has nothing to do, as far as is known here.
bool ThreadTeam::may_spin() const {
  return spinning_ + std::max(1, busy_.load()) < static_cast<std::int32_t>(processor_count());
}

template <typename Done>
bool ThreadTeam::spin(Done&& done) const {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace sightline
