#include "results/html/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "results/html/escape.h"
#include "results/html/sections.h"

namespace sightline {

namespace {

constexpr int kLongestSide = 320;

/// From pixels of the image to those of the small picture.
struct Scale {
  double x = 1, y = 1;
  FrameSize size;
};

std::optional<Box> place(const Box& box, const Scale& scale) {
  const auto width = static_cast<double>(scale.size.width);
  const auto height = static_cast<double>(scale.size.height);
  const double left = std::clamp(box.x * scale.x, 0.0, width);
  const double top = std::clamp(box.y * scale.y, 0.0, height);
  const double right = std::clamp((box.x + box.w) * scale.x, 0.0, width);
  const double bottom = std::clamp((box.y + box.h) * scale.y, 0.0, height);
  if (!std::isfinite(left + top + right + bottom)) return std::nullopt;
  return Box{left, top, std::max(0.0, right - left), std::max(0.0, bottom - top)};
}

std::string label_of(const PageBox& box) {
  std::string label = escape_name(box.label, 24);
  if (box.score && std::isfinite(*box.score)) {
    label += fmt::format("{}{:.2f}", label.empty() ? "" : " ", *box.score);
  }
  return label;
}

/// The label of a box at one of its corners, kept inside the picture. Each group of boxes has a
/// corner of its own, so that the labels of groups that agree do not lie on each other.
std::string label_svg(const std::string& label, const Box& box, std::size_t group,
                      const FrameSize& size) {
  constexpr double kLine = 11;  // height of a label
  constexpr double kGap = 3;
  const bool is_below = group % 2 == 1;
  const bool is_right = group / 2 % 2 == 1 || box.x > 0.7 * size.width;
  const double y = is_below ? box.y + box.h + kLine - 1 : box.y - kGap;
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                     is_right ? box.x + box.w : box.x,
                     std::max(kLine, std::min(y, size.height - kGap)), is_right ? "end" : "start",
                     label);
}

std::string box_svg(const PageBox& box, std::size_t group, const Scale& scale) {
  const std::optional<Box> placed = place(box.box, scale);
  if (!placed) return "";
  const std::string at = fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"",
                                     placed->x, placed->y, placed->w, placed->h);
  // Beside small boxes there is no room for words.
  constexpr double kLeastSide = 14;
  const bool is_small = std::min(placed->w, placed->h) < kLeastSide;
  const std::string label = is_small ? "" : label_of(box);
  return fmt::format("<rect class=\"halo\" {0}/><rect class=\"line\" {0}/>{1}", at,
                     label.empty() ? "" : label_svg(label, *placed, group, scale.size));
}

}  // namespace

FrameSize canvas_size(const FrameSize& frame) {
  const double factor = static_cast<double>(kLongestSide) / std::max(frame.width, frame.height);
  return {std::max(1, static_cast<int>(std::lround(frame.width * factor))),
          std::max(1, static_cast<int>(std::lround(frame.height * factor)))};
}

std::string overlay_svg(const PageSample& sample, const FrameSize& size, const FrameSize& frame) {
  if (frame.width <= 0 || frame.height <= 0) return "";
  const Scale scale{.x = static_cast<double>(size.width) / frame.width,
                    .y = static_cast<double>(size.height) / frame.height,
                    .size = size};
  std::string svg = "<g class=\"boxes truth\">";
  for (const PageBox& box : sample.truths) svg += box_svg(box, 0, scale);
  svg += "</g>";
  for (const PageAnswer& answer : sample.answers) {
    svg += fmt::format("<g class=\"boxes guess {}\">", class_of_run(answer.run));
    for (const PageBox& box : answer.boxes) svg += box_svg(box, answer.run + 1, scale);
    svg += "</g>";
  }
  return svg;
}

}  // namespace sightline
