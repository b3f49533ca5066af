#include "models/prompts/style.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "models/prompts/chatrex_style.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;

Request text_request(std::string text, Purpose purpose = Purpose::kShortAnswer) {
  Request request;
  request.text = std::move(text);
  request.purpose = purpose;
  return request;
}

Request box_request(Kind kind) {
  Request request;
  request.kind = kind;
  request.images.push_back({.path = {}, .pixels = nullptr, .width = 1000, .height = 500});
  if (kind == Kind::kGround) request.text = "the left cat";
  if (kind == Kind::kDetect) {
    request.categories = std::make_shared<const std::vector<Category>>(
        std::vector<Category>{{17, "cat"}, {18, "dog"}, {90, "Été"}});
  }
  return request;
}

std::string compose(const std::string& style, const Request& request) {
  return prompt_style(style).compose(request);
}

ParsedAnswer parse(const std::string& style, const Request& request, std::string_view text) {
  const PromptStyle& chosen = prompt_style(style);
  return chosen.parse(request, text, chosen.geometry);
}

std::string expand(const std::string& text, const std::string& token, const std::string& with) {
  std::string result;
  std::size_t from = 0;
  for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, from)) {
    result += text.substr(from, at - from) + with;
    from = at + token.size();
  }
  return result + text.substr(from);
}

TEST(PromptStyles, AreFoundByName) {
  for (const char* name : {"paligemma", "llava_onevision", "llava_onevision_qwen15", "qwen2_vl",
                           "qwen2_5_vl", "chatrex", "minimind_v", "plain", "raw"}) {
    EXPECT_EQ(prompt_style(name).name, name);
    EXPECT_FALSE(prompt_style(name).summary.empty());
  }
  try {
    prompt_style("paligema");
    FAIL() << "was found";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'paligemma'"));
  }
}

struct WordsCase {
  const char* style;
  Purpose purpose;
  const char* want;
};

TEST(Compose, WordsTextRequestsAsPublished) {
  const std::string suffix = "\nAnswer the question using a single word or phrase.";
  const std::string caption = "Provide a one-sentence caption for the provided image.";
  for (const std::string style :
       {"llava_onevision", "llava_onevision_qwen15", "qwen2_vl", "qwen2_5_vl", "chatrex"}) {
    EXPECT_EQ(compose(style, text_request("What is it?")), "What is it?" + suffix) << style;
  }
  EXPECT_EQ(compose("llava_onevision", text_request("", Purpose::kCaption)), caption);
  EXPECT_EQ(compose("qwen2_vl", text_request("", Purpose::kDetailedCaption)),
            "Describe this image in detail.");
  EXPECT_EQ(compose("paligemma", text_request("what is it?")), "answer en what is it?");
  EXPECT_EQ(compose("paligemma", text_request("", Purpose::kCaption)), "caption en");
  EXPECT_EQ(compose("paligemma", text_request("", Purpose::kDetailedCaption)), "describe en");
  EXPECT_EQ(compose("minimind_v", text_request("", Purpose::kCaption)),
            "请描述这张图中的主要物体和场景。");
  EXPECT_EQ(compose("minimind_v_legacy", text_request("", Purpose::kDetailedCaption)),
            "描述一下这个图像的内容。");
  EXPECT_EQ(compose("chatrex", text_request("", Purpose::kCaption)),
            "Please breifly describe this image in one sentence and detect all the mentioned "
            "objects. Answer the question with grounded answer.");
  EXPECT_EQ(compose("plain", text_request("What?")), "What?");
  EXPECT_EQ(compose("raw", text_request("What?")), "What?");
}

TEST(Compose, PassesFreeTextOnInEveryStyle) {
  for (const PromptStyle& style : prompt_styles()) {
    EXPECT_EQ(style.compose(text_request(" any\ntext ", Purpose::kFree)), " any\ntext ")
        << style.name;
  }
}

