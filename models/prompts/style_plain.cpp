#include <array>

#include "models/prompts/families.h"
#include "models/prompts/json_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

// A model behind this style may be any; these are the end tokens that chat models leave behind.
constexpr std::array<std::string_view, 5> kEnds{"<|im_end|>", "<|endoftext|>", "<|eot_id|>",
                                                "<end_of_turn>", "<eos>"};
constexpr std::array<std::string_view, 3> kMarks{"<|im_start|>", "<bos>", "<pad>"};
constexpr std::array<BoxReader, 2> kReaders{parse_json_boxes, parse_number_lists};
constexpr Placeholder kImage{"<image>", "<image>"};

constexpr std::string_view kForm =
    " Answer with a JSON list of {\"label\": name, \"bbox\": [x1, y1, x2, y2]} in pixels of the "
    "image, and nothing else.";

// All words here are ours, but for the captions, which are lmms-eval's.
std::string compose(const Request& request) {
  if (request.kind == Kind::kText) return lmms_text_prompt("plain", request, "");
  refuse_ocr_tokens("plain", request);
  if (request.kind == Kind::kReconstruct) return {};
  if (request.kind == Kind::kGround) {
    return "Find \"" + request.text + "\" in the image." + std::string(kForm);
  }
  return "Find every object of these categories in the image: " + join_categories(request, ", ") +
         "." + std::string(kForm);
}

ParsedAnswer parse(const Request& request, std::string_view text, const BoxGeometry& geometry) {
  return parse_answer(request, text, geometry, {kEnds, kMarks, kReaders});
}

}  // namespace

PromptStyle plain_style() {
  return {.name = "plain",
          .summary = "the question as it is; boxes asked for as JSON in pixels; no chat turns",
          .geometry = {},
          .compose = compose,
          .wrap =
              [](std::string_view composed, std::size_t images) {
                const PlacedText placed = place_images(composed, images, kImage);
                if (placed.has_images || images == 0) return placed.text;
                return repeat(kImage.whole, images) + "\n" + placed.text;
              },
          .parse = parse};
}

PromptStyle raw_style() {
  return {.name = "raw",
          .summary = "the text and nothing else; image placeholders are the user's",
          .geometry = {},
          .compose =
              [](const Request& request) {
                refuse_ocr_tokens("raw", request);
                return request.text;
              },
          .wrap = [](std::string_view composed, std::size_t) { return std::string(composed); },
          .parse = parse};
}

}  // namespace sightline
