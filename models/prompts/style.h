#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/api/geometry.h"
#include "models/api/request.h"
#include "models/api/response.h"

namespace sightline {

/// An answer as the request's kind wants it, or why it cannot be.
struct ParsedAnswer {
  Outcome outcome = Outcome::kOk;  ///< kOk, kParseFail, kEmpty, or kRefused where boxes were asked
  std::string reason;              ///< not empty unless the outcome is kOk
  Answer answer;
};

/// How a family of models is asked and how it answers. The three functions are pure and may be
/// called from several threads.
struct PromptStyle {
  std::string name, summary;
  BoxGeometry geometry;  ///< of the boxes that the family writes; a model may declare its own

  /// The task's words for the model. Where a family has no prompt for a kind of request, published
  /// by its authors or by lmms-eval, this throws `UsageError`; words that are ours are marked so
  /// where each style is made (style_<family>.cpp). OCR tokens go into short-answer questions
  /// alone.
  std::function<std::string(const Request&)> compose;

  /// The whole text for the tokenizer: chat turns around `composed`, and one placeholder for each
  /// of `images`, which the runtime repeats as often as the image has tokens. Placeholders in the
  /// text ("<image>", or the family's own) stay where they are; otherwise images come first, in
  /// order. Throws `Error` when the text has another number of placeholders.
  std::function<std::string(std::string_view composed, std::size_t images)> wrap;

  /// The typed answer in a model's words, for any bytes, in linear time, without throwing: boxes
  /// in pixels of the first image, with negative sides set to 0; labels mapped to category ids
  /// without regard to case and white space at the ends (unknown: kNoCategory, the label is kept).
  /// Text is cut at the end of the turn and freed of special tokens and white space at both ends.
  std::function<ParsedAnswer(const Request&, std::string_view text, const BoxGeometry&)> parse;
};

/// All styles: paligemma, llava_onevision, llava_onevision_qwen15, qwen2_vl, qwen2_5_vl, chatrex,
/// minimind_v, minimind_v_legacy, plain, raw.
const std::vector<PromptStyle>& prompt_styles();

/// Throws `UsageError` that lists the styles and names the nearest.
const PromptStyle& prompt_style(const std::string& name);

}  // namespace sightline