TEST(Compose, AsksForBoxesAsPublished) {
  const Request detect = box_request(Kind::kDetect), ground = box_request(Kind::kGround);
  EXPECT_EQ(compose("paligemma", detect), "detect cat ; dog ; Été");
  EXPECT_EQ(compose("paligemma", ground), "detect the left cat");
  EXPECT_EQ(compose("chatrex", detect),
            "Please detect cat; dog; Été in this image. Answer the question with object indexes.");
  EXPECT_EQ(compose("chatrex", ground),
            "Please detect the left cat in this image. Answer the question with object indexes.");
  EXPECT_EQ(compose("qwen2_5_vl", ground),
            "Locate the left cat in this image and output the bbox coordinates in JSON format.");
  EXPECT_EQ(compose("qwen2_5_vl", detect),
            "Locate every item from the category list in the image and output the coordinates in "
            "JSON format. The category set includes cat, dog, Été.");
  EXPECT_EQ(compose("qwen2_vl", ground),
            "Locate every object that matches the description \"the left cat\" in the image. "
            "Report bbox coordinates in JSON format.");
  EXPECT_THAT(compose("qwen2_vl", detect), HasSubstr("cat, dog, Été"));
  EXPECT_THAT(compose("llava_onevision", ground),
              HasSubstr("the region this sentence describes: the left cat"));
  EXPECT_THAT(compose("plain", detect), HasSubstr("cat, dog, Été"));
  EXPECT_THAT(compose("plain", ground), HasSubstr("\"bbox\": [x1, y1, x2, y2]"));
}

TEST(Compose, RefusesWhatNobodyPublished) {
  EXPECT_THROW(compose("llava_onevision", box_request(Kind::kDetect)), UsageError);
  EXPECT_THROW(compose("minimind_v", box_request(Kind::kDetect)), UsageError);
  EXPECT_THROW(compose("minimind_v", box_request(Kind::kGround)), UsageError);
  EXPECT_THROW(compose("paligemma", box_request(Kind::kReconstruct)), UsageError);
  Request no_categories = box_request(Kind::kDetect);
  no_categories.categories = nullptr;
  EXPECT_THROW(compose("paligemma", no_categories), UsageError);
}

TEST(Compose, PutsOcrTokensBehindTheQuestion) {
  Request request = text_request("what brand?");
  request.ocr_tokens = {"coca", "cola", "5%"};
  EXPECT_EQ(compose("llava_onevision_qwen15", request),
            "what brand?\nReference OCR token: coca, cola, 5%\nAnswer the question using a single "
            "word or phrase.");
  EXPECT_EQ(compose("plain", request), "what brand?\nReference OCR token: coca, cola, 5%");
  for (const char* style : {"paligemma", "chatrex", "minimind_v", "raw"}) {
    EXPECT_THROW(compose(style, request), UsageError) << style;
  }
}

TEST(Wrap, AgreesWithTheCheckpointsTemplates) {
  const auto golden =
      nlohmann::json::parse(read_file(testing::data_path("prompts/wrapped_prompts.json")));
  ASSERT_GE(golden["cases"].size(), 30U);
  for (const auto& c : golden["cases"]) {
    SCOPED_TRACE(c.dump());
    const PromptStyle& style = prompt_style(c["style"].get<std::string>());
    std::string wrapped = style.wrap(c["text"].get<std::string>(), c["images"].get<std::size_t>());
    if (c.contains("token")) {
      std::string tokens;
      for (int i = 0; i < c["repeat"].get<int>(); ++i) tokens += c["token"].get<std::string>();
      wrapped = expand(wrapped, "<image>", tokens);
    }
    EXPECT_EQ(wrapped, c["wrapped"].get<std::string>());
  }
}

struct MiniMind {
  const char *style, *cases, *token;
  int repeat;  ///< tokens an image
};

