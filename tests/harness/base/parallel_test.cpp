#include "harness/base/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sightline {
namespace {

using namespace std::chrono_literals;

/// Sets the number of threads for the scope of a test.
class Threads {
 public:
  explicit Threads(std::size_t count) { set_thread_count(count); }
  ~Threads() { set_thread_count(0); }
};

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for (const std::size_t threads : {1U, 2U, 3U, 8U}) {
    const Threads scope(threads);
    for (const std::size_t count : {0U, 1U, 2U, 7U, 64U, 1000U, 4097U}) {
      for (const std::size_t grain : {0U, 1U, 3U, 100U, 5000U}) {
        std::vector<std::atomic<int>> visits(count);
        parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
          ASSERT_LT(begin, end);
          ASSERT_LE(end, count);
          for (std::size_t i = begin; i < end; ++i) ++visits[i];
        });
        for (const auto& visit : visits)
          ASSERT_EQ(visit, 1) << threads << " " << count << " " << grain;
      }
    }
  }
}

TEST(ParallelFor, UsesTheCallerAndNoMoreThreadsThanAsked) {
  const Threads scope(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  parallel_for(300, 1, [&](std::size_t, std::size_t) {
    std::this_thread::sleep_for(1ms);
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_LE(seen.size(), 3U);
  EXPECT_TRUE(seen.contains(std::this_thread::get_id()));
}

TEST(ParallelFor, SmallWorkStaysOnTheCaller) {
  const Threads scope(8);
  parallel_for(100, 100,
               [&, caller = std::this_thread::get_id()](std::size_t begin, std::size_t end) {
                 EXPECT_EQ(std::this_thread::get_id(), caller);
                 EXPECT_EQ(end - begin, 100U);
               });
}

TEST(ParallelFor, RethrowsOnceAllHaveStopped) {
  for (const std::size_t threads : {1U, 4U}) {
    const Threads scope(threads);
    std::atomic<int> inside{0};
    EXPECT_THROW(parallel_for(1000, 1,
                              [&](std::size_t begin, std::size_t) {
                                ++inside;
                                std::this_thread::sleep_for(100us);
                                --inside;
                                if (begin >= 100 || threads == 1) throw std::runtime_error("x");
                              }),
                 std::runtime_error);
    EXPECT_EQ(inside, 0);
    std::atomic<std::size_t> visited{0};
    parallel_for(1000, 1, [&](std::size_t begin, std::size_t end) { visited += end - begin; });
    EXPECT_EQ(visited, 1000U) << "works again after an exception";
  }
}

TEST(ParallelFor, Nests) {
  const Threads scope(4);
  std::atomic<int> visits{0};
  parallel_for(10, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](std::size_t b, std::size_t e) { visits += static_cast<int>(e - b); });
    }
  });
  EXPECT_EQ(visits, 100);
}

TEST(ParallelFor, ServesManyCallersAtTheSameTime) {
  const Threads scope(4);
  constexpr std::size_t kCallers = 40, kCalls = 200, kCount = 50;
  std::vector<std::atomic<std::size_t>> visits(kCallers);
  {
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&visits, caller] {
        for (std::size_t call = 0; call < kCalls; ++call) {
          parallel_for(kCount, 1, [&](std::size_t begin, std::size_t end) {
            if (call % 50 == 0) std::this_thread::sleep_for(10us);
            visits[caller] += end - begin;
          });
          ASSERT_EQ(visits[caller], (call + 1) * kCount) << "returned before all was done";
        }
      });
    }
  }
  for (const auto& visit : visits) EXPECT_EQ(visit, kCalls * kCount);
}

TEST(ParallelFor, HelpersComeBackAfterSleep) {
  const Threads scope(2);
  for (const auto pause : {0us, 10us, 60us, 2000us}) {
    // A caller that waits for its helper: without one it would wait until the time is up.
    std::this_thread::sleep_for(pause);
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::thread::id> seen;
    parallel_for(2, 1, [&](std::size_t, std::size_t) {
      std::unique_lock lock(mutex);
      seen.insert(std::this_thread::get_id());
      changed.notify_all();
      changed.wait_for(lock, 10s, [&] { return seen.size() == 2; });
    });
    EXPECT_EQ(seen.size(), 2U);
  }
}

