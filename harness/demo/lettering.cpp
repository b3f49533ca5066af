#include "harness/demo/lettering.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/text.h"

namespace sightline::demo {

std::vector<Point> rounded(const Box& box, double radius) {
  constexpr int kSteps = 8;
  const double right = box.x + box.w, bottom = box.y + box.h;
  const Point centres[] = {{right - radius, box.y + radius},
                           {right - radius, bottom - radius},
                           {box.x + radius, bottom - radius},
                           {box.x + radius, box.y + radius}};
  std::vector<Point> points;
  for (int corner = 0; corner < 4; ++corner) {
    for (int i = 0; i <= kSteps; ++i) {
      const double angle = (corner - 1 + static_cast<double>(i) / kSteps) * std::numbers::pi / 2;
      points.push_back({centres[corner].x + radius * std::cos(angle),
                        centres[corner].y + radius * std::sin(angle)});
    }
  }
  return points;
}

Board::Board(Image background, const OpenPainter& open_painter)
    : open_painter_(open_painter), painter_(open_painter(background.width, background.height)) {
  painter_->canvas() = std::move(background);
}

void Board::shadow(const std::vector<Point>& outline, double drop, double opacity) {
  const int margin = static_cast<int>(std::ceil(4 * drop)) + 2;
  const Box box = box_around(outline);
  const int left = static_cast<int>(std::floor(box.x)) - margin;
  const int top = static_cast<int>(std::floor(box.y)) - margin;
  const auto mask = open_painter_(static_cast<int>(std::ceil(box.w)) + 2 * margin,
                                  static_cast<int>(std::ceil(box.h)) + 2 * margin);
  std::vector<Point> moved = outline;
  for (Point& point : moved) point = {point.x - left + 0.7 * drop, point.y - top + drop};
  mask->fill_polygon(moved, {255, 255, 255});
  mask->blur(drop);
  lay_over(image(), mask->canvas(), left, top, opacity, [](int, int) { return Rgb{14, 14, 24}; });
}

void Board::fill(const std::vector<Point>& outline, Rgb top, Rgb bottom) {
  const Box box = box_around(outline);
  const int left = static_cast<int>(std::floor(box.x)) - 1;
  const int above = static_cast<int>(std::floor(box.y)) - 1;
  const auto mask =
      open_painter_(static_cast<int>(std::ceil(box.w)) + 4, static_cast<int>(std::ceil(box.h)) + 4);
  std::vector<Point> moved = outline;
  for (Point& point : moved) point = {point.x - left, point.y - above};
  mask->fill_polygon(moved, {255, 255, 255});
  lay_over(image(), mask->canvas(), left, above, 1,
           [&](int, int y) { return mix(top, bottom, std::clamp((y - box.y) / box.h, 0.0, 1.0)); });
}

void Board::write(const std::string& line, double middle_x, double y, double room, const Ink& ink) {
  double height = ink.height;
  const double natural = painter_->text_width(line, height, height * ink.weight);
  if (natural > room) height *= room / natural;
  const double stroke = std::max(1.0, height * ink.weight);
  const double left = middle_x - painter_->text_width(line, height, stroke) / 2;
  painter_->text(line, {left, y}, height, stroke, to_colour(ink.colour));
  std::size_t position = 0;
  for (const std::string_view word : split_at_space(line)) {
    position = line.find(word, position);
    const std::string before = line.substr(0, position);
    const double start = before.empty() ? 0 : painter_->text_width(before, height, stroke);
    position += word.size();
    const double end = painter_->text_width(line.substr(0, position), height, stroke);
    const bool descends = word.find_first_of("gjpqy,;Q") != std::string_view::npos;
    const double below = descends ? 0.34 * height : 0;  // of the Hershey fonts
    const Box box = {left + start, y - height - stroke / 2, end - start, height + stroke + below};
    words_.push_back({std::string(word), box});
  }
}

}  // namespace sightline::demo
