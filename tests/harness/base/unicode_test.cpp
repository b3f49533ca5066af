#include "harness/base/unicode.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {
namespace {

// Expected values are what CPython 3.11 answers to the same text.
TEST(DecimalDigits, AreThoseOfEveryScriptButNoOtherNumbers) {
  for (const std::uint32_t c : {0x30u, 0x39u, 0x660u, 0x669u, 0x966u, 0xFF10u, 0xFF19u, 0x1D7CEu}) {
    EXPECT_TRUE(is_decimal_digit(c)) << c;
  }
  for (const std::uint32_t c : {0x2Fu, 0x3Au, 0x41u, 0xB2u, 0xBDu, 0x2160u, 0x4E00u, 0x2460u}) {
    EXPECT_FALSE(is_decimal_digit(c)) << c;
  }
}

TEST(LowerCaseInContext, EqualsPython) {
  struct Case {
    const char *text, *lower;
  };
  const Case cases[] = {
      {"", ""},
      {"Cat", "cat"},
      {"\u00C9T\u00C9", "\u00E9t\u00E9"},
      {"\u0130x", "i\u0307x"},
      {"\u03A3", "\u03C3"},                                        // alone: no word to end
      {"\u039F\u03A3", "\u03BF\u03C2"},                            // ends a word
      {"\u039F\u03A3 \u03A3\u039F", "\u03BF\u03C2 \u03C3\u03BF"},  // ends one, begins one
      {"\u039F\u03A3\u039F", "\u03BF\u03C3\u03BF"},                // inside
      {"\u039F\u03A3.", "\u03BF\u03C2."},                          // the period is looked through
      {"\u039F\u03A3.\u039F", "\u03BF\u03C3.\u03BF"},              // and a letter seen behind it
      {"\u039F'\u03A3", "\u03BF'\u03C2"},
      {"1\u03A3", "1\u03C3"},
      {"\u2160\u03A3", "\u2170\u03C2"},  // a Roman numeral has case
      {"\u00AA\u03A3", "\u00AA\u03C2"},
  };
  for (const Case& c : cases) EXPECT_EQ(to_lower_in_context(c.text), c.lower) << c.text;
}

TEST(UpperCaseLength, CountsWhatPythonsUpperReturns) {
  EXPECT_EQ(upper_case_length(""), 0U);
  EXPECT_EQ(upper_case_length("cat"), 3U);
  EXPECT_EQ(upper_case_length("stra\u00DFe"), 7U);
  EXPECT_EQ(upper_case_length("\uFB03"), 3U);  // ffi
  EXPECT_EQ(upper_case_length("\u0149\u0130"), 3U);
  EXPECT_EQ(upper_case_length("\u1E9E\u4E2D"), 2U);
}

TEST(UnicodeRules, BrokenUtf8IsAnError) {
  EXPECT_THROW(upper_case_length("\xE2\x82"), Error);
  EXPECT_THROW(to_lower_in_context("\u03A3\xFF"), Error);
}

}  // namespace
}  // namespace sightline
