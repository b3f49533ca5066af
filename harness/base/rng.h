#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sightline {

/// The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection of 64-bit
/// numbers that spreads every input bit over all output bits.
constexpr std::uint64_t mix_bits(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// SplitMix64. Streams of one seed are independent, so that every item of parallel work takes its
/// own (`Rng(seed, index)`) and the result does not depend on threads. A value: copies repeat.
/// All but `normal` are integer or exact arithmetic: the same on every machine.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(mix_bits(mix_bits(seed + kStep) ^ (stream * kStreamStep))) {}

  /// 64 random bits.
  constexpr std::uint64_t next() { return mix_bits(state_ += kStep); }

  /// A multiple of 2^-53 in [0, 1).
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// In [low, high).
  constexpr double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// An integer in [0, n), each equally likely (Lemire, TOMACS 2019, algorithm 5). `n` > 0.
  std::uint64_t below(std::uint64_t n);

  /// An integer in [low, high], each equally likely. `low` <= `high`.
  int between(int low, int high);

  /// True with the given probability.
  constexpr bool chance(double probability) { return uniform() < probability; }

  /// Standard normal (Marsaglia's polar method). Uses the C library's logarithm: the last digit may
  /// differ between machines.
  double normal();

  /// One of `choices`, which are not empty.
  template <typename Choices>
  const auto& pick(const Choices& choices) {
    return choices[static_cast<std::size_t>(below(std::size(choices)))];
  }

  /// Puts `items` (a vector, an array) in random order, each order equally likely (Fisher-Yates).
  template <typename Items>
  void shuffle(Items& items) {
    for (std::size_t left = std::size(items); left > 1; --left) {
      std::swap(items[left - 1], items[static_cast<std::size_t>(below(left))]);
    }
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15ULL;
  static constexpr std::uint64_t kStreamStep = 0xD1B54A32D192ED03ULL;
  std::uint64_t state_;
};

/// `k` distinct indices of [0, n), ascending, every such set equally likely; the same on every
/// machine. Throws `Error` when `k` > `n`. Cost: O(n) without memory beyond the result.
std::vector<std::size_t> seeded_subset(std::size_t n, std::size_t k, std::uint64_t seed);

}  // namespace sightline
