#include "harness/demo/shapes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

namespace sightline::demo {
namespace {

TEST(Shapes, AreListedInTheOrderOfTheirIds) {
  std::int64_t before = 0;
  std::set<std::string> names;
  for (const ShapeInfo& info : all_shapes()) {
    EXPECT_GT(info.category_id, before);
    before = info.category_id;
    names.insert(info.name);
    EXPECT_EQ(info_of(info.shape).name, info.name);
  }
  EXPECT_EQ(names.size(), 11U);
}

TEST(Shapes, AreaIsThatOfThePolygon) {
  EXPECT_DOUBLE_EQ(area_of({{0, 0}, {4, 0}, {4, 3}, {0, 3}}), 12);
  EXPECT_DOUBLE_EQ(area_of({{0, 3}, {4, 3}, {4, 0}, {0, 0}}), 12);
  EXPECT_DOUBLE_EQ(area_of({{1, 1}, {5, 1}, {1, 4}}), 6);
}

TEST(Shapes, OutlinesHaveTheAreasOfGeometry) {
  // A regular polygon of n corners on the unit circle: n/2 sin(2 pi / n).
  const auto regular = [](int n) { return n / 2.0 * std::sin(2 * std::numbers::pi / n); };
  EXPECT_NEAR(area_of(unit_outline(Shape::kCircle)), regular(48), 1e-12);
  EXPECT_NEAR(area_of(unit_outline(Shape::kHexagon)), regular(6), 1e-12);
  EXPECT_NEAR(area_of(unit_outline(Shape::kSquare)), 1.8 * 1.8, 1e-12);
  EXPECT_NEAR(area_of(unit_outline(Shape::kCross)), 4 - 4 * 0.64 * 0.64, 1e-12);
  EXPECT_NEAR(area_of(unit_outline(Shape::kDiamond)), 0.5 * 1.5 * 2.3, 1e-12);
  // The hole of a ring does not count.
  EXPECT_NEAR(area_of(unit_outline(Shape::kRing)), regular(48) * (1 - 0.56 * 0.56), 1e-12);
}

TEST(Shapes, OutlinesAreCentredAndAboutTwoUnitsWide) {
  for (const ShapeInfo& info : all_shapes()) {
    SCOPED_TRACE(info.name);
    const Box box = box_around(unit_outline(info.shape));
    EXPECT_NEAR(box.x + box.w / 2, 0, 0.1);
    EXPECT_NEAR(box.y + box.h / 2, 0, 0.11);
    EXPECT_GE(std::max(box.w, box.h), 1.7);
    EXPECT_LE(std::max(box.w, box.h), 2.31);
  }
}

}  // namespace
}  // namespace sightline::demo
