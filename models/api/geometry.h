#pragma once

#include <array>
#include <string>
#include <string_view>

#include "harness/base/box.h"
#include "harness/media/smart_resize.h"

namespace sightline {

/// How a model writes box coordinates; declared by the model or the user, never guessed.
struct BoxGeometry {
  enum class Unit { kPixels, kUnit, kNorm999, kNorm1000, kBins1024 };
  enum class Order { kXyxy, kYxyx, kXywh, kCxcywh };
  /// The image that the numbers refer to.
  enum class Frame {
    kOriginal,      ///< the image as stored (any resize that ignores the aspect is the same)
    kPaddedSquare,  ///< the image centred on a square canvas of its longer side
    kSmartResize,   ///< Qwen2-VL's resize to multiples of `factor` within a pixel budget
  };
  Unit unit = Unit::kPixels;
  Order order = Order::kXyxy;
  Frame frame = Frame::kOriginal;
  int factor = 28;            ///< kSmartResize: sides are multiples of it
  long min_pixels = 3136;     ///< kSmartResize
  long max_pixels = 1003520;  ///< kSmartResize (1280 * 28 * 28)
};

/// "pixels", "unit", "norm999", "norm1000" or "bins1024", then optionally ":xyxy|yxyx|xywh|cxcywh",
/// then optionally ":original|padded_square|smart_resize", then ":name=value" for factor,
/// min_pixels, max_pixels. Throws `UsageError` that lists the choices.
BoxGeometry parse_geometry(std::string_view text);
/// The full form that `parse_geometry` reads back.
std::string to_string(const BoxGeometry& geometry);

/// The box in pixels of the original image of `width` x `height` that four numbers mean. Corners
/// in the wrong order give a negative width or height; nothing is clipped. Numbers are divided by
/// their scale first, then multiplied by the side. Throws `Error` when the size is needed and
/// unknown (0), or `smart_resize` refuses it.
Box to_pixels(const BoxGeometry& geometry, const std::array<double, 4>& numbers, int width,
              int height);

}  // namespace sightline
