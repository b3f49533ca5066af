// Masks against slow and simple counterparts on random inputs, and what holds for all of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "harness/base/rng.h"
#include "metrics/masks/mask.h"
#include "metrics/masks/mask_cover.h"
#include "metrics/masks/mask_overlap.h"
#include "metrics/masks/polygon_mask.h"

namespace sightline {
namespace {

using Bitmap = std::vector<std::uint8_t>;

/// Runs of random lengths, so that masks of all kinds come: noise, stripes, empty and full ones.
Mask random_mask(Rng& rng, int height, int width) {
  const auto pixels = static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
  const std::uint64_t longest = 1 + rng.below(rng.chance(0.3) ? 2 * pixels : 2 * height);
  std::vector<std::uint32_t> flips;
  for (std::uint64_t at = rng.below(longest); at < pixels; at += 1 + rng.below(longest)) {
    flips.push_back(static_cast<std::uint32_t>(at));
  }
  return mask_from_flips(height, width, flips);
}

class RandomMasks : public ::testing::TestWithParam<int> {
 protected:
  Rng rng_{static_cast<std::uint64_t>(GetParam())};
  int height_ = rng_.between(1, 40), width_ = rng_.between(1, 40);

  std::vector<Mask> masks(std::size_t count) {
    std::vector<Mask> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(random_mask(rng_, height_, width_));
    return made;
  }
};

TEST_P(RandomMasks, EveryFormLeadsBackToTheMask) {
  for (const Mask& mask : masks(20)) {
    EXPECT_EQ(mask_from_counts(height_, width_, counts_of(mask)), mask);
    EXPECT_EQ(mask_from_runs(height_, width_, runs_of(mask)), mask);
    EXPECT_EQ(mask_from_bitmap(height_, width_, bitmap_of(mask)), mask);
    std::vector<std::uint32_t> runs;
    expand_runs(compress_runs(runs_of(mask)), count_pixels(height_, width_), runs);
    EXPECT_EQ(runs, runs_of(mask));
  }
}

TEST_P(RandomMasks, RunsOfLengthZeroChangeNothing) {
  for (const Mask& mask : masks(20)) {
    std::vector<std::uint32_t> runs;
    for (const std::uint32_t run : runs_of(mask)) {
      const auto part = static_cast<std::uint32_t>(rng_.below(run + 1ULL));
      runs.insert(runs.end(), {part, 0, run - part});
    }
    runs.insert(runs.end(), {0, 0});
    EXPECT_EQ(mask_from_runs(height_, width_, runs), mask);
    EXPECT_EQ(mask_from_counts(height_, width_, compress_runs(runs)), mask);
  }
}

TEST_P(RandomMasks, AreaAndBoxAreThoseOfThePixels) {
  for (const Mask& mask : masks(20)) {
    const Bitmap bitmap = bitmap_of(mask);
    std::uint32_t area = 0;
    int left = width_, top = height_, right = 0, bottom = 0;
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        if (bitmap[static_cast<std::size_t>(y * width_ + x)] == 0) continue;
        ++area;
        left = std::min(left, x), right = std::max(right, x + 1);
        top = std::min(top, y), bottom = std::max(bottom, y + 1);
      }
    }
    EXPECT_EQ(mask.area(), area);
    const Box want =
        area == 0 ? Box{}
                  : Box{static_cast<double>(left), static_cast<double>(top),
                        static_cast<double>(right - left), static_cast<double>(bottom - top)};
    EXPECT_EQ(mask.box(), want);
  }
}

TEST_P(RandomMasks, OverlapIsThatOfThePixels) {
  const std::vector<Mask> all = masks(12);
  for (const Mask& a : all) {
    for (const Mask& b : all) {
      const Bitmap left = bitmap_of(a), right = bitmap_of(b);
      std::int64_t shared = 0, united = 0;
      for (std::size_t i = 0; i < left.size(); ++i) {
        shared += left[i] & right[i];
        united += left[i] | right[i];
      }
      EXPECT_EQ(shared_pixels(a, b), shared);
      const double iou =
          shared == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(united);
      EXPECT_EQ(mask_iou(a, b), iou);
      EXPECT_EQ(mask_iou(b, a), iou) << "symmetric";
      const double within =
          shared == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(a.area());
      EXPECT_EQ(mask_iou(a, b, true), within);
    }
    EXPECT_EQ(mask_iou(a, a), a.area() == 0 ? 0 : 1);
  }
}

