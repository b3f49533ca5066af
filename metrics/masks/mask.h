#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/box.h"
#include "harness/base/segmentation.h"

namespace sightline {

/// A binary mask of an image, kept as the pixels at which it changes between background and object.
///
/// Pixels are numbered column by column from the top left, as COCO does: x * height + y. `edges`
/// has an even number of ascending pixel numbers: the object's first pixel, the first behind it,
/// and so on. 4 bytes an edge; area and bounding box are counted once.
class Mask {
 public:
  /// Background only. Throws `Error` as `count_pixels` does.
  Mask(int height, int width) : Mask(height, width, {}) {}
  /// Throws `Error` for edges that do not ascend strictly, are of an odd number or out of range.
  Mask(int height, int width, std::vector<std::uint32_t> edges);

  int height() const { return height_; }
  int width() const { return width_; }
  std::span<const std::uint32_t> edges() const { return edges_; }
  /// Pixels of the object.
  std::uint32_t area() const { return area_; }
  /// The least box around the object, in whole pixels; all 0 where there is none.
  const Box& box() const { return box_; }
  /// Columns that the object touches: [first, last); equal where there is none.
  std::uint32_t first_column() const { return first_column_; }
  std::uint32_t end_column() const { return end_column_; }

  bool same_size(const Mask& other) const {
    return height_ == other.height_ && width_ == other.width_;
  }
  bool operator==(const Mask& other) const { return same_size(other) && edges_ == other.edges_; }

 private:
  void measure();

  int height_ = 0, width_ = 0;
  std::uint32_t area_ = 0;
  std::uint32_t first_column_ = 0, end_column_ = 0;
  std::vector<std::uint32_t> edges_;
  Box box_;
};

/// A mask from ascending pixel numbers at each of which background and object change places, from
/// background on: two equal ones cancel, and an object that is not ended ends with the image.
/// Throws `Error` for descending ones or one behind the image.
Mask mask_from_flips(int height, int width, std::vector<std::uint32_t> flips);

/// A mask from the lengths of its runs, background first; runs of length 0 join their neighbours.
/// Throws `Error` unless they cover the image exactly.
Mask mask_from_runs(int height, int width, std::span<const std::uint32_t> runs);
/// The run lengths of a mask, background first, without runs of length 0 but the first: what COCO's
/// files call uncompressed counts.
std::vector<std::uint32_t> runs_of(const Mask& mask);

/// The same in COCO's compressed form. Throws `Error` as `expand_runs` does.
Mask mask_from_counts(int height, int width, std::string_view counts);
std::string counts_of(const Mask& mask);

/// A mask from one byte a pixel, row by row, object where it is not 0. Throws `Error` when the
/// number of bytes is not height * width.
Mask mask_from_bitmap(int height, int width, std::span<const std::uint8_t> bitmap);
/// One byte a pixel, row by row: 1 in the object.
std::vector<std::uint8_t> bitmap_of(const Mask& mask);

}  // namespace sightline
