#include "harness/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace sightline {

namespace {

std::atomic<std::size_t> chosen_threads{0};

std::size_t available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(CPU_COUNT(&set)));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

/// Runs `body(worker)` on `workers` threads and rethrows the first worker's exception.
void run_on_threads(std::size_t workers, const std::function<void(std::size_t)>& body) {
  std::vector<std::exception_ptr> errors(workers);
  const auto guarded = [&](std::size_t worker) {
    try {
      body(worker);
    } catch (...) {
      errors[worker] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t worker = 1; worker < workers; ++worker) threads.emplace_back(guarded, worker);
    guarded(0);
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace

std::size_t thread_count() {
  static const std::size_t processors = available_processors();
  const std::size_t chosen = chosen_threads.load();
  return chosen == 0 ? processors : chosen;
}

void set_thread_count(std::size_t count) {
  chosen_threads = count;
}

void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& work) {
  if (count == 0) return;
  grain = std::max<std::size_t>(1, grain);
  const std::size_t workers = std::min(thread_count(), (count + grain - 1) / grain);
  if (workers == 1) return work(0, count);
  const std::size_t chunk = std::max(grain, count / (workers * 8));
  std::atomic<std::size_t> next{0};
  run_on_threads(workers, [&](std::size_t) {
    for (std::size_t begin; (begin = next.fetch_add(chunk)) < count;) {
      try {
        work(begin, std::min(begin + chunk, count));
      } catch (...) {
        next = count;
        throw;
      }
    }
  });
}

void parallel_invoke(std::initializer_list<std::function<void()>> jobs) {
  const std::vector<std::function<void()>> list(jobs);
  if (thread_count() == 1 || list.empty()) {
    for (const auto& job : list) job();
    return;
  }
  run_on_threads(list.size(), [&](std::size_t worker) { list[worker](); });
}

}  // namespace sightline
