#include "harness/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;

TEST(Utf8, IsToldFromOtherBytes) {
  for (const char* good : {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xEF\xBB\xBF", "\xF4\x8F\xBF\xBF", "\x7F"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  // Truncated, stray, overlong, a surrogate, above U+10FFFF.
  for (const char* bad : {"\xC3", "a\x80", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Utf8, CodePointsAreReadAndWritten) {
  const std::uint32_t code_points[] = {0x24, 0xE9, 0x20AC, 0x1F600, 0x7FF, 0x800, 0xFFFF, 0x10FFFF};
  std::string text;
  for (const std::uint32_t code_point : code_points) append_utf8(text, code_point);
  EXPECT_EQ(count_code_points(text), std::size(code_points));
  std::size_t at = 0;
  for (const std::uint32_t code_point : code_points) {
    EXPECT_EQ(next_code_point(text, at), code_point);
  }
  EXPECT_EQ(at, text.size());
  std::size_t bad = 1;
  EXPECT_THROW(next_code_point("a\x80", bad), Error);
}

TEST(Space, IsPythons) {
  for (const std::uint32_t space :
       {0x09U, 0x0AU, 0x0BU,   0x0CU,   0x0DU,   0x1CU,   0x1DU,   0x1EU,   0x1FU,   0x20U,
        0x85U, 0xA0U, 0x1680U, 0x2000U, 0x200AU, 0x2028U, 0x2029U, 0x202FU, 0x205FU, 0x3000U}) {
    EXPECT_TRUE(is_space(space)) << space;
  }
  for (const std::uint32_t other : {0x00U, 0x08U, 0x0EU, 0x1BU, 0x21U, 0x7FU, 0x84U, 0x86U, 0x180EU,
                                    0x1FFFU, 0x200BU, 0x2060U, 0xFEFFU, 0x1F600U}) {
    EXPECT_FALSE(is_space(other)) << other;
  }
}

TEST(Strip, TakesSpaceFromBothEndsOnly) {
  EXPECT_EQ(strip("  a b\t\n"), "a b");
  EXPECT_EQ(strip("\xC2\xA0\xE3\x80\x80x\xE2\x80\xA9"), "x");
  EXPECT_EQ(strip(""), "");
  EXPECT_EQ(strip(" \xC2\x85 "), "");
  EXPECT_EQ(strip("\xC3\xA9"), "\xC3\xA9");
}

TEST(Split, IsPythons) {
  EXPECT_THAT(split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split(",", ','), ElementsAre("", ""));
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split_at_space("  a\xC2\xA0 b\n"), ElementsAre("a", "b"));
  EXPECT_THAT(split_at_space(" \t"), ElementsAre());
  EXPECT_THAT(split_at_space("one"), ElementsAre("one"));
}

TEST(Categories, OfLettersAndDigits) {
  EXPECT_TRUE(is_letter('a') && is_letter(0xE9) && is_letter(0x4E2D) && is_letter(0x1D400));
  EXPECT_FALSE(is_letter('1') || is_letter('_') || is_letter(0x2160) || is_letter(0x301));
  EXPECT_TRUE(is_upper('A') && is_upper(0xC9));
  EXPECT_FALSE(is_upper('a') || is_upper('1') || is_upper(0x1C5)) << "title case is no upper case";
  EXPECT_TRUE(is_decimal_digit('7') && is_decimal_digit(0x0663) && is_decimal_digit(0xFF19));
  EXPECT_FALSE(is_decimal_digit(0xB2) || is_decimal_digit(0x2167) || is_decimal_digit('x'));
}

TEST(LowerCase, IsSimpleByCodePoint) {
  EXPECT_EQ(to_lower("HeLLo 1!"), "hello 1!");
  EXPECT_EQ(to_lower("\xC3\x89\xCE\xA3\xD0\x96"), "\xC3\xA9\xCF\x83\xD0\xB6");
  EXPECT_EQ(to_lower("stra\xC3\x9F"
                     "e"),
            "stra\xC3\x9F"
            "e");
  EXPECT_EQ(to_lower(""), "");
  EXPECT_THROW(to_lower("A\xFF"), Error);
}

}  // namespace
}  // namespace sightline