TEST_P(RandomMasks, MergesAreThoseOfThePixels) {
  for (std::size_t count = 1; count < 6; ++count) {
    const std::vector<Mask> parts = masks(count);
    std::vector<std::size_t> covering(count_pixels(height_, width_));
    std::uint64_t sum = 0;
    std::uint32_t greatest = 0;
    for (const Mask& part : parts) {
      const Bitmap bitmap = bitmap_of(part);
      for (std::size_t i = 0; i < bitmap.size(); ++i) covering[i] += bitmap[i];
      sum += part.area();
      greatest = std::max(greatest, part.area());
    }
    const auto where = [&](auto condition) {
      Bitmap bitmap;
      for (const std::size_t n : covering) bitmap.push_back(condition(n) ? 1 : 0);
      return mask_from_bitmap(height_, width_, bitmap);
    };
    EXPECT_EQ(unite(parts), where([](std::size_t n) { return n > 0; }));
    EXPECT_EQ(intersect(parts), where([&](std::size_t n) { return n == count; }));
    EXPECT_EQ(covered_once(parts), where([](std::size_t n) { return n == 1; }));
    EXPECT_GE(unite(parts).area(), greatest);
    EXPECT_LE(unite(parts).area(), sum);
  }
}

TEST_P(RandomMasks, OverlapsForMatchingAreAllThatReachTheThreshold) {
  const std::vector<Mask> truths = masks(6), detections = masks(9);
  std::vector<GroundTruthMask> marked;
  std::vector<std::uint8_t> crowd;
  for (const Mask& truth : truths) {
    marked.push_back({&truth, rng_.chance(0.3)});
    crowd.push_back(marked.back().crowd ? 1 : 0);
  }
  const std::vector<double> ious = mask_ious(detections, truths, crowd);
  const std::vector<std::uint32_t> some_truths = {4, 0, 5}, some_detections = {8, 2, 3, 7};
  for (const double least : {0.0, 0.1, 0.5, 0.9}) {
    std::vector<Overlap> found;
    find_mask_overlaps(marked, detections, least)(some_detections, some_truths, found);
    std::size_t next = 0;
    for (std::uint32_t d = 0; d < some_detections.size(); ++d) {
      for (std::uint32_t t = 0; t < some_truths.size(); ++t) {
        const double iou = ious[some_detections[d] * truths.size() + some_truths[t]];
        if (iou < least) continue;
        ASSERT_LT(next, found.size());
        EXPECT_EQ(found[next].detection, d);
        EXPECT_EQ(found[next].truth, t);
        EXPECT_EQ(found[next++].iou, iou);
      }
    }
    EXPECT_EQ(next, found.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomMasks, ::testing::Range(0, 30));

// Polygons ----------------------------------------------------------------------------------------

/// What COCO's mask API does, step by step: every edge as a walk over the finer grid, in the order
/// of the corners; then the places where the walk passes from one pixel column to the next.
Mask polygon_by_walking(const std::vector<double>& polygon, int height, int width) {
  const std::size_t points = polygon.size() / 2;
  const auto corner = [&](std::size_t i) {
    i %= points;
    return std::pair{static_cast<int>(5 * polygon[2 * i] + 0.5),
                     static_cast<int>(5 * polygon[2 * i + 1] + 0.5)};
  };
  std::vector<std::pair<int, int>> walk;
  for (std::size_t i = 0; i < points; ++i) {
    auto [x0, y0] = corner(i);
    auto [x1, y1] = corner(i + 1);
    const int dx = std::abs(x1 - x0), dy = std::abs(y1 - y0);
    const bool flat = dx >= dy, back = flat ? x0 > x1 : y0 > y1;
    if (back) std::swap(x0, x1), std::swap(y0, y1);
    const int steps = flat ? dx : dy;
    const double slope = steps == 0 ? 0 : static_cast<double>(flat ? y1 - y0 : x1 - x0) / steps;
    for (int d = 0; d <= steps; ++d) {
      const int t = back ? steps - d : d;
      if (flat) {
        walk.emplace_back(x0 + t, static_cast<int>(y0 + slope * t + 0.5));
      } else {
        walk.emplace_back(static_cast<int>(x0 + slope * t + 0.5), y0 + t);
      }
    }
  }
  std::vector<std::uint32_t> flips;
  for (std::size_t j = 1; j < walk.size(); ++j) {
    const auto [x, y] = walk[j];
    const auto [x_before, y_before] = walk[j - 1];
    if (x == x_before) continue;
    const double column = (std::min(x, x_before == x + 1 ? x : x - 1) + 0.5) / 5 - 0.5;
    if (column != std::floor(column) || column < 0 || column > width - 1) continue;
    const double row = std::clamp((std::min(y, y_before) + 0.5) / 5 - 0.5, 0.0, height * 1.0);
    flips.push_back(static_cast<std::uint32_t>(column * height + std::ceil(row)));
  }
  std::sort(flips.begin(), flips.end());
  return mask_from_flips(height, width, flips);
}

class RandomPolygons : public ::testing::TestWithParam<int> {
 protected:
  Rng rng_{static_cast<std::uint64_t>(GetParam()), 1};
};

TEST_P(RandomPolygons, ArePixelForPixelWhatTheWalkGives) {
  for (int trial = 0; trial < 100; ++trial) {
    const int height = rng_.between(1, 90), width = rng_.between(1, 90);
    const double margin = rng_.chance(0.5) ? 0 : rng_.uniform(0, 60);
    const double unit = rng_.chance(0.3) ? 1.0 : rng_.chance(0.5) ? 0.1 : 0.01;
    std::vector<double> polygon;
    for (int i = rng_.between(3, 12); i > 0; --i) {
      const double x = rng_.uniform(-margin, width + margin);
      const double y = rng_.uniform(-margin, height + margin);
      polygon.insert(polygon.end(), {std::round(x / unit) * unit, std::round(y / unit) * unit});
      if (rng_.chance(0.1)) polygon.insert(polygon.end(), {polygon.end()[-2], polygon.back()});
    }
    ASSERT_EQ(polygon_mask(polygon, height, width), polygon_by_walking(polygon, height, width))
        << ::testing::PrintToString(polygon) << " in " << width << " x " << height;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPolygons, ::testing::Range(0, 40));

TEST(PolygonMask, AreaIsCloseToThatOfTheShape) {
  for (const double radius : {20.0, 60.0, 150.0}) {
    std::vector<double> circle;
    for (int i = 0; i < 360; ++i) {
      const double angle = i * std::numbers::pi / 180;
      circle.insert(circle.end(), {200 + radius * std::cos(angle), 180 + radius * std::sin(angle)});
    }
    const double area = std::numbers::pi * radius * radius;
    // Half a pixel along the whole boundary is the most that rounding can add up to.
    EXPECT_NEAR(polygon_mask(circle, 360, 400).area(), area, 2 * std::numbers::pi * radius * 0.5);
  }
}

TEST(PolygonMask, CoordinatesFarOutsideCostNoMoreThanTheImage) {
  const std::vector<double> huge = {-1e8, -1e8, 1e8, -1e8, 1e8, 1e8, -1e8, 1e8};
  EXPECT_EQ(polygon_mask(huge, 480, 640).area(), 480U * 640U);
  const std::vector<double> beside = {1e7, 1e7, 1e8, 1e7, 1e8, 1e8};
  EXPECT_EQ(polygon_mask(beside, 480, 640).area(), 0U);
  const std::vector<double> half = {-1e8, -1e8, 1e8, -1e8, 1e8, 240, -1e8, 240};
  EXPECT_EQ(polygon_mask(half, 480, 640).area(), 240U * 640U);
}

}  // namespace
}  // namespace sightline
