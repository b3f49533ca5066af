#include <array>

#include "models/prompts/families.h"
#include "models/prompts/paligemma_boxes.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

constexpr std::string_view kName = "paligemma";
constexpr std::array<std::string_view, 2> kEnds{"<eos>", "<end_of_turn>"};
constexpr std::array<std::string_view, 2> kMarks{"<bos>", "<pad>"};
constexpr std::array<BoxReader, 1> kReaders{parse_paligemma_boxes};
constexpr Placeholder kImage{"<image>", "<image>"};

// The task words are those of PaliGemma's pre-training (Beyer et al. 2024, section 3.2.5; Gemma's
// documentation, "PaliGemma prompt and system instructions"). Referring expressions have no box
// prompt of their own there: "detect" is the family's way to ask for the box of a thing.
std::string compose(const Request& request) {
  refuse_ocr_tokens(kName, request);
  if (request.kind == Kind::kDetect) return "detect " + join_categories(request, " ; ");
  if (request.kind == Kind::kGround) return "detect " + request.text;
  if (request.kind == Kind::kReconstruct) fail_no_prompt(kName, "reconstructing an image");
  switch (request.purpose) {
    case Purpose::kShortAnswer:
      return "answer en " + request.text;
    case Purpose::kCaption:
      return "caption en";
    case Purpose::kDetailedCaption:
      return "describe en";
    case Purpose::kFree:
      return request.text;
  }
  return request.text;
}

// The input string of the processor in transformers: <bos> stands behind the last image, and a
// line feed ends the prompt.
std::string wrap(std::string_view composed, std::size_t images) {
  PlacedText placed = place_images(composed, images, kImage);
  if (!placed.has_images) return repeat(kImage.whole, images) + "<bos>" + placed.text + "\n";
  const std::size_t last = placed.text.rfind(kImage.whole) + kImage.whole.size();
  return placed.text.insert(last, "<bos>") + "\n";
}

}  // namespace

PromptStyle paligemma_style() {
  return {.name = std::string(kName),
          .summary = "PaliGemma 1 and 2: task words such as 'answer en', boxes as location tokens",
          .geometry = {.unit = BoxGeometry::Unit::kBins1024, .order = BoxGeometry::Order::kYxyx},
          .compose = compose,
          .wrap = wrap,
          .parse = [](const Request& request, std::string_view text, const BoxGeometry& geometry) {
            return parse_answer(request, text, geometry, {kEnds, kMarks, kReaders});
          }};
}

}  // namespace sightline
