#pragma once

#include <memory>

#include "harness/media/painter.h"

namespace sightline {

/// A painter on a black canvas of `width` x `height` pixels, drawing with OpenCV. Edges are
/// anti-aliased and placed to 1/16 pixel; the thickness of lines is rounded to whole pixels, at
/// least 1. Text is in a Hershey stroke font, which has ASCII only: any other character is drawn as
/// "?". The same calls give the same bytes, from any thread. Throws `Error` unless both sides are
/// in [1, 32767].
std::unique_ptr<Painter> open_painter(int width, int height);

}  // namespace sightline
