#include "metrics/masks/mask.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// `runs`, which cover the image, become the places at which they meet.
Mask mask_from_checked_runs(int height, int width, std::vector<std::uint32_t> runs) {
  if (!runs.empty()) runs.pop_back();  // the last ends with the image
  std::uint32_t position = 0;
  for (std::uint32_t& run : runs) run = position += run;
  return mask_from_flips(height, width, std::move(runs));
}

}  // namespace

Mask::Mask(int height, int width, std::vector<std::uint32_t> edges)
    : height_(height), width_(width), edges_(std::move(edges)) {
  const std::uint32_t pixels = count_pixels(height, width);
  const bool ascending =
      std::adjacent_find(edges_.begin(), edges_.end(), std::greater_equal<>()) == edges_.end();
  require(edges_.size() % 2 == 0 && ascending && (edges_.empty() || edges_.back() <= pixels),
          "a mask of {} x {} pixels with edges that do not ascend within it in pairs", width,
          height);
  measure();
}

void Mask::measure() {
  if (edges_.empty()) return;
  const auto height = static_cast<std::uint32_t>(height_);
  std::uint32_t column = edges_.front() - edges_.front() % height;  // its first pixel
  first_column_ = column / height;
  end_column_ = (edges_.back() - 1) / height + 1;
  std::uint32_t top = height, bottom = 0;
  for (std::size_t i = 0; i < edges_.size(); i += 2) {
    const std::uint32_t begin = edges_[i];
    const std::uint32_t end = edges_[i + 1];
    area_ += end - begin;
    while (begin - column >= height) column += height;
    top = std::min(top, begin - column);
    bottom = std::max(bottom, std::min(end - column, height));
    if (end - column > height) {  // it goes on at the top of the next column
      top = 0;
      bottom = height;
    }
  }
  box_ = {static_cast<double>(first_column_), static_cast<double>(top),
          static_cast<double>(end_column_ - first_column_), static_cast<double>(bottom - top)};
}

Mask mask_from_flips(int height, int width, std::vector<std::uint32_t> flips) {
  std::size_t kept = 0;
  for (const std::uint32_t flip : flips) {
    if (kept > 0 && flips[kept - 1] == flip) {
      --kept;
    } else {
      flips[kept++] = flip;
    }
  }
  flips.resize(kept);
  if (kept % 2 == 1) {
    const std::uint32_t pixels = count_pixels(height, width);
    if (flips.back() == pixels) {
      flips.pop_back();
    } else {
      flips.push_back(pixels);
    }
  }
  return Mask(height, width, std::move(flips));
}

Mask mask_from_runs(int height, int width, std::span<const std::uint32_t> runs) {
  check_runs(runs, count_pixels(height, width));
  return mask_from_checked_runs(height, width, {runs.begin(), runs.end()});
}

std::vector<std::uint32_t> runs_of(const Mask& mask) {
  const std::uint32_t pixels = count_pixels(mask.height(), mask.width());
  std::vector<std::uint32_t> runs;
  runs.reserve(mask.edges().size() + 1);
  std::uint32_t last = 0;
  for (const std::uint32_t edge : mask.edges()) {
    runs.push_back(edge - last);
    last = edge;
  }
  if (last < pixels) runs.push_back(pixels - last);
  return runs;
}

Mask mask_from_counts(int height, int width, std::string_view counts) {
  std::vector<std::uint32_t> runs;
  expand_runs(counts, count_pixels(height, width), runs);
  return mask_from_checked_runs(height, width, std::move(runs));
}

std::string counts_of(const Mask& mask) {
  return compress_runs(runs_of(mask));
}

Mask mask_from_bitmap(int height, int width, std::span<const std::uint8_t> bitmap) {
  const std::uint32_t pixels = count_pixels(height, width);
  require(bitmap.size() == pixels, "a mask of {} x {} pixels from {} bytes, want {}", width, height,
          bitmap.size(), pixels);
  std::vector<std::uint32_t> flips;
  const auto rows = static_cast<std::size_t>(height);
  const auto columns = static_cast<std::size_t>(width);
  bool object = false;
  std::uint32_t number = 0;
  for (std::size_t x = 0; x < columns; ++x) {
    for (std::size_t y = 0; y < rows; ++y, ++number) {
      if ((bitmap[y * columns + x] != 0) == object) continue;
      object = !object;
      flips.push_back(number);
    }
  }
  return mask_from_flips(height, width, std::move(flips));
}

std::vector<std::uint8_t> bitmap_of(const Mask& mask) {
  std::vector<std::uint8_t> bitmap(count_pixels(mask.height(), mask.width()));
  const auto rows = static_cast<std::uint32_t>(mask.height());
  const auto columns = static_cast<std::size_t>(mask.width());
  for (std::size_t i = 0; i < mask.edges().size(); i += 2) {
    std::size_t x = mask.edges()[i] / rows;
    std::size_t y = mask.edges()[i] % rows;
    for (std::uint32_t left = mask.edges()[i + 1] - mask.edges()[i]; left > 0; --left) {
      bitmap[y * columns + x] = 1;
      if (++y < rows) continue;
      y = 0;
      ++x;
    }
  }
  return bitmap;
}

}  // namespace sightline
