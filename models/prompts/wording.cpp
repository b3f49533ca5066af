#include "models/prompts/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::string_view kImage = "<image>";

std::size_t count_tokens(std::string_view text, const Placeholder& placeholder) {
  std::size_t count = 0;
  const std::string_view token = placeholder.token;
  std::size_t behind = std::string_view::npos;
  for (std::size_t at = text.find(token); at != std::string_view::npos;
       at = text.find(token, behind)) {
    if (!placeholder.may_repeat || at != behind) ++count;
    behind = at + token.size();
  }
  return count;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  std::size_t start = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos;
       at = text.find(from, start)) {
    result.append(text.substr(start, at - start)).append(to);
    start = at + from.size();
  }
  return result.append(text.substr(start));
}

}  // namespace

void fail_no_prompt(std::string_view style, std::string_view what) {
  throw UsageError(
      fmt::format("prompt style '{}' has no published prompt for {}; choose another task, or "
                  "another style (prompt_style=plain asks in plain words)",
                  style, what));
}

void refuse_ocr_tokens(std::string_view style, const Request& request) {
  if (request.ocr_tokens.empty()) return;
  throw UsageError(fmt::format(
      "prompt style '{}' has no place for OCR tokens in this kind of request; run the task with "
      "ocr=off, or with another style",
      style));
}

std::string question_with_ocr(const Request& request) {
  if (request.ocr_tokens.empty()) return request.text;
  return fmt::format("{}\nReference OCR token: {}", request.text,
                     fmt::join(request.ocr_tokens, ", "));
}

std::string lmms_text_prompt(std::string_view style, const Request& request,
                             std::string_view suffix) {
  if (request.purpose == Purpose::kShortAnswer) {
    return question_with_ocr(request).append(suffix);
  }
  refuse_ocr_tokens(style, request);
  if (request.purpose == Purpose::kCaption) return std::string(kCaptionRequest);
  if (request.purpose == Purpose::kDetailedCaption) return std::string(kDetailedCaptionRequest);
  return request.text;
}

std::string join_categories(const Request& request, std::string_view separator) {
  if (!request.categories || request.categories->empty()) {
    throw UsageError(
        fmt::format("request '{}' asks to detect objects but names no categories", request.id));
  }
  std::string names;
  for (const Category& category : *request.categories) {
    if (!names.empty()) names += separator;
    names += category.name;
  }
  return names;
}

PlacedText place_images(std::string_view text, std::size_t images, const Placeholder& placeholder) {
  PlacedText placed{std::string(text), false};
  std::size_t count = count_tokens(text, placeholder);
  if (count == 0) {
    count = count_tokens(text, {kImage, kImage});
    if (count > 0) placed.text = replace_all(text, kImage, placeholder.whole);
  }
  placed.has_images = count > 0;
  require(count == 0 || count == images,
          "the prompt has {} image placeholders for {} images; write one for each image, or none",
          count, images);
  return placed;
}

std::string repeat(std::string_view piece, std::size_t count, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += separator;
    text += piece;
  }
  return text;
}

}  // namespace sightline
