#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/media/image.h"

namespace sightline {

using Colour = std::array<std::uint8_t, 3>;  ///< R, G, B

struct Point {
  double x = 0, y = 0;
};

/// Draws anti-aliased figures on an RGB canvas. Coordinates are pixels, (0, 0) the centre of the
/// top left pixel. The implementation (OpenCV) lives in a module loaded when something is drawn.
class Painter {
 public:
  virtual ~Painter() = default;
  virtual void fill_polygon(const std::vector<Point>& corners, const Colour& colour) = 0;
  virtual void fill_ellipse(Point centre, double radius_x, double radius_y, double degrees,
                            const Colour& colour) = 0;
  virtual void line(Point from, Point to, double thickness, const Colour& colour) = 0;
  virtual void rectangle(Point corner, Point opposite, double thickness, const Colour& colour) = 0;
  /// Text with its baseline starting at `origin`; `height` of capitals in pixels.
  virtual void text(const std::string& words, Point origin, double height, double thickness,
                    const Colour& colour) = 0;
  /// Width in pixels that `text` would cover.
  virtual double text_width(const std::string& words, double height, double thickness) const = 0;
  virtual void blur(double sigma) = 0;
  virtual Image& canvas() = 0;
};

}  // namespace sightline
