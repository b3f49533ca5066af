#include <fmt/format.h>

#include <array>

#include "harness/base/text.h"
#include "results/html/escape.h"
#include "results/html/sections.h"

namespace sightline {

namespace {

// In a square from -8 to 8.
constexpr std::array<const char*, 8> kShapes = {
    "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
    "M-5.3 -5.3H5.3V5.3H-5.3z",
    "M0 -7.2L7.2 0L0 7.2L-7.2 0z",
    "M0 -6.8L6.8 5H-6.8z",
    "M0 6.8L6.8 -5H-6.8z",
    "M-2.2 -6.5H2.2V-2.2H6.5V2.2H2.2V6.5H-2.2V2.2H-6.5V-2.2H-2.2z",
    "M-6.8 0L-3.4 -5.9H3.4L6.8 0L3.4 5.9H-3.4z",
    "M0 -7.6L2.2 -2.2L7.6 0L2.2 2.2L0 7.6L-2.2 2.2L-7.6 0L-2.2 -2.2z"};

}  // namespace

std::string mark_shapes() {
  std::string html = "<svg class=\"hidden\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>";
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    html += fmt::format("<symbol id=\"m{}\" viewBox=\"-8 -8 16 16\"><path d=\"{}\"/></symbol>", i,
                        kShapes[i]);
  }
  return html + "</defs></svg>\n";
}

std::string class_of_run(std::size_t run) {
  return fmt::format("r{}", run % kShapes.size());
}

std::string mark_of_run(std::size_t run) {
  return fmt::format(
      "<svg class=\"mark {}\" width=\"12\" height=\"12\" aria-hidden=\"true\">"
      "<use href=\"#m{}\"/></svg>",
      class_of_run(run), run % kShapes.size());
}

std::string name_of_run(std::size_t run, const std::string& label) {
  return fmt::format("<span class=\"run\">{}<span class=\"run-name\">{}</span></span>",
                     mark_of_run(run), escape_name(label, 80));
}

std::string unit_html(const std::string& unit, const std::string& name) {
  if (unit.empty() || to_lower(name).starts_with(to_lower(unit))) return "";
  return " <span class=\"unit\">" + escape_html(unit) + "</span>";
}

}  // namespace sightline
