#include "models/opencv/regions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/rng.h"
#include "models/opencv/painter.h"

namespace sightline {
namespace {

double iou(const Box& a, const Box& b) {
  const double w = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const double h = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  const double both = std::max(0.0, w) * std::max(0.0, h);
  return both / (a.w * a.h + b.w * b.h - both);
}

double best_iou(const std::vector<Box>& boxes, const Box& wanted) {
  double best = 0;
  for (const Box& box : boxes) best = std::max(best, iou(box, wanted));
  return best;
}

/// Three figures on a slowly changing background.
Image picture() {
  const auto painter = open_painter(640, 480);
  for (int y = 0; y < 480; ++y) {
    const auto level = static_cast<std::uint8_t>(120 + y / 8);
    painter->line({0, 1.0 * y}, {639, 1.0 * y}, 1, {level, level, 200});
  }
  painter->fill_ellipse({150, 150}, 80, 80, 0, {220, 40, 40});
  painter->fill_polygon({{400, 100}, {520, 100}, {520, 180}, {400, 180}}, {240, 220, 60});
  painter->fill_ellipse({420, 380}, 15, 15, 0, {30, 120, 60});
  return painter->canvas();
}

const Box kFigures[] = {{70, 70, 160, 160}, {400, 100, 120, 80}, {405, 365, 30, 30}};

TEST(FindRegions, FindsEveryFigureAmongTheFirstBoxes) {
  const std::vector<Box> boxes = find_regions(picture(), 10);
  for (const Box& figure : kFigures) EXPECT_GT(best_iou(boxes, figure), 0.75) << figure.x;
}

TEST(FindRegions, BoxesAreInsideTheImageAndDistinct) {
  Rng rng(1);
  Image noise = black_image(97, 61);
  for (auto& value : noise.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  for (const Image& image : {picture(), noise}) {
    const std::vector<Box> boxes = find_regions(image, 100);
    EXPECT_LE(boxes.size(), 100U);
    EXPECT_FALSE(boxes.empty());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const Box& box = boxes[i];
      EXPECT_GE(std::min(box.x, box.y), 0);
      EXPECT_GT(std::min(box.w, box.h), 0);
      EXPECT_LE(box.x + box.w, image.width + 1e-9);
      EXPECT_LE(box.y + box.h, image.height + 1e-9);
      for (std::size_t j = 0; j < i; ++j) EXPECT_LE(iou(box, boxes[j]), 0.9 + 1e-9);
    }
  }
}

TEST(FindRegions, GivesNoMoreThanAskedForAndAlwaysTheSame) {
  const Image image = picture();
  const std::vector<Box> many = find_regions(image, 50);
  EXPECT_EQ(many, find_regions(image, 50));
  const std::vector<Box> few = find_regions(image, 2);
  ASSERT_EQ(few.size(), 2U);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(FindRegions, HasNothingToSayOfEmptyOrTinyImages) {
  EXPECT_TRUE(find_regions({}, 10).empty());
  EXPECT_TRUE(find_regions(picture(), 0).empty());
  EXPECT_NO_THROW(find_regions(black_image(1, 1), 10));
  EXPECT_NO_THROW(find_regions(black_image(1, 500), 10));
  EXPECT_NO_THROW(find_regions(black_image(3000, 2), 10));
}

}  // namespace
}  // namespace sightline
