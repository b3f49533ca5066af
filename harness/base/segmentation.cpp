#include "harness/base/segmentation.h"

#include <cmath>
#include <limits>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr char kFirstCharacter = '0';
constexpr unsigned kGroupBits = 5;
constexpr unsigned kContinue = 1U << kGroupBits;
constexpr unsigned kNegative = kContinue >> 1;
constexpr unsigned kGroupMask = kContinue - 1;
// Seven groups hold every difference of two 32-bit numbers.
constexpr unsigned kMostGroups = 7;

/// The run that is taken off a number, and added back: the last but one, from the fourth on.
constexpr std::size_t kFirstDifference = 3;

[[noreturn]] void fail_cover(std::uint64_t covered, std::size_t runs, std::uint32_t pixels) {
  fail("the {} run lengths cover {} pixels, and 'size' makes {}", runs, covered, pixels);
}

[[noreturn]] void fail_character(std::string_view counts, std::size_t position) {
  fail("character {} of the run lengths is 0x{:02x}, want '0' to 'o' of COCO's compressed form",
       position + 1, static_cast<unsigned char>(counts[position]));
}

/// The number at `position`, which moves behind it.
std::int64_t read_number(std::string_view counts, std::size_t& position) {
  std::int64_t number = 0;
  for (unsigned group = 0; group < kMostGroups; ++group) {
    if (position == counts.size()) {
      fail("the run lengths end within a number, after {} characters", counts.size());
    }
    const auto bits = static_cast<unsigned>(counts[position] - kFirstCharacter);
    if (bits >= 2 * kContinue) fail_character(counts, position);
    ++position;
    number |= static_cast<std::int64_t>(bits & kGroupMask) << (kGroupBits * group);
    if ((bits & kContinue) != 0) continue;
    if ((bits & kNegative) != 0) number -= std::int64_t{1} << (kGroupBits * (group + 1));
    return number;
  }
  fail("the number that ends at character {} of the run lengths is too large", position);
}

}  // namespace

std::uint32_t count_pixels(std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  require(height >= 1 && width >= 1 && height <= kMost / width,
          "a mask of height {} and width {}, want at least 1 each and fewer than 2^31 pixels",
          height, width);
  return static_cast<std::uint32_t>(height * width);
}

std::string compress_runs(std::span<const std::uint32_t> runs) {
  std::string text;
  text.reserve(2 * runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::int64_t rest = runs[i];
    if (i >= kFirstDifference) rest -= runs[i - 2];
    bool more = true;
    while (more) {
      auto bits = static_cast<unsigned>(rest) & kGroupMask;
      rest >>= kGroupBits;
      more = rest != ((bits & kNegative) != 0 ? -1 : 0);
      if (more) bits |= kContinue;
      text.push_back(static_cast<char>(kFirstCharacter + static_cast<char>(bits)));
    }
  }
  return text;
}

void expand_runs(std::string_view counts, std::uint32_t pixels, std::vector<std::uint32_t>& runs) {
  runs.resize(counts.size());  // no more numbers than characters
  std::size_t count = 0;
  std::int64_t covered = 0;
  for (std::size_t position = 0; position < counts.size(); ++count) {
    std::int64_t run = read_number(counts, position);
    if (count >= kFirstDifference) run += runs[count - 2];
    if (run < 0) fail("run length {} is {}, want 0 or more", count + 1, run);
    covered += run;
    if (covered > pixels) fail_cover(static_cast<std::uint64_t>(covered), count + 1, pixels);
    runs[count] = static_cast<std::uint32_t>(run);
  }
  if (covered != pixels) fail_cover(static_cast<std::uint64_t>(covered), count, pixels);
  runs.resize(count);
}

void check_runs(std::span<const std::uint32_t> runs, std::uint32_t pixels) {
  std::uint64_t covered = 0;
  for (const std::uint32_t run : runs) covered += run;
  if (covered != pixels) fail_cover(covered, runs.size(), pixels);
}

void check_polygon(std::span<const double> polygon) {
  constexpr std::size_t kLeastPoints = 3;
  require(polygon.size() % 2 == 0, "a polygon of {} coordinates, want pairs of x and y",
          polygon.size());
  require(polygon.size() >= 2 * kLeastPoints, "a polygon of {} points, want at least {}",
          polygon.size() / 2, kLeastPoints);
  for (const double coordinate : polygon) {
    require(std::abs(coordinate) <= kGreatestCoordinate,
            "a polygon with the coordinate {}, want a number of pixels from {} to {}", coordinate,
            -kGreatestCoordinate, kGreatestCoordinate);
  }
}

}  // namespace sightline
