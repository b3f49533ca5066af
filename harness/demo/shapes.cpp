#include "harness/demo/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace sightline::demo {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr double kHoleOfRing = 0.56;  // of the outer radius

/// `count` points on a circle, clockwise on the screen from the top.
std::vector<Point> around_circle(int count, double radius) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) {
    const double angle = kTurn * i / count;
    points.push_back({radius * std::sin(angle), -radius * std::cos(angle)});
  }
  return points;
}

std::vector<Point> star() {
  const std::vector<Point> outer = around_circle(5, 1.08);
  std::vector<Point> points;
  for (int i = 0; i < 5; ++i) {
    const double angle = kTurn * (i + 0.5) / 5;
    points.push_back(outer[static_cast<std::size_t>(i)]);
    points.push_back({0.47 * std::sin(angle), -0.47 * std::cos(angle)});
  }
  return points;
}

std::vector<Point> ring() {
  std::vector<Point> points = around_circle(48, 1);
  points.push_back(points.front());
  std::vector<Point> hole = around_circle(48, kHoleOfRing);
  hole.push_back(hole.front());
  points.insert(points.end(), hole.rbegin(), hole.rend());
  return points;
}

/// The classic parametric curve, x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t.
std::vector<Point> heart() {
  std::vector<Point> points;
  for (int i = 0; i < 60; ++i) {
    const double t = kTurn * i / 60;
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    points.push_back({std::pow(std::sin(t), 3), -(y + 2.5) / 16});
  }
  return points;
}

std::vector<Point> cross() {
  constexpr double kArm = 0.36;
  return {{-kArm, -1}, {kArm, -1}, {kArm, -kArm}, {1, -kArm}, {1, kArm},   {kArm, kArm},
          {kArm, 1},   {-kArm, 1}, {-kArm, kArm}, {-1, kArm}, {-1, -kArm}, {-kArm, -kArm}};
}

/// A disc less another one that lies to the right of it.
std::vector<Point> moon() {
  constexpr double kShift = 0.55, kRadius = 0.82;
  // The circles meet where x = (1 + shift^2 - radius^2) / (2 shift).
  const double x = (1 + kShift * kShift - kRadius * kRadius) / (2 * kShift);
  const double outer = std::acos(x), inner = std::acos((x - kShift) / kRadius);
  std::vector<Point> points;
  for (int i = 0; i <= 36; ++i) {
    const double angle = outer + (kTurn - 2 * outer) * i / 36;
    points.push_back({std::cos(angle), -std::sin(angle)});
  }
  for (int i = 1; i < 30; ++i) {
    const double angle = kTurn - inner - (kTurn - 2 * inner) * i / 30;
    points.push_back({kShift + kRadius * std::cos(angle), -kRadius * std::sin(angle)});
  }
  // Centred: the crescent spans x from -1 to about 0.6.
  for (Point& point : points) point.x += 0.2;
  return points;
}

}  // namespace

std::span<const ShapeInfo> all_shapes() {
  static const std::array<ShapeInfo, 11> kShapes = {{
      {Shape::kCircle, "circle", "circles", 1, "round"},
      {Shape::kSquare, "square", "squares", 2, "angular"},
      {Shape::kTriangle, "triangle", "triangles", 4, "angular"},
      {Shape::kStar, "star", "stars", 7, "symbol"},
      {Shape::kHeart, "heart", "hearts", 8, "symbol"},
      {Shape::kRing, "ring", "rings", 11, "round"},
      {Shape::kDiamond, "diamond", "diamonds", 13, "angular"},
      {Shape::kCross, "cross", "crosses", 16, "symbol"},
      {Shape::kMoon, "moon", "moons", 17, "symbol"},
      {Shape::kHexagon, "hexagon", "hexagons", 21, "angular"},
      {Shape::kDot, "dot", "dots", 30, "round"},
  }};
  return kShapes;
}

const ShapeInfo& info_of(Shape shape) {
  return all_shapes()[static_cast<std::size_t>(shape)];
}

std::vector<Point> unit_outline(Shape shape) {
  switch (shape) {
    case Shape::kCircle:
      return around_circle(48, 1);
    case Shape::kSquare:
      return {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}};
    case Shape::kTriangle:
      return {{0, -0.95}, {1.05, 0.85}, {-1.05, 0.85}};
    case Shape::kStar:
      return star();
    case Shape::kHeart:
      return heart();
    case Shape::kRing:
      return ring();
    case Shape::kDiamond:
      return {{0, -1.15}, {0.75, 0}, {0, 1.15}, {-0.75, 0}};
    case Shape::kCross:
      return cross();
    case Shape::kMoon:
      return moon();
    case Shape::kHexagon:
      return around_circle(6, 1);
    case Shape::kDot:
      return around_circle(16, 1);
  }
  return {};
}

double area_of(const std::vector<Point>& outline) {
  double twice = 0;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const Point &a = outline[i], &b = outline[(i + 1) % outline.size()];
    twice += a.x * b.y - b.x * a.y;
  }
  return std::abs(twice) / 2;
}

Box box_around(const std::vector<Point>& points) {
  const auto [left, right] = std::ranges::minmax(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &Point::y);
  return {left.x, top.y, right.x - left.x, bottom.y - top.y};
}

}  // namespace sightline::demo