TEST(ParallelFor, FollowsTheNumberOfThreads) {
  for (const std::size_t threads : {3U, 1U, 6U, 2U, 8U}) {
    const Threads scope(threads);
    std::atomic<std::size_t> inside{0}, most{0};
    for (int call = 0; call < 20; ++call) {
      parallel_for(64, 1, [&](std::size_t, std::size_t) {
        const std::size_t now = ++inside;
        for (std::size_t before = most; before < now && !most.compare_exchange_weak(before, now);) {
        }
        std::this_thread::sleep_for(20us);
        --inside;
      });
    }
    EXPECT_LE(most, threads);
    EXPECT_GE(most, std::min<std::size_t>(threads, 2));
  }
}

TEST(ParallelFor, AProcessMadeByForkHasHelpersOfItsOwn) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer starts no threads in a process made by fork";
#endif
  const Threads scope(3);
  const auto sum = [] {
    std::atomic<std::size_t> total{0};
    parallel_for(1000, 1, [&](std::size_t begin, std::size_t end) { total += end - begin; });
    return total.load();
  };
  ASSERT_EQ(sum(), 1000U);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(20);
    ::_exit(sum() == 1000 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(sum(), 1000U);
}

TEST(ParallelFor, AProgramEndsWhileHelpersSleepOrWork) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        set_thread_count(3);
        parallel_for(10, 1, [](std::size_t, std::size_t) {});
        std::thread([] {
          parallel_for(1000, 1, [](std::size_t, std::size_t) { std::this_thread::sleep_for(1ms); });
        }).detach();
        std::this_thread::sleep_for(5ms);
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
}

TEST(ParallelInvoke, RunsEveryJobAndRethrowsTheFirstInOrder) {
  for (const std::size_t threads : {1U, 4U}) {
    const Threads scope(threads);
    std::atomic<int> done{0};
    parallel_invoke({[&] { done += 1; }, [&] { done += 10; }, [&] { done += 100; }});
    EXPECT_EQ(done, 111);
    try {
      parallel_invoke({[&] {
                         std::this_thread::sleep_for(5ms);
                         throw std::runtime_error("first");
                       },
                       [] { throw std::runtime_error("second"); }});
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "first");
    }
    EXPECT_NO_THROW(parallel_invoke({}));
  }
}

TEST(ThreadCount, IsTheDefaultUnlessTold) {
  EXPECT_GE(thread_count(), 1U);
  const std::size_t before = thread_count();
  {
    const Threads scope(before + 5);
    EXPECT_EQ(thread_count(), before + 5);
  }
  EXPECT_EQ(thread_count(), before);
}

TEST(BoundedQueue, IsFirstInFirstOut) {
  BoundedQueue<int> queue(3);
  EXPECT_FALSE(queue.try_pop());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_EQ(queue.pop(), 0);
  EXPECT_EQ(queue.try_pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(BoundedQueue, AFullQueueMakesItsProducerWait) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::jthread producer([&] {
    for (int i = 0; i < 5; ++i) {
      queue.push(i);
      ++pushed;
    }
  });
  while (pushed < 2) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(pushed, 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(queue.pop(), i);
}

TEST(BoundedQueue, ClosingLetsGoOfAllWhoWait) {
  BoundedQueue<int> full(1), empty(1);
  ASSERT_TRUE(full.push(7));
  std::atomic<bool> refused{false}, ended{false};
  {
    std::jthread producer([&] { refused = !full.push(8); });
    std::jthread consumer([&] { ended = !empty.pop(); });
    std::this_thread::sleep_for(5ms);
    full.close();
    empty.close();
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(ended);
  EXPECT_EQ(full.pop(), 7) << "what is inside can still be taken";
  EXPECT_FALSE(full.pop());
  EXPECT_FALSE(full.push(9));
}

TEST(BoundedQueue, LosesAndDoublesNothingBetweenManyThreads) {
  BoundedQueue<int> queue(4);
  constexpr int kEach = 2000;
  std::vector<std::atomic<int>> seen(3 * kEach);
  std::vector<std::jthread> consumers;
  for (int c = 0; c < 3; ++c) {
    consumers.emplace_back([&] {
      while (const std::optional<int> value = queue.pop()) ++seen[static_cast<std::size_t>(*value)];
    });
  }
  {
    std::vector<std::jthread> producers;
    for (int p = 0; p < 3; ++p) {
      producers.emplace_back([&queue, p] {
        for (int i = 0; i < kEach; ++i) queue.push(p * kEach + i);
      });
    }
  }
  queue.close();
  consumers.clear();
  for (const auto& count : seen) ASSERT_EQ(count, 1);
}

TEST(BoundedQueue, MovesWhatCannotBeCopied) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  queue.push(std::make_unique<int>(3));
  EXPECT_EQ(**queue.pop(), 3);
}

}  // namespace
}  // namespace sightline
