#include <array>

#include "models/prompts/families.h"
#include "models/prompts/json_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/qwen2_boxes.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

constexpr std::string_view kQwen2 = "qwen2_vl";
constexpr std::string_view kQwen25 = "qwen2_5_vl";
constexpr std::array<std::string_view, 2> kEnds{"<|im_end|>", "<|endoftext|>"};
constexpr std::array<std::string_view, 1> kMarks{"<|im_start|>"};
constexpr std::array<BoxReader, 3> kQwen2Readers{parse_qwen2_boxes, parse_json_boxes,
                                                 parse_number_lists};
constexpr std::array<BoxReader, 2> kQwen25Readers{parse_json_boxes, parse_number_lists};
constexpr Placeholder kImage{"<|image_pad|>", "<|vision_start|><|image_pad|><|vision_end|>", true};

// The detection words are ours, after the description in ChatRex's paper (table 8): a Python list
// of dictionaries with the keys class and rect, for the given categories. The grounding words are
// lmms-eval's (refcoco_grounding); the authors published none for this model.
std::string compose_qwen2(const Request& request) {
  if (request.kind == Kind::kText) return lmms_text_prompt(kQwen2, request, kShortAnswerSuffix);
  refuse_ocr_tokens(kQwen2, request);
  if (request.kind == Kind::kDetect) {
    return "Detect all objects of these categories in the image: " +
           join_categories(request, ", ") +
           ". Answer with a Python list of dictionaries {\"class\": category, \"rect\": [x1, y1, "
           "x2, y2]}, one for each object.";
  }
  if (request.kind == Kind::kGround) {
    return "Locate every object that matches the description \"" + request.text +
           "\" in the image. Report bbox coordinates in JSON format.";
  }
  fail_no_prompt(kQwen2, "reconstructing an image");
}

// Grounding: the authors' prompt for RefCOCO (QwenLM/Qwen3-VL issue 991). Detection: the prompt
// with which COCO results of the model are published (Griffon-G, PR1).
std::string compose_qwen25(const Request& request) {
  if (request.kind == Kind::kText) return lmms_text_prompt(kQwen25, request, kShortAnswerSuffix);
  refuse_ocr_tokens(kQwen25, request);
  if (request.kind == Kind::kDetect) {
    return "Locate every item from the category list in the image and output the coordinates in "
           "JSON format. The category set includes " +
           join_categories(request, ", ") + ".";
  }
  if (request.kind == Kind::kGround) {
    return "Locate " + request.text +
           " in this image and output the bbox coordinates in JSON format.";
  }
  fail_no_prompt(kQwen25, "reconstructing an image");
}

std::string wrap(std::string_view composed, std::size_t images) {
  const PlacedText placed = place_images(composed, images, kImage);
  const std::string first = placed.has_images ? "" : repeat(kImage.whole, images);
  return "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n" + first +
         placed.text + "<|im_end|>\n<|im_start|>assistant\n";
}

}  // namespace

PromptStyle qwen2_vl_style() {
  return {.name = std::string(kQwen2),
          .summary = "Qwen2-VL: boxes between special tokens, in thousandths of the image",
          .geometry = {.unit = BoxGeometry::Unit::kNorm1000},
          .compose = compose_qwen2,
          .wrap = wrap,
          .parse = [](const Request& request, std::string_view text, const BoxGeometry& geometry) {
            return parse_answer(request, text, geometry, {kEnds, kMarks, kQwen2Readers});
          }};
}

PromptStyle qwen2_5_vl_style() {
  // 16384 tokens of 28 x 28 pixels: what the published checkpoints allow.
  return {.name = std::string(kQwen25),
          .summary = "Qwen2.5-VL: boxes as JSON, in pixels of the resized image",
          .geometry = {.frame = BoxGeometry::Frame::kSmartResize, .max_pixels = 16384 * 28 * 28},
          .compose = compose_qwen25,
          .wrap = wrap,
          .parse = [](const Request& request, std::string_view text, const BoxGeometry& geometry) {
            return parse_answer(request, text, geometry, {kEnds, kMarks, kQwen25Readers});
          }};
}

}  // namespace sightline
