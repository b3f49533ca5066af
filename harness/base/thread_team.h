#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace sightline {

/// Threads that wait to help whoever has work for several. They are started when first wanted,
/// sleep while there is nothing to do, and stay until the program ends. Any number of threads may
/// ask for help at the same time, those that help as well.
class ThreadTeam {
 public:
  /// The team of this process; a process made by fork gets one of its own.
  static ThreadTeam& instance();

  /// Calls `work` on this thread and, as far as there are threads to spare, on up to `helpers`
  /// others at the same time. Returns when all calls have: a helper that comes late is not waited
  /// for, so `work` has to share out what there is to do. `work` must not throw.
  void run(std::size_t helpers, const std::function<void()>& work);

 private:
  /// One call of `run`, as the helpers see it.
  struct alignas(64) Call {
    std::atomic<bool> taken{false};
    std::atomic<const std::function<void()>*> work{nullptr};
    std::atomic<std::int32_t> room{0};       ///< helpers that may still come
    std::atomic<std::uint32_t> visitors{0};  ///< threads that are looking at or doing `work`
  };

  Call* take_call();
  void start_helpers(std::size_t wanted);
  void wake(std::int32_t helpers);
  bool help();
  bool help(Call& call);
  void help_forever();
  bool may_spin() const;
  template <typename Done>
  bool spin(Done&& done) const;

  std::array<Call, 32> calls_;
  std::atomic<std::uint32_t> calls_made_{0};  ///< what sleepers wait for to change
  std::atomic<std::int32_t> helpers_{0}, sleeping_{0}, spinning_{0}, busy_{0};
};

}  // namespace sightline
