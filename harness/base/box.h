#pragma once

namespace sightline {

/// An axis-aligned box in pixels, as COCO writes it: left, top, width, height.
struct Box {
  double x = 0, y = 0, w = 0, h = 0;
  bool operator==(const Box&) const = default;
};

}  // namespace sightline