TEST(Wrap, AgreesWithMiniMindsTemplatesForOneTurn) {
  const MiniMind generations[] = {
      {"minimind_v", "chat_template_head_cases.json", "<|image_pad|>", 64},
      {"minimind_v_legacy", "chat_template_legacy_cases.json", "@", 196}};
  for (const auto& [style, file, token, repeat] : generations) {
    const std::string name = std::string("goldens/models/minimind_v/") + file;
    SIGHTLINE_NEED_SHARED(name);
    std::string image;
    for (int i = 0; i < repeat; ++i) image += token;
    std::size_t checked = 0;
    const auto cases = nlohmann::json::parse(read_file(testing::shared_path(name)));
    for (const auto& c : cases) {
      const auto& options = c["kwargs"];
      const bool is_one_turn = c["messages"].size() == 1 && c["messages"][0]["role"] == "user";
      if (!is_one_turn || !options.value("add_generation_prompt", false) ||
          options.value("open_thinking", false) || options.contains("tools")) {
        continue;
      }
      SCOPED_TRACE(c["text"].dump());
      const std::string text = expand(c["messages"][0]["content"], image, "<image>");
      const std::size_t images = (text.size() - expand(text, "<image>", "").size()) / 7;
      EXPECT_EQ(expand(prompt_style(style).wrap(text, images), "<image>", image),
                c["text"].get<std::string>());
      ++checked;
    }
    EXPECT_GE(checked, 2U);
  }
}

TEST(Wrap, AgreesWithRexSeeksPromptsForChatRex) {
  const auto golden =
      nlohmann::json::parse(read_file(testing::data_path("prompts/chatrex_prompts.json")));
  ASSERT_EQ(golden["cases"].size(), 6U);
  for (const auto& c : golden["cases"]) {
    EXPECT_EQ(wrap_chatrex(c["question"].get<std::string>(), c["images"].get<std::size_t>(),
                           c["boxes"].get<std::size_t>()),
              c["wrapped"].get<std::string>());
  }
  EXPECT_THROW(wrap_chatrex("q", 2, 0), Error);
  EXPECT_THROW(wrap_chatrex("q", 1, 101), Error);
}

TEST(Wrap, PutsImagesFirstUnlessTheTextPlacesThem) {
  const auto wrap = [](const char* style, const char* text, std::size_t images) {
    return prompt_style(style).wrap(text, images);
  };
  EXPECT_EQ(wrap("paligemma", "caption en", 2), "<image><image><bos>caption en\n");
  EXPECT_EQ(wrap("paligemma", "a <image> b <image> c", 2), "a <image> b <image><bos> c\n");
  EXPECT_EQ(wrap("paligemma", "hello", 0), "<bos>hello\n");
  EXPECT_EQ(wrap("llava_onevision_qwen15", "Q", 2),
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<image> "
            "<image>\nQ<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_THAT(wrap("llava_onevision_qwen15", "first <image> then", 1),
              HasSubstr("user\nfirst <image> then<|"));
  const std::string qwen_image = "<|vision_start|><|image_pad|><|vision_end|>";
  EXPECT_THAT(wrap("qwen2_vl", "see <image>: what?", 1),
              HasSubstr("user\nsee " + qwen_image + ": what?<|"));
  EXPECT_THAT(wrap("qwen2_vl", ("see " + qwen_image).c_str(), 1),
              HasSubstr("user\nsee " + qwen_image + "<|"));
  EXPECT_THAT(wrap("minimind_v", "Q", 2), HasSubstr("user\n<image>\n<image>\nQ<|"));
  EXPECT_EQ(wrap("plain", "Q", 1), "<image>\nQ");
  EXPECT_EQ(wrap("raw", "Q", 1), "Q");
}

TEST(Wrap, RefusesAnotherNumberOfPlaceholders) {
  for (const char* style : {"paligemma", "llava_onevision", "llava_onevision_qwen15", "qwen2_vl",
                            "qwen2_5_vl", "minimind_v", "plain"}) {
    EXPECT_THROW(prompt_style(style).wrap("<image> and <image>", 1), Error) << style;
    EXPECT_THROW(prompt_style(style).wrap("<image>", 0), Error) << style;
  }
}

