#include "harness/demo/draw_scene.h"

#include <cmath>

#include "harness/demo/backdrop.h"
#include "harness/demo/pixels.h"

namespace sightline::demo {
namespace {

/// Draws the outline white on black, shifted by (-`left`, -`top`).
void draw_mask(Painter& painter, const SceneObject& object, int left, int top) {
  std::vector<Point> outline;
  for (const Point& point : object.outline) {
    // The painter's (0, 0) is the centre of a pixel, the outline's its corner.
    outline.push_back({point.x - 0.5 - left, point.y - 0.5 - top});
  }
  if (object.shape != Shape::kRing) {
    painter.fill_polygon(outline, {255, 255, 255});
    return;
  }
  const auto middle = outline.begin() + static_cast<std::ptrdiff_t>(outline.size() / 2);
  painter.fill_polygon({outline.begin(), middle}, {255, 255, 255});
  painter.fill_polygon({middle, outline.end()}, {0, 0, 0});
}

/// Red channel in [0, 1], 0 outside.
double mask_at(const Image& mask, double x, double y) {
  const int column = static_cast<int>(std::lround(x)), row = static_cast<int>(std::lround(y));
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return 0;
  return mask.row(row)[3 * column] / 255.0;
}

}  // namespace

void draw_object(Image& image, const SceneObject& object, const OpenPainter& open_painter) {
  const double size = std::sqrt(object.area);
  const double bevel = 0.6 + 0.028 * size, softness = 1.2 + 0.045 * size;
  const int drop = static_cast<int>(std::lround(1.5 + 0.05 * size));
  const int margin = static_cast<int>(std::ceil(3 * softness)) + drop;
  const int left = static_cast<int>(std::floor(object.box.x)) - margin;
  const int top = static_cast<int>(std::floor(object.box.y)) - margin;
  const auto painter = open_painter(static_cast<int>(std::ceil(object.box.w)) + 2 * margin + 1,
                                    static_cast<int>(std::ceil(object.box.h)) + 2 * margin + 1);
  draw_mask(*painter, object, left, top);
  const Image sharp = painter->canvas();
  painter->blur(bevel);
  const Image rounded = painter->canvas();
  painter->blur(softness);

  lay_over(image, painter->canvas(), left + drop, top + drop + drop / 2, 0.42, [](int, int) {
    return Rgb{14, 16, 34};
  });
  const Rgb base = to_rgb(palette()[object.colour].rgb);
  lay_over(image, sharp, left, top, 1, [&](int x, int y) {
    const double down = (y - object.box.y) / object.box.h;
    const Rgb face = mix(mix(base, kWhite, 0.13 * (1 - down)), kBlack, 0.16 * down);
    const double u = x - left, v = y - top, step = bevel;
    const double slope =
        mask_at(rounded, u + step, v + step) - mask_at(rounded, u - step, v - step);
    return slope > 0 ? mix(face, kWhite, 0.42 * slope) : mix(face, kBlack, -0.30 * slope);
  });
}

Image draw_scene(const Scene& scene, const OpenPainter& open_painter) {
  Image image = paint_backdrop(scene.setting, scene.seed, scene.width, scene.height);
  for (const SceneObject& dot : scene.dots) draw_object(image, dot, open_painter);
  for (const SceneObject& object : scene.objects) draw_object(image, object, open_painter);
  return image;
}

}  // namespace sightline::demo
