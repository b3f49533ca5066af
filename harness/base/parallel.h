#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace sightline {

/// Processors this process may run on.
std::size_t processor_count();
/// Threads to use: what `set_thread_count` was told, else `processor_count()`.
std::size_t thread_count();
/// 0 returns to the default. Called once, from the command line.
void set_thread_count(std::size_t count);

/// Calls `work(begin, end)` for contiguous chunks that cover [0, count), on up to `thread_count()`
/// threads, the caller's among them. `grain` is the least chunk worth a hand-over. Chunks are
/// taken dynamically; the first exception is rethrown after all have stopped.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& work);

/// Calls every one of `jobs`, as far as there are threads at the same time; rethrows the exception
/// of the first (in order) to fail.
void parallel_invoke(std::initializer_list<std::function<void()>> jobs);

/// A queue between threads with a bound, so that a fast producer waits instead of filling memory.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. False once the queue is closed: `value` is dropped.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  /// Waits for a value. Empty once the queue is closed and drained.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// A value if one is there now.
  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    return take(lock);
  }

  /// No more values come; those inside can still be taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    filled_.notify_all();
  }

 private:
  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace sightline
