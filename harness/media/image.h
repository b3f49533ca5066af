#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sightline {

/// Sides in pixels.
struct FrameSize {
  int width = 0, height = 0;
  bool operator==(const FrameSize&) const = default;
};

/// An 8-bit RGB image: rows from the top, pixels from the left, channels R, G, B interleaved.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;  ///< height * width * 3 bytes

  std::size_t row_bytes() const { return static_cast<std::size_t>(width) * 3; }
  const std::uint8_t* row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * row_bytes();
  }
  std::uint8_t* row(int y) { return pixels.data() + static_cast<std::size_t>(y) * row_bytes(); }
  bool operator==(const Image&) const = default;
};

/// An image of `width` x `height` pixels, all zero (black).
inline Image black_image(int width, int height) {
  return {width, height,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) *
                                    static_cast<std::size_t>(height) * 3)};
}

}  // namespace sightline