TEST(Parse, StripsTextsOfWhatIsNoAnswer) {
  const Request request = text_request("q");
  EXPECT_EQ(parse("paligemma", request, " brown<eos><pad>").answer.text, "brown");
  EXPECT_EQ(parse("llava_onevision", request, "Yes<|im_end|>\n").answer.text, "Yes");
  EXPECT_EQ(parse("minimind_v", request, "<think>\n\n</think>\n\n一只狗<|im_end|>").answer.text,
            "一只狗");
  EXPECT_EQ(parse("minimind_v", request, "<think>\nhm").outcome, Outcome::kEmpty);
  EXPECT_EQ(
      parse("chatrex", request, "<ground>a dog</ground><objects><obj0></objects> runs<|im_end|>")
          .answer.text,
      "a dog runs");
  EXPECT_EQ(parse("plain", request, "").outcome, Outcome::kEmpty);
  EXPECT_EQ(parse("raw", request, " \n<|im_end|>").outcome, Outcome::kEmpty);
  EXPECT_EQ(parse("plain", request, "I'm sorry, I cannot see it.").outcome, Outcome::kOk);
  EXPECT_EQ(parse("plain", request, "a\xFF").answer.text, "a\xEF\xBF\xBD");
}

TEST(Parse, TurnsBoxesIntoPixelsAndLabelsIntoCategories) {
  const Request detect = box_request(Kind::kDetect);
  const ParsedAnswer paligemma = parse(
      "paligemma", detect,
      "<loc0256><loc0512><loc0512><loc1023> CAT ; <loc0000><loc0000><loc0512><loc0256> cow<eos>");
  ASSERT_EQ(paligemma.outcome, Outcome::kOk);
  ASSERT_EQ(paligemma.answer.boxes.size(), 2U);
  EXPECT_EQ(paligemma.answer.boxes[0].box.x, 500);
  EXPECT_EQ(paligemma.answer.boxes[0].box.y, 125);
  EXPECT_EQ(paligemma.answer.boxes[0].category_id, 17);
  EXPECT_EQ(paligemma.answer.boxes[0].label, "CAT");
  EXPECT_FALSE(paligemma.answer.boxes[0].score);
  EXPECT_EQ(paligemma.answer.boxes[1].box, (Box{0, 0, 250, 250}));
  EXPECT_EQ(paligemma.answer.boxes[1].category_id, PredictedBox::kNoCategory);
  EXPECT_EQ(paligemma.answer.boxes[1].label, "cow");

  const ParsedAnswer qwen25 =
      parse("qwen2_5_vl", detect,
            "```json\n[{\"bbox_2d\": [0, 0, 504, 252], \"label\": \" éTÉ \"}]\n```<|im_end|>");
  ASSERT_EQ(qwen25.answer.boxes.size(), 1U);
  EXPECT_EQ(qwen25.answer.boxes[0].box, (Box{0, 0, 500, 250}));
  EXPECT_EQ(qwen25.answer.boxes[0].category_id, 90);
}

TEST(Parse, KeepsAllBoxesOfAGroundingInOrder) {
  const ParsedAnswer parsed =
      parse("qwen2_vl", box_request(Kind::kGround),
            "<|object_ref_start|>the left cat<|object_ref_end|><|box_start|>"
            "(100,200),(600,800)<|box_end|><|box_start|>(0,0),(1000,1000)<|box_end|>");
  ASSERT_EQ(parsed.answer.boxes.size(), 2U);
  EXPECT_EQ(parsed.answer.boxes[0].box, (Box{100, 100, 500, 300}));
  EXPECT_EQ(parsed.answer.boxes[1].box, (Box{0, 0, 1000, 500}));
}

