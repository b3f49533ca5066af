#include "models/prompts/typed_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/prompts/answer_text.h"

namespace sightline {

namespace {

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool equal_ascii(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_ascii(x) == lower_ascii(y); });
}

ParsedAnswer failed(Outcome outcome, std::string reason) {
  return {outcome, std::move(reason), {}};
}

ParsedAnswer fail_without_box(std::string_view text, std::size_t unreadable) {
  if (unreadable > 0) {
    return failed(Outcome::kParseFail, fmt::format("the answer has {} box{} that cannot be read",
                                                   unreadable, unreadable == 1 ? "" : "es"));
  }
  if (is_refusal(text)) {
    return failed(Outcome::kRefused, "the model declined to give a box");
  }
  return failed(Outcome::kParseFail, "the answer has no box in the form of its prompt style");
}

bool is_finite(const Box& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.w) &&
         std::isfinite(box.h);
}

ParsedAnswer parse_text(std::string cleaned, const AnswerForm& form) {
  if (form.to_words != nullptr) cleaned = form.to_words(cleaned);
  if (cleaned.empty()) return failed(Outcome::kEmpty, "the model answered nothing");
  ParsedAnswer parsed;
  parsed.answer.text = std::move(cleaned);
  return parsed;
}

}  // namespace

ParsedAnswer parse_answer(const Request& request, std::string_view text,
                          const BoxGeometry& geometry, const AnswerForm& form) {
  std::string repaired;
  if (!is_ascii(text) && !is_utf8(text)) text = repaired = repair_utf8(text);
  std::string cleaned = clean_answer(text, form.ends, form.marks);
  if (request.kind == Kind::kText) return parse_text(std::move(cleaned), form);
  if (cleaned.empty()) return failed(Outcome::kEmpty, "the model answered nothing");
  if (request.kind == Kind::kReconstruct) {
    return failed(Outcome::kParseFail, "an image was asked, the model answered with words");
  }
  return type_boxes(request, cleaned, read_boxes(cleaned, form.readers), geometry);
}

RawBoxes read_boxes(std::string_view text, std::span<const BoxReader> readers) {
  for (const BoxReader read : readers) {
    RawBoxes found = read(text);
    if (!found.boxes.empty() || found.unreadable > 0 || found.none) return found;
  }
  return {};
}

ParsedAnswer type_boxes(const Request& request, std::string_view text, RawBoxes found,
                        const BoxGeometry& geometry) {
  // The name behind a box that is cut off matters to detection alone.
  if (request.kind == Kind::kGround && found.boxes.empty() && found.cut_off) {
    found.boxes.push_back(*found.cut_off);
  }
  if (found.boxes.empty() && !found.none) return fail_without_box(text, found.unreadable);
  const int width = request.images.empty() ? 0 : request.images[0].width;
  const int height = request.images.empty() ? 0 : request.images[0].height;
  ParsedAnswer parsed;
  for (RawBox& raw : found.boxes) {
    Box box;
    try {
      box = to_pixels(geometry, raw.numbers, width, height);
    } catch (const Error& error) {
      return failed(Outcome::kParseFail, error.message());
    }
    if (!is_finite(box)) {
      ++found.unreadable;
      continue;
    }
    box.w = std::max(box.w, 0.0);
    box.h = std::max(box.h, 0.0);
    const std::int64_t category = find_category(request, raw.label);
    parsed.answer.boxes.push_back({box, category, std::move(raw.label), raw.score});
  }
  if (parsed.answer.boxes.empty() && !found.none) return fail_without_box(text, found.unreadable);
  return parsed;
}

std::int64_t find_category(const Request& request, std::string_view label) {
  label = strip_any(label);
  if (!request.categories || label.empty()) return PredictedBox::kNoCategory;
  const bool ascii = is_ascii(label);
  const std::string lower = ascii || !is_utf8(label) ? std::string() : to_lower(label);
  for (const Category& category : *request.categories) {
    const std::string_view name = strip_any(category.name);
    if (ascii ? equal_ascii(label, name) : !lower.empty() && to_lower(name) == lower) {
      return category.id;
    }
  }
  return PredictedBox::kNoCategory;
}

}  // namespace sightline
