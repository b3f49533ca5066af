#include "models/prompts/lmms_boxes.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <utility>

#include "models/prompts/answer_text.h"
#include "models/prompts/scanning.h"

namespace sightline {

namespace {

using Numbers = std::array<double, 4>;
using simdjson::dom::element_type;

constexpr std::array<std::string_view, 7> kBoxKeys{"bbox_2d", "bbox",     "box",     "coordinates",
                                                   "coord",   "location", "position"};
constexpr std::string_view kFence = "```";

/// -?\d+(\.\d+)? as Python's `float` reads it; `at` moves behind it.
bool take_decimal(std::string_view text, std::size_t& at, double& value) {
  std::size_t end = at;
  if (end < text.size() && text[end] == '-') ++end;
  const std::size_t digits = end;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == digits) return false;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
  }
  const auto result = std::from_chars(text.data() + at, text.data() + end, value);
  if (result.ec == std::errc::result_out_of_range) value = HUGE_VAL;
  at = end;
  return true;
}

bool take_rec_list(std::string_view text, std::size_t at, Numbers& numbers) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0 && !take(text, at, ',')) return false;
    skip_blanks(text, at);
    if (!take_decimal(text, at, numbers[i])) return false;
  }
  skip_blanks(text, at);
  return take(text, at, ']');
}

/// One comma with white space around it, or white space.
bool take_separator(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  skip_blanks(text, at);
  if (take(text, at, ',')) skip_blanks(text, at);
  return at > start;
}

bool take_row(std::string_view text, std::size_t& at, Numbers& numbers) {
  std::size_t position = at;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0 && !take_separator(text, position)) return false;
    if (!take_decimal(text, position, numbers[i])) return false;
  }
  skip_blanks(text, position);
  take(text, position, ']');
  at = position;
  return true;
}

std::vector<Numbers> scan_rows(std::string_view text) {
  std::vector<Numbers> rows;
  for (std::size_t at = 0; at < text.size();) {
    Numbers numbers{};
    if (take_row(text, at, numbers)) {
      rows.push_back(numbers);
      continue;
    }
    // A later start within the same digits would read the same and fail the same way.
    const bool minus = text[at] == '-';
    const std::size_t start = at += minus ? 1 : 0;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == start && !minus) ++at;
  }
  return rows;
}

/// Python's `float(v)` for a number, a truth value, or a numeral in a string.
std::optional<double> as_float(const simdjson::dom::element& value) {
  double number = 0;
  bool truth = false;
  if (value.get(number) == simdjson::SUCCESS) return number;
  if (value.get(truth) == simdjson::SUCCESS) return truth ? 1.0 : 0.0;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  text = strip_any(text);
  std::size_t at = 0;
  const auto numeral = take_number(text, at);
  return at == text.size() ? numeral : std::nullopt;
}

std::optional<Numbers> as_box(const simdjson::dom::element& value, bool strings_count) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS || array.size() != 4) return std::nullopt;
  Numbers numbers{};
  std::size_t count = 0;
  for (const auto& item : array) {
    if (item.type() == element_type::STRING && !strings_count) return std::nullopt;
    const auto number = as_float(item);
    if (!number) return std::nullopt;
    numbers[count++] = *number;
  }
  return numbers;
}

std::optional<Numbers> box_of_object(const simdjson::dom::object& object) {
  for (const std::string_view key : kBoxKeys) {
    std::optional<simdjson::dom::element> last;  // of equal keys Python keeps the last
    for (const auto& field : object) {
      if (field.key == key) last = field.value;
    }
    const auto box = last ? as_box(*last, true) : std::nullopt;
    if (box) return box;
  }
  return std::nullopt;
}

void collect_boxes(const simdjson::dom::element& value, std::vector<Numbers>& boxes) {
  simdjson::dom::array array;
  simdjson::dom::object object;
  if (const auto box = as_box(value, false)) {
    boxes.push_back(*box);
  } else if (value.get(array) == simdjson::SUCCESS) {
    for (const auto& item : array) collect_boxes(item, boxes);
  } else if (value.get(object) == simdjson::SUCCESS) {
    const auto own = box_of_object(object);
    if (own) boxes.push_back(*own);
    if (own) return;
    for (const auto& field : object) collect_boxes(field.value, boxes);
  }
}

/// What stands between the first two code fences, if there are two.
std::optional<std::string_view> fenced(std::string_view text) {
  const std::size_t open = text.find(kFence);
  if (open == std::string_view::npos) return std::nullopt;
  std::size_t start = open + kFence.size();
  const std::size_t close = text.find(kFence, start);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(start, close - start);
  const auto is = [](char c, char lower) { return c == lower || c == lower - 32; };
  const bool names_json = inside.size() >= 4 && is(inside[0], 'j') && is(inside[1], 's') &&
                          is(inside[2], 'o') && is(inside[3], 'n');
  return strip_any(inside.substr(names_json ? 4 : 0));
}

std::vector<std::string_view> json_candidates(std::string_view text) {
  std::vector<std::string_view> candidates;
  if (const auto inside = fenced(text)) candidates.push_back(*inside);
  candidates.push_back(text);
  for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'{', '}'}}) {
    const std::size_t start = text.find(open), end = text.rfind(close);
    if (start == std::string_view::npos || end == std::string_view::npos || end <= start) continue;
    candidates.push_back(text.substr(start, end + 1 - start));
  }
  return candidates;
}

}  // namespace

std::optional<Numbers> parse_lmms_rec_box(std::string_view text) {
  for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at)) {
    Numbers numbers{};
    if (take_rec_list(text, ++at, numbers)) return numbers;
  }
  return std::nullopt;
}

std::vector<Numbers> parse_lmms_grounding_boxes(std::string_view text) {
  simdjson::dom::parser parser;
  for (const std::string_view candidate : json_candidates(strip_any(text))) {
    simdjson::dom::element document;
    const simdjson::padded_string padded(candidate);
    if (parser.parse(padded).get(document) != simdjson::SUCCESS) continue;
    std::vector<Numbers> boxes;
    collect_boxes(document, boxes);
    if (!boxes.empty()) return boxes;
    break;
  }
  return scan_rows(text);
}

}  // namespace sightline
