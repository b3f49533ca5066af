#include "models/prompts/qwen2_boxes.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "models/prompts/answer_text.h"
#include "models/prompts/scanning.h"

namespace sightline {

namespace {

constexpr std::string_view kReferenceStart = "<|object_ref_start|>";
constexpr std::string_view kReferenceEnd = "<|object_ref_end|>";
constexpr std::string_view kBoxStart = "<|box_start|>";
constexpr std::string_view kBoxEnd = "<|box_end|>";

bool take_pair(std::string_view text, std::size_t& at, double& x, double& y) {
  std::size_t position = at;
  if (!take(text, position, '(')) return false;
  skip_blanks(text, position);
  const auto first = take_number(text, position);
  skip_blanks(text, position);
  if (!first || !take(text, position, ',')) return false;
  skip_blanks(text, position);
  const auto second = take_number(text, position);
  skip_blanks(text, position);
  if (!second || !take(text, position, ')')) return false;
  x = *first;
  y = *second;
  at = position;
  return true;
}

/// "(x1,y1),(x2,y2)" or "(x,y)"; `at` stays where there is neither.
std::optional<Qwen2Mark> take_mark(std::string_view text, std::size_t& at) {
  Qwen2Mark mark;
  auto& [x1, y1, x2, y2] = mark.box.numbers;
  if (!take_pair(text, at, x1, y1)) return std::nullopt;
  std::size_t position = at;
  skip_blanks(text, position);
  const bool separated = take(text, position, ',');
  skip_blanks(text, position);
  mark.is_point = !separated || !take_pair(text, position, x2, y2);
  if (!mark.is_point) at = position;
  return mark;
}

/// Goes through a text with special tokens. A name holds until the next one.
std::vector<Qwen2Mark> scan_marked(std::string_view text, std::size_t& unreadable) {
  std::vector<Qwen2Mark> marks;
  std::string name;
  std::size_t name_start = std::string_view::npos;
  for (std::size_t at = text.find("<|"); at != std::string_view::npos; at = text.find("<|", at)) {
    const std::size_t token = at;
    if (take(text, at, kReferenceStart)) {
      name_start = at;
    } else if (take(text, at, kReferenceEnd)) {
      if (name_start != std::string_view::npos) {
        name = as_label(text.substr(name_start, token - name_start));
      }
      name_start = std::string_view::npos;
    } else if (take(text, at, kBoxStart)) {
      bool any = false;
      for (skip_blanks(text, at); auto mark = take_mark(text, at); skip_blanks(text, at)) {
        mark->box.label = name;
        marks.push_back(std::move(*mark));
        any = true;
        skip_blanks(text, at);
        take(text, at, ',');
      }
      if (!any || (at < text.size() && text[at] == '(')) ++unreadable;
    } else {
      at += 2;
    }
  }
  return marks;
}

/// Goes through a text whose special tokens were dropped. A bracket with anything else in it is
/// prose.
std::vector<Qwen2Mark> scan_unmarked(std::string_view text) {
  std::vector<Qwen2Mark> marks;
  std::size_t behind_last = 0;
  for (std::size_t at = text.find('('); at != std::string_view::npos; at = text.find('(', at)) {
    const std::size_t start = at;
    auto mark = take_mark(text, at);
    if (!mark) {
      ++at;
      continue;
    }
    mark->box.label = as_label(text.substr(behind_last, start - behind_last));
    behind_last = at;
    marks.push_back(std::move(*mark));
  }
  return marks;
}

}  // namespace

std::vector<Qwen2Mark> parse_qwen2_marks(std::string_view text, std::size_t& unreadable) {
  unreadable = 0;
  return text.find(kBoxStart) != std::string_view::npos ? scan_marked(text, unreadable)
                                                        : scan_unmarked(text);
}

RawBoxes parse_qwen2_boxes(std::string_view text) {
  RawBoxes found;
  for (Qwen2Mark& mark : parse_qwen2_marks(text, found.unreadable)) {
    if (!mark.is_point) found.boxes.push_back(std::move(mark.box));
  }
  return found;
}

std::string format_qwen2_marks(const std::vector<Qwen2Mark>& marks) {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  const std::string* name = nullptr;
  for (const auto& [box, is_point] : marks) {
    if (name == nullptr ? !box.label.empty() : box.label != *name) {
      fmt::format_to(out, "{}{}{}", kReferenceStart, box.label, kReferenceEnd);
    }
    name = &box.label;
    const auto& [x1, y1, x2, y2] = box.numbers;
    if (is_point) {
      fmt::format_to(out, "{}({},{}){}", kBoxStart, x1, y1, kBoxEnd);
    } else {
      fmt::format_to(out, "{}({},{}),({},{}){}", kBoxStart, x1, y1, x2, y2, kBoxEnd);
    }
  }
  return fmt::to_string(text);
}

}  // namespace sightline
