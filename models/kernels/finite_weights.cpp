#include "models/kernels/finite_weights.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

void refuse_non_finite(std::span<const float> weights, std::size_t columns, std::size_t first) {
  const auto bad = std::ranges::find_if(weights, [](float x) { return !std::isfinite(x); });
  const std::size_t place = first + static_cast<std::size_t>(bad - weights.begin());
  if (columns == 0) {
    fail("weight {} is {}; only finite weights can be quantised", place, *bad);
  }
  fail("the weight in row {}, column {} is {}; only finite weights can be quantised",
       place / columns, place % columns, *bad);
}

}  // namespace sightline
