#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "harness/base/error.h"
#include "models/prompts/chatrex_objects.h"
#include "models/prompts/json_boxes.h"
#include "models/prompts/lmms_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/paligemma_boxes.h"
#include "models/prompts/qwen2_boxes.h"
#include "models/prompts/style.h"

// Answers read a second on one core, for one-box answers ("short") and for a long detection answer.

namespace sightline {
namespace {

constexpr const char* kPaliGemma = "<loc0100><loc0200><loc0600><loc0700> cat";
constexpr const char* kQwen2 =
    "<|object_ref_start|>the cat<|object_ref_end|><|box_start|>(100,200),(512,740)<|box_end|>";
constexpr const char* kQwen25 =
    "```json\n[\n\t{\"bbox_2d\": [100, 200, 512, 740], \"label\": \"the cat\"}\n]\n```";
constexpr const char* kList = "[0.101, 0.202, 0.512, 0.74]";
constexpr const char* kChatRex = "<ground>the cat</ground><objects><obj3></objects>";

std::string repeated(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

template <typename Read>
void read_answers(benchmark::State& state, const std::string& text, std::size_t boxes,
                  const Read& read) {
  require(read(text) == boxes, "the answer has {} boxes, {} were read", boxes, read(text));
  for (auto _ : state) benchmark::DoNotOptimize(read(text));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

std::size_t paligemma(const std::string& text) {
  return parse_paligemma_boxes(text).boxes.size();
}
std::size_t qwen2(const std::string& text) {
  return parse_qwen2_boxes(text).boxes.size();
}
std::size_t json(const std::string& text) {
  return parse_json_boxes(text).boxes.size();
}
std::size_t lists(const std::string& text) {
  return parse_number_lists(text).boxes.size();
}
std::size_t chatrex(const std::string& text) {
  return parse_chatrex_phrases(text).size();
}
std::size_t lmms_rec(const std::string& text) {
  return parse_lmms_rec_box(text) ? 1 : 0;
}
std::size_t lmms_grounding(const std::string& text) {
  return parse_lmms_grounding_boxes(text).size();
}

BENCHMARK_CAPTURE(read_answers, short_paligemma, kPaliGemma, 1, paligemma);
BENCHMARK_CAPTURE(read_answers, short_qwen2, kQwen2, 1, qwen2);
BENCHMARK_CAPTURE(read_answers, short_json, kQwen25, 1, json);
BENCHMARK_CAPTURE(read_answers, short_number_list, kList, 1, lists);
BENCHMARK_CAPTURE(read_answers, short_chatrex, kChatRex, 1, chatrex);
BENCHMARK_CAPTURE(read_answers, short_lmms_rec, kList, 1, lmms_rec);
BENCHMARK_CAPTURE(read_answers, short_lmms_grounding, kQwen25, 1, lmms_grounding);
BENCHMARK_CAPTURE(read_answers, hundred_paligemma, repeated(std::string(kPaliGemma) + " ; ", 100),
                  100, paligemma);
BENCHMARK_CAPTURE(read_answers, hundred_qwen2, repeated(kQwen2, 100), 100, qwen2);
BENCHMARK_CAPTURE(read_answers, hundred_json, repeated(kQwen25, 100), 100, json);

/// A whole typed answer: cleaning, grammar, pixels, categories.
void typed_answers(benchmark::State& state, const char* style_name, const char* text) {
  const PromptStyle& style = prompt_style(style_name);
  Request request;
  request.kind = Kind::kGround;
  request.images.push_back({.path = {}, .pixels = nullptr, .width = 640, .height = 480});
  require(style.parse(request, text, style.geometry).answer.boxes.size() == 1, "no box in {}",
          text);
  for (auto _ : state) benchmark::DoNotOptimize(style.parse(request, text, style.geometry));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(typed_answers, paligemma, "paligemma", kPaliGemma);
BENCHMARK_CAPTURE(typed_answers, qwen2_vl, "qwen2_vl", kQwen2);
BENCHMARK_CAPTURE(typed_answers, qwen2_5_vl, "qwen2_5_vl", kQwen25);
BENCHMARK_CAPTURE(typed_answers, llava_onevision, "llava_onevision", kList);

}  // namespace
}  // namespace sightline
