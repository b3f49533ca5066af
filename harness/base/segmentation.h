#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// The shape of an object as COCO's files write it ("segmentation"): run lengths of an image's
/// pixels, or polygons, which become pixels once the image's size is known.
struct Segmentation {
  int height = 0, width = 0;  ///< what the run lengths cover; 0 for polygons
  std::string counts;         ///< run lengths as COCO compresses them (`compress_runs`)
  std::vector<std::vector<double>> polygons;  ///< x0, y0, x1, y1, ... each; used without `counts`

  bool operator==(const Segmentation&) const = default;
};

/// Pixels of a mask. Throws `Error` unless both sides are at least 1 and the product is below 2^31,
/// beyond which COCO's own 32-bit arithmetic would overflow.
std::uint32_t count_pixels(std::int64_t height, std::int64_t width);

/// Run lengths in COCO's compressed form: each number (from the fourth on, its difference to the
/// last but one) in groups of five bits, lowest first, with a continuation bit, as characters from
/// '0' to 'o'.
std::string compress_runs(std::span<const std::uint32_t> runs);

/// The reverse; `runs` is written over, so that its memory can be used again. Throws `Error` for a
/// character outside '0' to 'o', a number that does not end or is too large, a negative run, or
/// runs that do not cover exactly `pixels`.
void expand_runs(std::string_view counts, std::uint32_t pixels, std::vector<std::uint32_t>& runs);

/// Throws `Error` unless the runs cover exactly `pixels`.
void check_runs(std::span<const std::uint32_t> runs, std::uint32_t pixels);

/// Throws `Error` for a polygon with an odd number of coordinates, fewer than three points, or a
/// coordinate that is not a number or beyond `kGreatestCoordinate` on either side of 0.
void check_polygon(std::span<const double> polygon);
inline constexpr double kGreatestCoordinate = 1e8;

}  // namespace sightline
