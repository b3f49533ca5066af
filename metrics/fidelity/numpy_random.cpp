#include "metrics/fidelity/numpy_random.h"

#include <bit>
#include <limits>
#include <numeric>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

std::uint32_t NumpyRandomState::at_most(std::uint32_t max) {
  if (max == 0) return 0;
  const std::uint32_t mask = std::numeric_limits<std::uint32_t>::max() >> std::countl_zero(max);
  for (;;) {
    const auto value = static_cast<std::uint32_t>(generator_()) & mask;
    if (value <= max) return value;
  }
}

std::vector<std::size_t> NumpyRandomState::permutation(std::size_t n) {
  require(n <= std::numeric_limits<std::uint32_t>::max(), "cannot permute {} items", n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t last = n; last-- > 1;) {
    std::swap(order[last], order[at_most(static_cast<std::uint32_t>(last))]);
  }
  return order;
}

std::vector<std::size_t> NumpyRandomState::choice(std::size_t n, std::size_t k) {
  require(k <= n, "cannot choose {} of {} items without putting any back", k, n);
  std::vector<std::size_t> chosen = permutation(n);
  chosen.resize(k);
  return chosen;
}

}  // namespace sightline
