#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "models/prompts/json_boxes.h"
#include "models/prompts/number_lists.h"
#include "models/prompts/paligemma_boxes.h"
#include "models/prompts/qwen2_boxes.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RawBox box(double a, double b, double c, double d, std::string label = {}) {
  return {{a, b, c, d}, std::move(label), {}};
}

struct Case {
  const char* name;
  std::string text;
  std::vector<RawBox> boxes;
  std::size_t unreadable = 0;
  bool none = false;
};

void expect_case(const Case& c, const RawBoxes& found) {
  SCOPED_TRACE(c.name);
  EXPECT_EQ(found.boxes, c.boxes) << c.text;
  EXPECT_EQ(found.unreadable, c.unreadable) << c.text;
  EXPECT_EQ(found.none, c.none) << c.text;
}

TEST(PaliGemmaBoxes, ReadLocationTokensAndLabels) {
  const std::vector<Case> cases{
      {"one", "<loc0100><loc0200><loc0600><loc0700> cat", {box(100, 200, 600, 700, "cat")}},
      {"two",
       "<loc0100><loc0200><loc0600><loc0700> cat ; <loc0010><loc0020><loc0400><loc0512> dog",
       {box(100, 200, 600, 700, "cat"), box(10, 20, 400, 512, "dog")}},
      {"no_label", "<loc0000><loc0000><loc1023><loc1023>", {box(0, 0, 1023, 1023)}},
      {"words_before",
       "detected: <loc0001><loc0002><loc0003><loc0004>  a b ",
       {box(1, 2, 3, 4, "a b")}},
      {"missing_separator",
       "<loc0001><loc0002><loc0003><loc0004> a <loc0005><loc0006><loc0007><loc0008> b",
       {box(1, 2, 3, 4, "a"), box(5, 6, 7, 8, "b")}},
      {"out_of_range", "<loc0001><loc1024><loc0003><loc0004> a", {}, 1},
      {"three_tokens", "<loc0001><loc0002><loc0003> a", {}, 1},
      {"five_tokens", "<loc0001><loc0002><loc0003><loc0004><loc0005> a", {box(1, 2, 3, 4)}, 1},
      {"cut_off",
       "<loc0001><loc0002><loc0003><loc0004> a ; <loc0005><loc00",
       {box(1, 2, 3, 4, "a")},
       2},
      {"five_digits", "<loc00001><loc0002><loc0003><loc0004> a", {}, 2},
      {"nested", "<loc<loc0001><loc0002><loc0003><loc0004> a", {box(1, 2, 3, 4, "a")}, 1},
      {"words_only", "a cat", {}},
      {"empty", "", {}},
  };
  for (const Case& c : cases) expect_case(c, parse_paligemma_boxes(c.text));
}

TEST(PaliGemmaBoxes, MasksNeedAllSixteenCodes) {
  std::string text = "<loc0001><loc0002><loc0003><loc0004>";
  for (int i = 0; i < 16; ++i)
    text += "<seg" + std::string(i < 10 ? "00" : "0") + std::to_string(i) + ">";
  std::size_t unreadable = 9;
  const auto objects = parse_paligemma_objects(text + " cat", unreadable);
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].box, box(1, 2, 3, 4, "cat"));
  EXPECT_EQ(objects[0].mask_codes.size(), 16U);
  EXPECT_EQ(objects[0].mask_codes[11], 11);
  EXPECT_EQ(unreadable, 0U);
  const auto cut =
      parse_paligemma_objects("<loc0001><loc0002><loc0003><loc0004><seg001>", unreadable);
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_THAT(cut[0].mask_codes, IsEmpty());
}

TEST(PaliGemmaBoxes, FormattedObjectsReadBackAsThemselves) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::vector<PaliGemmaObject> objects(random() % 6);
    for (PaliGemmaObject& object : objects) {
      for (double& number : object.box.numbers) number = static_cast<double>(random() % 1024);
      object.box.label = "thing " + std::to_string(random() % 100);
      for (int n = random() % 2 == 0 ? 16 : 0; n > 0; --n) {
        object.mask_codes.push_back(static_cast<int>(random() % 128));
      }
    }
    std::size_t unreadable = 1;
    EXPECT_EQ(parse_paligemma_objects(format_paligemma_objects(objects), unreadable), objects);
    EXPECT_EQ(unreadable, 0U);
  }
}

