#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "metrics/fidelity/squared_distances.h"

namespace sightline {

/// Finds the k-th smallest of many distances of which only bounds are known at first. Keeps those
/// that may be among the k smallest, some k + 32 of them, and has exact distances computed only
/// when their bounds do not tell them apart.
class NearestList {
 public:
  explicit NearestList(std::size_t k) : k_(k) {}

  /// No distance above this matters any more.
  double limit() const { return limit_; }

  /// Offers the distance to row `index`; `exact(index)` gives it.
  template <typename Exact>
  void offer(const DistanceBounds& bounds, std::size_t index, const Exact& exact) {
    // Nothing is smaller than 0, and what is equal changes nothing.
    if (bounds.low > limit_ || limit_ == 0) return;
    candidates_.push_back({bounds, index});
    if (candidates_.size() < k_ + kSlack) return;
    narrow();
    if (candidates_.size() > k_ + kSlack / 2) settle(exact);
  }

  /// The k-th smallest of all that was offered; at least k must have been.
  template <typename Exact>
  double kth(const Exact& exact) {
    narrow();
    settle(exact);
    return limit_;
  }

 private:
  static constexpr std::size_t kSlack = 32;

  struct Candidate {
    DistanceBounds bounds;
    std::size_t index;
  };

  /// Drops what is certainly not among the k smallest.
  void narrow() {
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(candidates_, kth, {},
                             [](const Candidate& c) { return c.bounds.high; });
    limit_ = std::min(limit_, kth->bounds.high);
    std::erase_if(candidates_, [&](const Candidate& c) { return c.bounds.low > limit_; });
  }

  /// Makes all distances exact and keeps the k smallest.
  template <typename Exact>
  void settle(const Exact& exact) {
    for (Candidate& candidate : candidates_) {
      if (candidate.bounds.low == candidate.bounds.high) continue;
      const double distance = exact(candidate.index);
      candidate.bounds = {distance, distance};
    }
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(candidates_, kth, {}, [](const Candidate& c) { return c.bounds.low; });
    limit_ = std::min(limit_, kth->bounds.low);
    candidates_.resize(k_);
  }

  std::size_t k_;
  double limit_ = std::numeric_limits<double>::infinity();
  std::vector<Candidate> candidates_;
};

}  // namespace sightline
