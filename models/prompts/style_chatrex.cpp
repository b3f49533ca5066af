#include <fmt/format.h>

#include <array>

#include "harness/base/error.h"
#include "models/prompts/answer_text.h"
#include "models/prompts/chatrex_objects.h"
#include "models/prompts/chatrex_style.h"
#include "models/prompts/families.h"
#include "models/prompts/typed_answer.h"
#include "models/prompts/wording.h"

namespace sightline {

namespace {

constexpr std::string_view kName = "chatrex";
constexpr std::size_t kMostBoxes = 100;
constexpr std::array<std::string_view, 2> kEnds{"<|im_end|>", "<|endoftext|>"};
constexpr std::array<std::string_view, 1> kMarks{"<|im_start|>"};
// RexSeek's evaluation reads this sentence as an answer without boxes.
constexpr std::string_view kNothing = "There is no such thing in this image";

// ChatRex's prompt_templates.py, with its spelling; the short-answer suffix is RexSeek's.
constexpr std::string_view kCaption =
    "Please breifly describe this image in one sentence and detect all the mentioned objects. "
    "Answer the question with grounded answer.";
constexpr std::string_view kDetailedCaption =
    "Please provide a detailed description of the image and detect all the mentioned objects. "
    "Answer the question with grounded object indexes.";

std::string compose(const Request& request) {
  refuse_ocr_tokens(kName, request);
  if (request.kind == Kind::kReconstruct) fail_no_prompt(kName, "reconstructing an image");
  if (request.kind != Kind::kText) {
    const std::string what =
        request.kind == Kind::kDetect ? join_categories(request, "; ") : request.text;
    return "Please detect " + what + " in this image. Answer the question with object indexes.";
  }
  switch (request.purpose) {
    case Purpose::kShortAnswer:
      return request.text + std::string(kShortAnswerSuffix);
    case Purpose::kCaption:
      return std::string(kCaption);
    case Purpose::kDetailedCaption:
      return std::string(kDetailedCaption);
    case Purpose::kFree:
      return request.text;
  }
  return request.text;
}

ParsedAnswer type_phrases(const Request& request, std::string_view text,
                          std::span<const PredictedBox> proposals) {
  const auto phrases = parse_chatrex_phrases(text);
  ParsedAnswer parsed;
  for (ChatRexLabel& label : chatrex_labels(phrases, proposals.size())) {
    const PredictedBox& proposal = proposals[label.box];
    const std::int64_t category = find_category(request, label.phrase);
    parsed.answer.boxes.push_back(
        {proposal.box, category, std::move(label.phrase), proposal.score});
  }
  if (!parsed.answer.boxes.empty() || text.find(kNothing) != std::string_view::npos) return parsed;
  parsed.outcome = phrases.empty() && is_refusal(text) ? Outcome::kRefused : Outcome::kParseFail;
  parsed.reason =
      parsed.outcome == Outcome::kRefused ? "the model declined to give a box"
      : phrases.empty()
          ? "the answer has no '<ground>...</ground><objects>...</objects>'"
          : fmt::format("the answer names objects, but none of the {} that the model was given",
                        proposals.size());
  return parsed;
}

}  // namespace

std::string wrap_chatrex(std::string_view question, std::size_t images, std::size_t boxes) {
  require(images <= 1, "ChatRex takes one image, the request has {}", images);
  require(boxes <= kMostBoxes, "ChatRex takes at most {} boxes, not {}", kMostBoxes, boxes);
  std::string text = "<|im_start|>user\n";
  if (images == 1) {
    text += "<image>\n";
    for (std::size_t i = 0; i < boxes; ++i) text += fmt::format("<obj{}><objfeat>", i);
    text += '\n';
  }
  for (std::size_t at = 0; at < question.size();) {
    const std::size_t image = question.find("<image>", at);
    text += question.substr(at, image - at);
    at = image == std::string_view::npos ? question.size() : image + 7;
  }
  return text + "<|im_end|>\n<|im_start|>assistant\n";
}

ParsedAnswer parse_chatrex(const Request& request, std::string_view text,
                           std::span<const PredictedBox> proposals) {
  const bool wants_boxes = request.kind == Kind::kDetect || request.kind == Kind::kGround;
  const std::string cleaned = clean_answer(text, kEnds, kMarks);
  if (wants_boxes && !cleaned.empty()) return type_phrases(request, cleaned, proposals);
  return parse_answer(request, text, {},
                      {.ends = kEnds, .marks = kMarks, .to_words = remove_chatrex_grounding});
}

PromptStyle chatrex_style() {
  return {.name = std::string(kName),
          .summary = "ChatRex: answers name proposal boxes by number",
          .geometry = {},
          .compose = compose,
          .wrap = [](std::string_view text,
                     std::size_t images) { return wrap_chatrex(text, images, 0); },
          .parse =
              [](const Request& request, std::string_view text, const BoxGeometry&) {
                ParsedAnswer parsed = parse_chatrex(request, text, {});
                if (parsed.outcome == Outcome::kParseFail) {
                  parsed.reason += "; a ChatRex model must resolve its boxes itself";
                }
                return parsed;
              }};
}

}  // namespace sightline
