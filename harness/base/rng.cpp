#include "harness/base/rng.h"

#include <cmath>

#include "harness/base/error.h"

namespace sightline {

std::uint64_t Rng::below(std::uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{next()} * n;
  if (static_cast<std::uint64_t>(product) < n) {
    // The low halves below 2^64 mod n belong to results that would come up once too often.
    const std::uint64_t excess = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < excess) product = Wide{next()} * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

int Rng::between(int low, int high) {
  const auto count = static_cast<std::uint64_t>(std::int64_t{high} - low) + 1;
  return static_cast<int>(low + static_cast<std::int64_t>(below(count)));
}

double Rng::normal() {
  for (;;) {
    const double x = uniform(-1, 1);
    const double y = uniform(-1, 1);
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * std::log(square) / square);
  }
}

std::vector<std::size_t> seeded_subset(std::size_t n, std::size_t k, std::uint64_t seed) {
  require(k <= n, "a subset of {} was asked of {} items: ask for at most {}", k, n, n);
  Rng rng(seed);
  std::vector<std::size_t> chosen;
  chosen.reserve(k);
  // Selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm S).
  for (std::size_t index = 0; chosen.size() < k; ++index) {
    if (rng.below(n - index) < k - chosen.size()) chosen.push_back(index);
  }
  return chosen;
}

}  // namespace sightline
