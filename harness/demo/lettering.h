#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/demo/draw_scene.h"
#include "harness/demo/pixels.h"
#include "harness/demo/text_scenes.h"

namespace sightline::demo {

/// A rectangle with round corners, for `Painter::fill_polygon`.
std::vector<Point> rounded(const Box& box, double radius);

/// A picture being drawn, with the words that were written on it.
class Board {
 public:
  Board(Image background, const OpenPainter& open_painter);

  Painter& painter() { return *painter_; }
  Image& image() { return painter_->canvas(); }
  const OpenPainter& opener() const { return open_painter_; }

  /// A soft shadow of a figure, moved to the lower right by `drop` pixels.
  void shadow(const std::vector<Point>& outline, double drop, double opacity);
  /// A figure filled from `top` to `bottom`, without a shadow.
  void fill(const std::vector<Point>& outline, Rgb top, Rgb bottom);

  struct Ink {
    double height;  ///< of capitals, in pixels
    Rgb colour;
    double weight = 0.11;  ///< of a stroke, as a share of the height
  };
  /// Writes a line around `middle_x` on the baseline `y`, smaller if it would be wider than `room`.
  void write(const std::string& line, double middle_x, double y, double room, const Ink& ink);

  /// Takes picture and words out.
  Image take_image() { return std::move(image()); }
  std::vector<Word> take_words() { return std::move(words_); }

 private:
  const OpenPainter& open_painter_;
  std::unique_ptr<Painter> painter_;
  std::vector<Word> words_;
};

}  // namespace sightline::demo
