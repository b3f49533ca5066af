#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "models/api/request.h"

// What the styles share in composing and wrapping.

namespace sightline {

/// The suffix with which LLaVA-1.5 and its successors, RexSeek, and lmms-eval (vqav2, textvqa) ask
/// for short answers.
inline constexpr std::string_view kShortAnswerSuffix =
    "\nAnswer the question using a single word or phrase.";
/// lmms-eval's prompts for COCO captions (coco_cap) and detailed captions (detailcaps).
inline constexpr std::string_view kCaptionRequest =
    "Provide a one-sentence caption for the provided image.";
inline constexpr std::string_view kDetailedCaptionRequest = "Describe this image in detail.";

/// Throws `UsageError`: style `style` has no prompt for `what`.
[[noreturn]] void fail_no_prompt(std::string_view style, std::string_view what);

/// Throws `UsageError` if the request holds OCR tokens.
void refuse_ocr_tokens(std::string_view style, const Request& request);

/// The question, and behind it "\nReference OCR token: a, b" where the request has OCR tokens
/// (lmms-eval, textvqa/utils.py).
std::string question_with_ocr(const Request& request);

/// The words for text requests that lmms-eval uses with any model, `suffix` behind a question
/// that wants a short answer. Free text is passed on.
std::string lmms_text_prompt(std::string_view style, const Request& request,
                             std::string_view suffix);

/// The names of the request's categories with `separator` between them. Throws `UsageError` when
/// there are none.
std::string join_categories(const Request& request, std::string_view separator);

/// An image placeholder of a family.
struct Placeholder {
  std::string_view token;   ///< what the runtime looks for
  std::string_view whole;   ///< the token with what belongs around it
  bool may_repeat = false;  ///< a run of tokens is one image
};

/// A user's text with its placeholders in the family's form.
struct PlacedText {
  std::string text;
  bool has_images = false;  ///< the text itself says where the images are
};

/// Finds the family's placeholders, or else turns each "<image>" into one. Throws `Error` when
/// there are some, but not as many as `images`.
PlacedText place_images(std::string_view text, std::size_t images, const Placeholder& placeholder);

/// `piece`, `count` times, with `separator` between.
std::string repeat(std::string_view piece, std::size_t count, std::string_view separator = "");

}  // namespace sightline
