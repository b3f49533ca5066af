#include "metrics/masks/mask_cover.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// A pixel from which on one mask more covers, or one less.
struct Step {
  std::uint32_t pixel;
  bool begins;
  bool operator<(const Step& other) const { return pixel < other.pixel; }
};

std::vector<Step> sorted_steps(std::span<const Mask> masks) {
  std::vector<Step> steps;
  for (const Mask& mask : masks) {
    const auto middle = static_cast<std::ptrdiff_t>(steps.size());
    bool begins = false;
    for (const std::uint32_t edge : mask.edges()) steps.push_back({edge, begins = !begins});
    std::inplace_merge(steps.begin(), steps.begin() + middle, steps.end());
  }
  return steps;
}

}  // namespace

Mask cover(std::span<const Mask> masks, std::size_t least, std::size_t most) {
  require(!masks.empty() && least >= 1,
          "merging {} masks, at least {} over a pixel; want 1 or more", masks.size(), least);
  for (const Mask& mask : masks) {
    require(mask.same_size(masks.front()),
            "merging masks of different sizes, {} x {} and {} x {} pixels", masks.front().width(),
            masks.front().height(), mask.width(), mask.height());
  }
  std::vector<std::uint32_t> flips;
  std::size_t covering = 0;
  bool inside = false;
  for (const Step& step : sorted_steps(masks)) {
    covering += step.begins ? std::size_t{1} : std::size_t{0} - 1;
    if ((covering >= least && covering <= most) == inside) continue;
    inside = !inside;
    flips.push_back(step.pixel);
  }
  return mask_from_flips(masks.front().height(), masks.front().width(), std::move(flips));
}

}  // namespace sightline
