#include "harness/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "harness/base/thread_team.h"

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

}  // namespace

std::size_t processor_count() {
  static const std::size_t processors = available_processors();
  return processors;
}

std::size_t thread_count() {
  const std::size_t chosen = chosen_threads.load();
  return chosen == 0 ? processor_count() : chosen;
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
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  ThreadTeam::instance().run(workers - 1, [&] {
    try {
      for (std::size_t begin; (begin = next.fetch_add(chunk)) < count;) {
        work(begin, std::min(begin + chunk, count));
      }
    } catch (...) {
      next = count;
      if (!failed.exchange(true)) error = std::current_exception();
    }
  });
  if (error) std::rethrow_exception(error);
}

void parallel_invoke(std::initializer_list<std::function<void()>> jobs) {
  const std::vector<std::function<void()>> list(jobs);
  if (thread_count() == 1 || list.empty()) {
    for (const auto& job : list) job();
    return;
  }
  std::vector<std::exception_ptr> errors(list.size());
  std::atomic<std::size_t> next{0};
  ThreadTeam::instance().run(std::min(thread_count(), list.size()) - 1, [&] {
    for (std::size_t job; (job = next++) < list.size();) {
      try {
        list[job]();
      } catch (...) {
        errors[job] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace sightline