TEST(Parse, FallsBackToPlainLists) {
  const Request ground = box_request(Kind::kGround);
  EXPECT_EQ(parse("llava_onevision", ground, "[0.25, 0.5, 0.75, 1]").answer.boxes.at(0).box,
            (Box{250, 250, 500, 250}));
  EXPECT_EQ(parse("qwen2_vl", ground, "It is at (100, 200, 600, 800).").answer.boxes.at(0).box,
            (Box{100, 100, 500, 300}));
  EXPECT_EQ(parse("qwen2_vl", ground, "[{'class': 'cat', 'rect': [100, 200, 600, 800]}]")
                .answer.boxes.at(0)
                .box,
            (Box{100, 100, 500, 300}));
}

TEST(Parse, TakesACutOffBoxForAGroundingOnly) {
  const std::string text = R"([{"bbox_2d": [0, 0, 504, 252], "la)";
  EXPECT_EQ(parse("qwen2_5_vl", box_request(Kind::kGround), text).answer.boxes.size(), 1U);
  EXPECT_EQ(parse("qwen2_5_vl", box_request(Kind::kDetect), text).outcome, Outcome::kParseFail);
}

TEST(Parse, TellsHowAnAnswerWithoutBoxesEnded) {
  const Request detect = box_request(Kind::kDetect);
  const auto outcome = [&detect](const char* style, const char* text) {
    const ParsedAnswer parsed = parse(style, detect, text);
    EXPECT_EQ(parsed.reason.empty(), parsed.outcome == Outcome::kOk) << parsed.reason;
    EXPECT_TRUE(parsed.answer.boxes.empty());
    return parsed.outcome;
  };
  EXPECT_EQ(outcome("qwen2_5_vl", "[]"), Outcome::kOk);
  EXPECT_EQ(outcome("qwen2_5_vl", " <|im_end|>"), Outcome::kEmpty);
  EXPECT_EQ(outcome("qwen2_5_vl", "There is a cat."), Outcome::kParseFail);
  EXPECT_EQ(outcome("qwen2_5_vl", "I'm sorry, I can't detect objects."), Outcome::kRefused);
  EXPECT_EQ(outcome("paligemma", "<loc0001><loc0002> cat"), Outcome::kParseFail);
  EXPECT_EQ(outcome("chatrex", "There is no such thing in this image."), Outcome::kOk);
  EXPECT_EQ(outcome("chatrex", "<ground>cat</ground><objects><obj1></objects>"),
            Outcome::kParseFail);
}

TEST(Parse, BoxesNeedAnImageOfKnownSize) {
  Request ground = box_request(Kind::kGround);
  ground.images[0].width = 0;
  const ParsedAnswer parsed = parse("qwen2_vl", ground, "(1,2),(3,4)");
  EXPECT_EQ(parsed.outcome, Outcome::kParseFail);
  EXPECT_THAT(parsed.reason, HasSubstr("size of the image"));
}

TEST(Parse, CornersInTheWrongOrderGiveAnEmptyBox) {
  const ParsedAnswer parsed = parse("plain", box_request(Kind::kGround), "[30, 40, 10, 50]");
  EXPECT_EQ(parsed.answer.boxes.at(0).box, (Box{30, 40, 0, 10}));
}

TEST(Parse, ResolvesChatRexObjectsAgainstProposals) {
  const Request detect = box_request(Kind::kDetect);
  const std::vector<PredictedBox> proposals{{{1, 2, 3, 4}, PredictedBox::kNoCategory, "", 0.9},
                                            {{5, 6, 7, 8}, PredictedBox::kNoCategory, "", 0.5}};
  const ParsedAnswer parsed = parse_chatrex(
      detect, "<ground>dog</ground><objects><obj1><obj0><obj7></objects><|im_end|>", proposals);
  ASSERT_EQ(parsed.outcome, Outcome::kOk);
  ASSERT_EQ(parsed.answer.boxes.size(), 2U);
  EXPECT_EQ(parsed.answer.boxes[0].box, (Box{5, 6, 7, 8}));
  EXPECT_EQ(parsed.answer.boxes[0].score, 0.5);
  EXPECT_EQ(parsed.answer.boxes[0].category_id, 18);
  EXPECT_EQ(parsed.answer.boxes[1].score, 0.9);
}

