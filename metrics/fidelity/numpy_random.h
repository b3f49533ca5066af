#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace sightline {

/// numpy's `RandomState(seed)`, which never changes: the draws that published evaluators make with
/// it, bit for bit. The generator is MT19937 (Matsumoto and Nishimura, TOMACS 1998) with its
/// integer seeding, which `std::mt19937` is too.
class NumpyRandomState {
 public:
  explicit NumpyRandomState(std::uint32_t seed) : generator_(seed) {}

  /// An integer in [0, max], each equally likely: draws masked to the bits of `max` are thrown away
  /// until one fits.
  std::uint32_t at_most(std::uint32_t max);

  /// `permutation(n)`: 0 ... n-1 in random order (Fisher-Yates from the end). Throws `Error` for
  /// n >= 2^32.
  std::vector<std::size_t> permutation(std::size_t n);

  /// `choice(n, k, replace=False)`: the first k of a permutation of n. Throws `Error` when k > n.
  std::vector<std::size_t> choice(std::size_t n, std::size_t k);

 private:
  std::mt19937 generator_;
};

}  // namespace sightline
