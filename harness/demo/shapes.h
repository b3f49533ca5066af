#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/box.h"
#include "harness/media/painter.h"

namespace sightline::demo {

enum class Shape {
  kCircle,
  kSquare,
  kTriangle,
  kStar,
  kHeart,
  kRing,
  kDiamond,
  kCross,
  kMoon,
  kHexagon,
  kDot,  ///< a tiny circle, alone or in a cluster
};

/// What the data files and sentences say of a shape.
struct ShapeInfo {
  Shape shape;
  std::string name, plural;
  std::int64_t category_id;  ///< with gaps, as COCO's ids have
  std::string supercategory;
};

/// All shapes, by ascending category id, which is also the order of `Shape`.
std::span<const ShapeInfo> all_shapes();
const ShapeInfo& info_of(Shape shape);

/// The shape around the origin, y downwards, about 2 units wide. A ring's outline runs around the
/// outside, crosses to the hole along a seam, and returns the other way round.
std::vector<Point> unit_outline(Shape shape);

/// Area inside an outline (shoelace formula), in square pixels.
double area_of(const std::vector<Point>& outline);

/// The smallest box around the points.
Box box_around(const std::vector<Point>& points);

}  // namespace sightline::demo
