#include <array>

#include "models/prompts/families.h"
#include "models/prompts/json_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

constexpr std::string_view kName = "llava_onevision";
constexpr std::array<std::string_view, 2> kEnds{"<|im_end|>", "<|endoftext|>"};
constexpr std::array<std::string_view, 1> kMarks{"<|im_start|>"};
constexpr std::array<BoxReader, 2> kReaders{parse_json_boxes, parse_number_lists};
constexpr Placeholder kImage{"<image>", "<image>"};

// lmms-eval's task refcoco_bbox_rec; its last sentence is that of LLaVA-1.5's training data.
constexpr std::string_view kGroundRequest =
    "Bounding box coordinates are specified in the format (top-left x, top-left y, bottom-right x, "
    "bottom-right y). All values are floating point numbers bounded between 0 and 1. Please "
    "provide the bounding box coordinate of the region this sentence describes: ";

std::string compose(const Request& request) {
  if (request.kind == Kind::kText) return lmms_text_prompt(kName, request, kShortAnswerSuffix);
  refuse_ocr_tokens(kName, request);
  if (request.kind == Kind::kGround) return std::string(kGroundRequest) + request.text;
  fail_no_prompt(
      kName, request.kind == Kind::kDetect ? "detecting categories" : "reconstructing an image");
}

// The template in the checkpoints: a space behind the role, images, then a line feed and the
// text. A text with its own placeholders is a message without image parts.
std::string wrap(std::string_view composed, std::size_t images) {
  const PlacedText placed = place_images(composed, images, kImage);
  const std::string first = placed.has_images ? "" : repeat(kImage.whole, images);
  return "<|im_start|>user " + first + "\n" + placed.text + "<|im_end|><|im_start|>assistant\n";
}

// LLaVA-NeXT's conversation "qwen_1_5" as lmms-eval fills it.
std::string wrap_qwen15(std::string_view composed, std::size_t images) {
  const PlacedText placed = place_images(composed, images, kImage);
  std::string first;
  if (!placed.has_images && images > 0) first = repeat(kImage.whole, images, " ") + "\n";
  return "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n" + first +
         placed.text + "<|im_end|>\n<|im_start|>assistant\n";
}

PromptStyle style(std::string_view name, std::string summary,
                  std::string (*wrapper)(std::string_view, std::size_t)) {
  return {.name = std::string(name),
          .summary = std::move(summary),
          .geometry = {.unit = BoxGeometry::Unit::kUnit},
          .compose = compose,
          .wrap = wrapper,
          .parse = [](const Request& request, std::string_view text, const BoxGeometry& geometry) {
            return parse_answer(request, text, geometry, {kEnds, kMarks, kReaders});
          }};
}

}  // namespace

PromptStyle llava_onevision_style() {
  return style(kName, "LLaVA-OneVision with the checkpoint's own chat template", wrap);
}

PromptStyle llava_onevision_qwen15_style() {
  return style("llava_onevision_qwen15",
               "LLaVA-OneVision with the chat turns that lmms-eval uses (qwen_1_5)", wrap_qwen15);
}

}  // namespace sightline
