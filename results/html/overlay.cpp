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
  const double left = std::clamp(box.x * scale.x, 0.0, double(scale.size.width));
  const double top = std::clamp(box.y * scale.y, 0.0, double(scale.size.height));
  const double right = std::clamp((box.x + box.w) * scale.x, 0.0, double(scale.size.width));
  const double bottom = std::clamp((box.y + box.h) * scale.y, 0.0, double(scale.size.height));
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

std::string box_svg(const PageBox& box, const Scale& scale) {
  const std::optional<Box> placed = place(box.box, scale);
  if (!placed) return "";
  const std::string at = fmt::format("x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"",
                                     placed->x, placed->y, placed->w, placed->h);
  std::string svg = fmt::format("<rect class=\"halo\" {0}/><rect class=\"line\" {0}/>", at);
  const std::string label = label_of(box);
  if (!label.empty()) {
    constexpr double kLine = 11;  // height of a label
    const double y = placed->y >= kLine ? placed->y - 3 : placed->y + kLine;
    const bool is_right = placed->x > 0.7 * scale.size.width;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                       is_right ? placed->x + placed->w : placed->x + 2,
                       std::min(y, scale.size.height - 2.0), is_right ? "end" : "start", label);
  }
  return svg;
}

}  // namespace

FrameSize canvas_size(const FrameSize& frame) {
  const double factor = double(kLongestSide) / std::max(frame.width, frame.height);
  return {std::max(1, static_cast<int>(std::lround(frame.width * factor))),
          std::max(1, static_cast<int>(std::lround(frame.height * factor)))};
}

std::string overlay_svg(const PageSample& sample, const FrameSize& size, const FrameSize& frame) {
  if (frame.width <= 0 || frame.height <= 0) return "";
  const Scale scale{
      .x = double(size.width) / frame.width, .y = double(size.height) / frame.height, .size = size};
  std::string svg = "<g class=\"boxes truth\">";
  for (const PageBox& box : sample.truths) svg += box_svg(box, scale);
  svg += "</g>";
  for (const PageAnswer& answer : sample.answers) {
    svg += fmt::format("<g class=\"boxes guess {}\">", class_of_run(answer.run));
    for (const PageBox& box : answer.boxes) svg += box_svg(box, scale);
    svg += "</g>";
  }
  return svg;
}

}  // namespace sightline
