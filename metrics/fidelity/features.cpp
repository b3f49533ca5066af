#include "metrics/fidelity/features.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace sightline {

namespace {

constexpr std::size_t kGrain = 1 << 16;  // values worth a thread

/// An exponent of ones is that of infinities and NaNs; the loop has no branch, so it is vectorised.
bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000U;
  std::uint32_t bad = 0;
  for (const float value : values) {
    bad |=
        static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  }
  return bad == 0;
}

}  // namespace

void require_features(const FeatureRows& features, std::string_view what, std::size_t first_row) {
  require(features.width > 0, "{}: a feature vector needs at least one value", what);
  require(features.values.size() % features.width == 0,
          "{}: {} values are no whole rows of {} values", what, features.values.size(),
          features.width);
  std::atomic<bool> good{true};
  parallel_for(features.values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    if (!all_finite(features.values.subspan(begin, end - begin))) good = false;
  });
  if (good) return;
  const auto bad = std::find_if(features.values.begin(), features.values.end(),
                                [](float value) { return !std::isfinite(value); });
  const auto index = static_cast<std::size_t>(bad - features.values.begin());
  fail(
      "{}: row {}, column {} (both from 0) is {}; features must be finite numbers. Look at the "
      "image of that row and at the weights of the network",
      what, first_row + index / features.width, index % features.width, *bad);
}

void require_comparable(const FeatureRows& a, std::string_view what_a, const FeatureRows& b,
                        std::string_view what_b) {
  require_features(a, what_a);
  require_features(b, what_b);
  require(a.width == b.width, "{} have {} values a row, {} have {}; they must be of one network",
          what_a, a.width, what_b, b.width);
}

}  // namespace sightline
