#include "models/api/geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

template <typename Value, std::size_t N>
using Names = std::array<std::pair<std::string_view, Value>, N>;

constexpr Names<BoxGeometry::Unit, 5> kUnits{{{"pixels", BoxGeometry::Unit::kPixels},
                                              {"unit", BoxGeometry::Unit::kUnit},
                                              {"norm999", BoxGeometry::Unit::kNorm999},
                                              {"norm1000", BoxGeometry::Unit::kNorm1000},
                                              {"bins1024", BoxGeometry::Unit::kBins1024}}};
constexpr Names<BoxGeometry::Order, 4> kOrders{{{"xyxy", BoxGeometry::Order::kXyxy},
                                                {"yxyx", BoxGeometry::Order::kYxyx},
                                                {"xywh", BoxGeometry::Order::kXywh},
                                                {"cxcywh", BoxGeometry::Order::kCxcywh}}};
constexpr Names<BoxGeometry::Frame, 3> kFrames{
    {{"original", BoxGeometry::Frame::kOriginal},
     {"padded_square", BoxGeometry::Frame::kPaddedSquare},
     {"smart_resize", BoxGeometry::Frame::kSmartResize}}};
constexpr std::array<std::string_view, 3> kBudgets{"factor", "min_pixels", "max_pixels"};

template <typename Value, std::size_t N>
std::optional<Value> find_value(const Names<Value, N>& names, std::string_view name) {
  for (const auto& [known, value] : names) {
    if (known == name) return value;
  }
  return std::nullopt;
}

template <typename Value, std::size_t N>
std::string_view find_name(const Names<Value, N>& names, Value value) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  return "?";
}

template <typename Value, std::size_t N>
void append_names(const Names<Value, N>& names, std::vector<std::string>& list) {
  for (const auto& entry : names) list.emplace_back(entry.first);
}

[[noreturn]] void fail_part(std::string_view text, std::string_view part, std::string_view why) {
  std::vector<std::string> known;
  append_names(kUnits, known);
  append_names(kOrders, known);
  append_names(kFrames, known);
  throw UsageError(fmt::format(
      "geometry '{}': '{}' {}{}; write pixels, unit, norm999, norm1000 or bins1024, then if wanted "
      ":xyxy, :yxyx, :xywh or :cxcywh, then :original, :padded_square or :smart_resize, the last "
      "with :factor=, :min_pixels= and :max_pixels=",
      text, part, why, did_you_mean(std::string(part), known)));
}

long parse_budget(std::string_view text, std::string_view part, std::string_view digits) {
  long value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 1 ||
      value > 1'000'000'000) {
    fail_part(text, part, "needs a whole number from 1 to 1000000000");
  }
  return value;
}

/// Takes one part behind the unit; `seen` has an entry for order, frame and each budget.
void apply_part(BoxGeometry& geometry, std::string_view text, std::string_view part,
                std::array<bool, 5>& seen) {
  std::size_t slot = 0;
  const std::size_t equals = part.find('=');
  if (const auto order = find_value(kOrders, part)) {
    geometry.order = *order;
  } else if (const auto frame = find_value(kFrames, part)) {
    geometry.frame = *frame;
    slot = 1;
  } else if (equals != std::string_view::npos) {
    const auto budget = std::find(kBudgets.begin(), kBudgets.end(), part.substr(0, equals));
    if (budget == kBudgets.end()) fail_part(text, part, "is not known");
    const long value = parse_budget(text, part, part.substr(equals + 1));
    slot = 2 + static_cast<std::size_t>(budget - kBudgets.begin());
    if (slot == 2) geometry.factor = static_cast<int>(value);
    if (slot == 3) geometry.min_pixels = value;
    if (slot == 4) geometry.max_pixels = value;
  } else {
    fail_part(text, part, "is not known");
  }
  if (seen[slot]) fail_part(text, part, "says a second time what was said before");
  seen[slot] = true;
}

/// What one axis of the numbers means: pixel = number / divisor * extent - offset.
struct Axis {
  double divisor = 1, extent = 1, offset = 0;
  bool identity = false;

  double length(double number) const { return identity ? number : number / divisor * extent; }
  double place(double number) const { return identity ? number : length(number) - offset; }
};

