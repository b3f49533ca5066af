#include "models/prompts/answer_text.h"

#include <gtest/gtest.h>

#include <array>

#include "harness/base/text.h"

namespace sightline {
namespace {

TEST(AnswerText, BrokenBytesBecomeReplacementCharacters) {
  EXPECT_EQ(repair_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(repair_utf8("é狗😀"), "é狗😀");
  EXPECT_EQ(repair_utf8("cut \xE7\x8B"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(repair_utf8("\x80\xC0\xAF\xED\xA0\x80\xF5")));
}

TEST(AnswerText, StripsAsPythonDoesAndLeavesBrokenBytes) {
  for (const std::string_view text :
       {"", " ", "a", "\n a b\t", "\xE3\x80\x80wide\xE3\x80\x80", "\xC2\xA0nbsp\xC2\xA0", "é "}) {
    EXPECT_EQ(strip_any(text), strip(text));
  }
  EXPECT_EQ(strip_any(" \xFF "), "\xFF");
  EXPECT_EQ(strip_any(" a\x80\x80\x80\x80\x80 "), "a\x80\x80\x80\x80\x80");
}

TEST(AnswerText, StopsAtTheEndOfTheTurn) {
  constexpr std::array<std::string_view, 2> kEnds{"<|im_end|>", "<eos>"};
  constexpr std::array<std::string_view, 1> kMarks{"<pad>"};
  EXPECT_EQ(clean_answer(" red car<|im_end|>\n<|im_start|>user", kEnds, kMarks), "red car");
  EXPECT_EQ(clean_answer("<pad><pad>yes<eos><pad>", kEnds, kMarks), "yes");
  EXPECT_EQ(clean_answer("a<pad>b", kEnds, kMarks), "ab");
  EXPECT_EQ(clean_answer("<eos>", kEnds, kMarks), "");
}

TEST(AnswerText, KnowsAnOpeningThatDeclines) {
  EXPECT_TRUE(is_refusal("I'm sorry, but I can't help with that."));
  EXPECT_TRUE(is_refusal("I’m sorry, I cannot detect objects."));
  EXPECT_TRUE(is_refusal("As an AI language model I see no image."));
  EXPECT_FALSE(is_refusal("The man on the left."));
  EXPECT_FALSE(is_refusal(""));
  EXPECT_FALSE(is_refusal(std::string(200, 'x') + " I'm sorry"));
}

}  // namespace
}  // namespace sightline
