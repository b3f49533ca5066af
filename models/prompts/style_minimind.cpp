#include <array>

#include "models/prompts/answer_text.h"
#include "models/prompts/families.h"
#include "models/prompts/json_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

constexpr std::array<std::string_view, 2> kEnds{"<|im_end|>", "<|endoftext|>"};
constexpr std::array<std::string_view, 1> kMarks{"<|im_start|>"};
constexpr std::array<BoxReader, 2> kReaders{parse_json_boxes, parse_number_lists};
constexpr Placeholder kImage{"<image>", "<image>"};
constexpr Placeholder kPads{"<|image_pad|>", "<|image_pad|>", true};

// The authors published one prompt, that of eval_vlm.py, which asks for a description; it serves
// both caption purposes. A question goes to the chat model as it is, which is our choice.
std::string compose(std::string_view name, std::string_view description, const Request& request) {
  refuse_ocr_tokens(name, request);
  if (request.kind == Kind::kDetect) fail_no_prompt(name, "detecting categories");
  if (request.kind == Kind::kGround) fail_no_prompt(name, "locating an expression");
  if (request.kind == Kind::kReconstruct) fail_no_prompt(name, "reconstructing an image");
  const bool describes =
      request.purpose == Purpose::kCaption || request.purpose == Purpose::kDetailedCaption;
  return describes ? std::string(description) : request.text;
}

/// Images each on a line of their own before the text: adjacent ones would read as one.
std::string user_content(std::string_view composed, std::size_t images) {
  if (place_images(composed, images, kPads).has_images) return std::string(composed);
  return repeat("<image>\n", images) + std::string(composed);
}

/// The words behind the last think block, as the chat template cuts them; nothing where the
/// thinking was cut off.
std::string drop_thinking(std::string_view text) {
  constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  const std::size_t close = text.rfind(kClose);
  if (close != std::string_view::npos) text.remove_prefix(close + kClose.size());
  text = strip_any(text);
  return text.substr(0, kOpen.size()) == kOpen ? std::string() : std::string(text);
}

ParsedAnswer parse(const Request& request, std::string_view text, const BoxGeometry& geometry) {
  return parse_answer(request, text, geometry, {kEnds, kMarks, kReaders, drop_thinking});
}

}  // namespace

PromptStyle minimind_v_style() {
  return {.name = "minimind_v",
          .summary = "MiniMind-V of 2026 (minimind-3v), with an empty think block",
          .geometry = {},
          .compose =
              [](const Request& request) {
                return compose("minimind_v", "请描述这张图中的主要物体和场景。", request);
              },
          .wrap =
              [](std::string_view composed, std::size_t images) {
                return "<|im_start|>user\n" + user_content(composed, images) +
                       "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
              },
          .parse = parse};
}

PromptStyle minimind_v_legacy_style() {
  return {.name = "minimind_v_legacy",
          .summary = "MiniMind-V of 2025 (MiniMind2-V), with a system turn",
          .geometry = {},
          .compose =
              [](const Request& request) {
                return compose("minimind_v_legacy", "描述一下这个图像的内容。", request);
              },
          .wrap =
              [](std::string_view composed, std::size_t images) {
                return "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n"
                       "<|im_start|>user\n" +
                       user_content(composed, images) + "<|im_end|>\n<|im_start|>assistant\n";
              },
          .parse = parse};
}

}  // namespace sightline