double divisor_of(BoxGeometry::Unit unit, int frame_side) {
  switch (unit) {
    case BoxGeometry::Unit::kPixels:
      return frame_side;
    case BoxGeometry::Unit::kUnit:
      return 1;
    case BoxGeometry::Unit::kNorm999:
      return 999;
    case BoxGeometry::Unit::kNorm1000:
      return 1000;
    case BoxGeometry::Unit::kBins1024:
      return 1024;
  }
  return 1;
}

std::pair<Axis, Axis> axes_of(const BoxGeometry& geometry, int width, int height) {
  const bool in_pixels = geometry.unit == BoxGeometry::Unit::kPixels;
  if (geometry.frame == BoxGeometry::Frame::kOriginal && in_pixels) {
    return {{.identity = true}, {.identity = true}};
  }
  require(width > 0 && height > 0,
          "boxes in geometry '{}' need the size of the image, which is unknown ({} x {})",
          to_string(geometry), width, height);
  FrameSize frame{width, height};
  double extent_x = width, extent_y = height;
  int pad_x = 0, pad_y = 0;
  if (geometry.frame == BoxGeometry::Frame::kSmartResize) {
    frame = smart_resize(width, height, geometry.factor, geometry.min_pixels, geometry.max_pixels);
  } else if (geometry.frame == BoxGeometry::Frame::kPaddedSquare) {
    const int side = std::max(width, height);
    // Pixels of the padded square are pixels of the image, moved: dividing would cost a digit.
    frame = in_pixels ? FrameSize{1, 1} : FrameSize{side, side};
    extent_x = extent_y = in_pixels ? 1 : side;
    pad_x = (side - width) / 2;
    pad_y = (side - height) / 2;
  }
  const Axis x{divisor_of(geometry.unit, frame.width), extent_x, static_cast<double>(pad_x)};
  const Axis y{divisor_of(geometry.unit, frame.height), extent_y, static_cast<double>(pad_y)};
  return {x, y};
}

}  // namespace

BoxGeometry parse_geometry(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  BoxGeometry geometry;
  const auto unit = find_value(kUnits, parts[0]);
  if (!unit) fail_part(text, parts[0], "is no unit of box coordinates");
  geometry.unit = *unit;
  std::array<bool, 5> seen{};
  for (std::size_t i = 1; i < parts.size(); ++i) apply_part(geometry, text, parts[i], seen);
  const bool has_budget = seen[2] || seen[3] || seen[4];
  if (has_budget && geometry.frame != BoxGeometry::Frame::kSmartResize) {
    fail_part(text, "factor, min_pixels, max_pixels", "belong to smart_resize");
  }
  if (geometry.min_pixels > geometry.max_pixels) {
    fail_part(text, "min_pixels", "is larger than max_pixels");
  }
  return geometry;
}

std::string to_string(const BoxGeometry& geometry) {
  std::string text =
      fmt::format("{}:{}:{}", find_name(kUnits, geometry.unit), find_name(kOrders, geometry.order),
                  find_name(kFrames, geometry.frame));
  if (geometry.frame == BoxGeometry::Frame::kSmartResize) {
    text += fmt::format(":factor={}:min_pixels={}:max_pixels={}", geometry.factor,
                        geometry.min_pixels, geometry.max_pixels);
  }
  return text;
}

Box to_pixels(const BoxGeometry& geometry, const std::array<double, 4>& numbers, int width,
              int height) {
  const auto [x, y] = axes_of(geometry, width, height);
  const auto [a, b, c, d] = numbers;
  const auto from_corners = [&x = x, &y = y](double x1, double y1, double x2, double y2) {
    const double left = x.place(x1), top = y.place(y1);
    return Box{left, top, x.place(x2) - left, y.place(y2) - top};
  };
  switch (geometry.order) {
    case BoxGeometry::Order::kXyxy:
      return from_corners(a, b, c, d);
    case BoxGeometry::Order::kYxyx:
      return from_corners(b, a, d, c);
    case BoxGeometry::Order::kXywh:
      return {x.place(a), y.place(b), x.length(c), y.length(d)};
    case BoxGeometry::Order::kCxcywh:
      return {x.place(a - c / 2), y.place(b - d / 2), x.length(c), y.length(d)};
  }
  fail("unknown order of box numbers");
}

}  // namespace sightline