std::vector<std::string> pieces() {
  return {"<loc0001>",
          "<loc9999>",
          "<seg001>",
          "<|box_start|>",
          "<|box_end|>",
          "(1,2)",
          ",",
          "[",
          "]",
          "{",
          "}",
          "\"bbox\": ",
          "\"",
          "'",
          "\\",
          "1",
          "-",
          ".",
          "e9",
          "1e999",
          "<ground>",
          "</ground>",
          "<objects>",
          "</objects>",
          "<obj1>",
          "<|im_end|>",
          "<think>",
          "</think>",
          "\n",
          " ",
          "\xFF",
          "\xE7\x8B",
          std::string("\0z", 2),
          "狗",
          "```json",
          "[1,2,3,4]",
          "label",
          ":",
          "(",
          ")",
          "<|",
          ";"};
}

void expect_sound(const PromptStyle& style, const Request& request, const std::string& text) {
  const ParsedAnswer parsed = style.parse(request, text, style.geometry);
  ASSERT_EQ(parsed.reason.empty(), parsed.outcome == Outcome::kOk);
  ASSERT_TRUE(is_utf8(parsed.answer.text));
  for (const PredictedBox& one : parsed.answer.boxes) {
    ASSERT_TRUE(is_utf8(one.label));
    ASSERT_TRUE(std::isfinite(one.box.x) && std::isfinite(one.box.y));
    ASSERT_TRUE(one.box.w >= 0 && one.box.h >= 0);
  }
}

TEST(Parse, EveryStyleAnswersAnyTextWithAnOutcome) {
  std::mt19937 random(5);
  const auto parts = pieces();
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto n = random() % 30; n > 0; --n) text += parts[random() % parts.size()];
    for (const PromptStyle& style : prompt_styles()) {
      for (const Kind kind : {Kind::kText, Kind::kDetect, Kind::kGround, Kind::kReconstruct}) {
        SCOPED_TRACE(style.name + ": " + text);
        expect_sound(style, box_request(kind), text);
      }
    }
  }
}

TEST(Parse, TenMegabytesOfGarbageTakeLinearTime) {
  constexpr std::size_t kSize = 10'000'000;
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& piece : pieces()) {
    std::string text;
    while (text.size() < kSize / 40) text += piece;
    for (const PromptStyle& style : prompt_styles()) {
      expect_sound(style, box_request(Kind::kDetect), text);
    }
  }
  std::mt19937 random(6);
  const auto parts = pieces();
  std::string mixed;
  while (mixed.size() < kSize) mixed += parts[random() % parts.size()];
  for (const PromptStyle& style : prompt_styles()) {
    expect_sound(style, box_request(Kind::kDetect), mixed);
    expect_sound(style, box_request(Kind::kText), mixed);
  }
  const std::string name(kSize / 4, ' ');
  std::string marked = "<|object_ref_start|>" + name + "<|object_ref_end|>";
  std::string keyed = "{\"" + name + "\": [";
  while (marked.size() < kSize / 2) marked += "<|box_start|>(1,2),(3,4)<|box_end|>";
  while (keyed.size() < kSize / 2) keyed += "[1,2,3,4],";
  expect_sound(prompt_style("qwen2_vl"), box_request(Kind::kDetect), marked);
  expect_sound(prompt_style("plain"), box_request(Kind::kDetect), keyed);
  // Linear work takes a few seconds, also under sanitizers; quadratic work would take hours.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(4));
}

}  // namespace
}  // namespace sightline