TEST(Qwen2Boxes, ReadSpecialTokensAndTheirRemains) {
  const std::string ref = "<|object_ref_start|>", ref_end = "<|object_ref_end|>";
  const std::string start = "<|box_start|>", end = "<|box_end|>";
  const std::vector<Case> cases{
      {"one",
       ref + "the cat" + ref_end + start + "(100,200),(512,740)" + end,
       {box(100, 200, 512, 740, "the cat")}},
      {"boxes_of_one_name",
       ref + "cat" + ref_end + start + "(1,2),(3,4)" + end + start + "(5,6),(7,8)" + end,
       {box(1, 2, 3, 4, "cat"), box(5, 6, 7, 8, "cat")}},
      {"two_names",
       ref + "a" + ref_end + start + "(1,2),(3,4)" + end + " and " + ref + " b " + ref_end + start +
           "(5,6),(7,8)" + end,
       {box(1, 2, 3, 4, "a"), box(5, 6, 7, 8, "b")}},
      {"boxes_in_one_marker",
       start + "(1,2),(3,4),(5,6),(7,8)" + end,
       {box(1, 2, 3, 4), box(5, 6, 7, 8)}},
      {"spaces", start + " ( 1 , 2 ) , ( 3 , 4 ) " + end, {box(1, 2, 3, 4)}},
      {"without_end", ref + "a" + ref_end + start + "(1,2),(3,4)", {box(1, 2, 3, 4, "a")}},
      {"cut_off", start + "(1,2),(3,4)" + end + start + "(5,", {box(1, 2, 3, 4)}, 1},
      {"point_is_no_box", start + "(5,6)" + end, {}},
      {"not_numbers", start + "(a,b),(c,d)" + end, {}, 1},
      {"special_tokens_gone",
       "the cat(100,200),(512,740)the dog(1,2),(3,4)",
       {box(100, 200, 512, 740, "the cat"), box(1, 2, 3, 4, "the dog")}},
      {"prose", "The cat (left) is at (1, 2), (3, 4).", {box(1, 2, 3, 4, "The cat (left) is at")}},
      {"words_only", "no cat here", {}},
  };
  for (const Case& c : cases) expect_case(c, parse_qwen2_boxes(c.text));
}

TEST(Qwen2Boxes, FormattedMarksReadBackAsThemselves) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    std::vector<Qwen2Mark> marks(random() % 6);
    std::string label;
    for (Qwen2Mark& mark : marks) {
      if (random() % 2 == 0 || label.empty()) label = "thing " + std::to_string(random() % 100);
      mark.box.label = label;
      mark.is_point = random() % 4 == 0;
      for (std::size_t n = 0; n < (mark.is_point ? 2U : 4U); ++n)
        mark.box.numbers[n] = static_cast<double>(random() % 1001);
    }
    std::size_t unreadable = 1;
    EXPECT_EQ(parse_qwen2_marks(format_qwen2_marks(marks), unreadable), marks);
    EXPECT_EQ(unreadable, 0U);
  }
}

TEST(JsonBoxes, ReadObjectsListsAndTheirRemains) {
  const std::vector<Case> cases{
      {"qwen", R"([{"bbox_2d": [1, 2, 3.5, 4], "label": "cat"}])", {box(1, 2, 3.5, 4, "cat")}},
      {"fence",
       "```json\n[\n\t{\"bbox_2d\": [1, 2, 3, 4], \"label\": \"cat\"}\n]\n```",
       {box(1, 2, 3, 4, "cat")}},
      {"label_first", R"({"label": "cat", "bbox": [1,2,3,4]})", {box(1, 2, 3, 4, "cat")}},
      {"python",
       "Here's the list: [{'class': 'cat', 'rect': [1, 2, 3, 4]},]",
       {box(1, 2, 3, 4, "cat")}},
      {"words_around",
       "Sure! \"Boxes\":\n[{\"bbox_2d\": [1,2,3,4]}]\nThat's all [end].",
       {box(1, 2, 3, 4)}},
      {"two_lists",
       R"([{"bbox":[1,2,3,4]}] [{"bbox":[5,6,7,8]}])",
       {box(1, 2, 3, 4), box(5, 6, 7, 8)}},
      {"single_object", R"({"bbox": [1,2,3,4]})", {box(1, 2, 3, 4)}},
      {"container", R"({"objects": [{"box": [1,2,3,4], "name": "a"}]})", {box(1, 2, 3, 4, "a")}},
      {"bare_list", "[1, 2, 3, 4]", {box(1, 2, 3, 4)}},
      {"list_of_lists", "[[1,2,3,4],[5,6,7,8]]", {box(1, 2, 3, 4), box(5, 6, 7, 8)}},
      {"named_by_key",
       R"({"cat": [1,2,3,4], "dog": [[5,6,7,8],[9,10,11,12]]})",
       {box(1, 2, 3, 4, "cat"), box(5, 6, 7, 8, "dog"), box(9, 10, 11, 12, "dog")}},
      {"colour_is_no_box",
       R"([{"rgba": [9, 9, 9, 9], "parts": [{"bbox": [5,6,7,8]}], "bbox": [1,2,3,4]}])",
       {box(5, 6, 7, 8), box(1, 2, 3, 4)}},
      {"many_boxes_a_label",
       R"([{"bboxes": [[1,2,3,4],[5,6,7,8]], "label": "cat"}])",
       {box(1, 2, 3, 4, "cat"), box(5, 6, 7, 8, "cat")}},
      {"escapes",
       R"([{"bbox":[1,2,3,4],"label":"caf\u00e9 \"x\" \ud83d\ude00"}])",
       {box(1, 2, 3, 4, "café \"x\" 😀")}},
      {"truncated",
       R"([{"bbox_2d": [1,2,3,4], "label": "a"}, {"bbox_2d": [5, 6)",
       {box(1, 2, 3, 4, "a")},
       1},
      {"truncated_label",
       R"([{"bbox_2d": [1,2,3,4], "label": "a"}, {"bbox_2d": [5,6,7,8], "lab)",
       {box(1, 2, 3, 4, "a")},
       1},
      {"five_numbers", R"([{"bbox_2d": [1,2,3,4,5], "label": "a"}])", {}, 1},
      {"null_inside", R"([{"bbox_2d": [1,2,null,4], "label": "a"}])", {}, 1},
      {"strings_are_no_numbers", R"([{"bbox_2d": ["1","2","3","4"], "label": "a"}])", {}, 1},
      {"too_large", R"([{"bbox_2d": [1,2,3,1e999], "label": "a"}])", {}, 1},
      {"nan",
       R"([{"bbox_2d": [NaN,2,3,4], "label": "a"}, {"bbox_2d": [1,2,3,4]}])",
       {box(1, 2, 3, 4)},
       1},
      {"unclosed_object_before",
       R"([{"bbox_2d": [1,2,3, {"bbox_2d": [5,6,7,8]}])",
       {box(5, 6, 7, 8)},
       1},
      {"empty_list", "[]", {}, 0, true},
      {"empty_in_fence", "```json\n[]\n```", {}, 0, true},
      {"empty_container", R"({"objects": []})", {}, 0, true},
      {"point", R"([{"point_2d": [1, 2], "label": "a"}])", {}},
      {"words_only", "no \"box\" here", {}},
  };
  for (const Case& c : cases) expect_case(c, parse_json_boxes(c.text));
}

TEST(JsonBoxes, KeepTheBoxOfAnObjectThatIsCutOff) {
  const RawBoxes found = parse_json_boxes(R"([{"bbox_2d": [5,6,7,8], "lab)");
  EXPECT_THAT(found.boxes, IsEmpty());
  ASSERT_TRUE(found.cut_off);
  EXPECT_EQ(*found.cut_off, box(5, 6, 7, 8));
}

TEST(JsonBoxes, ReadScores) {
  const RawBoxes found =
      parse_json_boxes(R"([{"bbox":[1,2,3,4],"label":"a","score":0.25},{"bbox":[1,2,3,4]}])");
  ASSERT_EQ(found.boxes.size(), 2U);
  EXPECT_EQ(found.boxes[0].score, 0.25);
  EXPECT_FALSE(found.boxes[1].score);
}

TEST(JsonBoxes, FormattedBoxesReadBackAsThemselves) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> real(-1000, 1000);
  const std::vector<std::string> labels{"cat", "a \"quoted\" {thing}", "tab\tand\\slash", "狗",
                                        "[1]"};
  for (int i = 0; i < 300; ++i) {
    std::vector<RawBox> boxes(random() % 6);
    for (RawBox& one : boxes) {
      for (double& number : one.numbers) number = real(random);
      one.label = labels[random() % labels.size()];
      if (random() % 2 == 0) one.score = real(random);
    }
    const RawBoxes found = parse_json_boxes(format_json_boxes(boxes, "bbox_2d"));
    EXPECT_EQ(found.boxes, boxes);
    EXPECT_EQ(found.none, boxes.empty());
  }
}

TEST(JsonBoxes, EveryPrefixOfAnAnswerGivesAPrefixOfItsBoxes) {
  const std::vector<RawBox> boxes{box(1, 2, 3, 4, "a"), box(5, 6, 7, 8, "b"), box(9, 1, 2, 3, "c")};
  const std::string text = "```json\n" + format_json_boxes(boxes, "bbox_2d") + "\n```";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const RawBoxes found = parse_json_boxes(text.substr(0, length));
    ASSERT_LE(found.boxes.size(), boxes.size());
    EXPECT_TRUE(std::equal(found.boxes.begin(), found.boxes.end(), boxes.begin())) << length;
  }
}

TEST(NumberLists, ReadBracketsWithFourNumbers) {
  const std::vector<Case> cases{
      {"square", "at [0.1, 0.2, 0.3, 0.4].", {box(0.1, 0.2, 0.3, 0.4)}},
      {"round", "(1,2,3,4)", {box(1, 2, 3, 4)}},
      {"spaces", "[ 1 2 3 -4.5 ]", {box(1, 2, 3, -4.5)}},
      {"nested", "[[1,2,3,4], [5,6,7,8]]", {box(1, 2, 3, 4), box(5, 6, 7, 8)}},
      {"three", "[1,2,3]", {}, 1},
      {"five", "[1,2,3,4,5]", {}, 1},
      {"mixed_brackets", "[1,2,3,4)", {}, 1},
      {"cut_off", "[1,2,3,4] [5,6,7", {box(1, 2, 3, 4)}, 1},
      {"units", "[1px,2,3,4]", {}, 1},
      {"words", "[sic] (a cat)", {}},
      {"empty", "[]", {}},
  };
  for (const Case& c : cases) expect_case(c, parse_number_lists(c.text));
}

}  // namespace
}  // namespace sightline
