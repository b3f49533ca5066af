#include "models/tokenizers/split_scanners.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "models/tokenizers/regex.h"
#include "models/tokenizers/unicode_classes.h"

namespace sightline {
namespace {

using Ranges = std::vector<TextRange>;

Ranges by_scanner(std::string_view pattern, std::string_view text) {
  Ranges matches;
  find_scanner(pattern)(text, matches);
  return matches;
}

Ranges by_regex(const Regex& regex, std::string_view text) {
  Ranges matches;
  regex.find_all(text, matches);
  return matches;
}

std::vector<std::string> words(std::string_view pattern, std::string_view text) {
  std::vector<std::string> result;
  for (const TextRange& match : by_scanner(pattern, text)) {
    result.emplace_back(text.substr(match.begin, match.size()));
  }
  return result;
}

/// Parts that make the alternatives of the patterns meet: signs, spaces, letters and numbers of
/// many scripts, characters that other engines count among the spaces.
const char* const kParts[] = {" ",
                              "  ",
                              "\t",
                              "\n",
                              "\r",
                              "\r\n",
                              "\u00A0",
                              "\u3000",
                              "\u0085",
                              "\u2028",
                              "\u180E",
                              "\u200B",
                              "\uFEFF",
                              "\x1F",
                              "\v",
                              "'",
                              "'s",
                              "'S",
                              "'\u017F",
                              "'ll",
                              "'Ll",
                              "'l",
                              "'re",
                              "'VE",
                              "'d",
                              "'M",
                              "'t",
                              "''",
                              "a",
                              "Zebra",
                              "\u00E9",
                              "e\u0301",
                              "\u0416",
                              "\u05D0",
                              "\u0639",
                              "\u0915",
                              "\u094D",
                              "\u4E2D",
                              "\u6587",
                              "\u30AB",
                              "\uD55C",
                              "\u0E01",
                              "\u0E34",
                              "1",
                              "42",
                              "2024",
                              "\u0663",
                              "\u00BD",
                              "\u2167",
                              "\u00B2",
                              "\U0001D7D8",
                              ".",
                              "!?",
                              "\u3002",
                              "-",
                              "_",
                              "<|",
                              "<|startoftext|>",
                              "<|endoftext|>",
                              "\U0001F600",
                              "\u200D",
                              "\U00020000",
                              "\U0001F1E9",
                              "$",
                              "\u20AC",
                              "+"};

std::string random_text(Rng& rng) {
  std::string text;
  const std::size_t parts = rng.below(12);
  for (std::size_t i = 0; i < parts; ++i) {
    if (rng.chance(0.05)) {
      text += '\0';
    } else {
      text += rng.pick(kParts);
    }
  }
  return text;
}

class Scanners : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Scanners, FindWhatTheRegularExpressionFinds) {
  const Regex regex(GetParam());
  Rng rng(7);
  for (int i = 0; i < 30000; ++i) {
    const std::string text = random_text(rng);
    ASSERT_EQ(by_scanner(GetParam(), text), by_regex(regex, text)) << "text " << i << ": " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, Scanners,
                         ::testing::Values(kGpt2Pattern, kQwen2Pattern, kLlama3Pattern,
                                           kClipPattern, kSpacePattern));

TEST(Scanners, SplitTextsWorkedByHand) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words(kGpt2Pattern, "Don't  stop42 now!\n "),
            (Words{"Don", "'t", " ", " stop", "42", " now", "!", "\n "}));
  EXPECT_EQ(words(kQwen2Pattern, "I'LL pay $20\n\n (ok)"),
            (Words{"I", "'LL", " pay", " $", "2", "0", "\n\n", " (", "ok", ")"}));
  EXPECT_EQ(words(kLlama3Pattern, "20241"), (Words{"202", "41"}));
  EXPECT_EQ(words(kClipPattern, "a cat's 12 toys"), (Words{"a", "cat", "'s", "1", "2", "toys"}));
}

TEST(Scanners, AreChosenByTheWholePattern) {
  EXPECT_EQ(find_scanner(R"(\p{L}+)"), nullptr);
  EXPECT_EQ(find_scanner(""), nullptr);
}

TEST(CharClasses, AgreeWithTheRegularExpressionsOnTheBasicPlane) {
  std::string text;
  std::vector<std::uint32_t> at_byte(4 * 0x10000, 0);
  for (std::uint32_t c = 0; c < 0x10000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    at_byte[text.size()] = c;
    append_utf8(text, c);
  }
  const CharClasses classes;
  const std::pair<const char*, int> patterns[] = {
      {R"(\p{L})", kLetterClass}, {R"(\p{N})", kNumberClass}, {R"(\s)", kSpaceClass}};
  for (const auto& [pattern, bit] : patterns) {
    std::vector<bool> expected(0x10000, false);
    for (const TextRange& match : by_regex(Regex(pattern), text)) {
      expected[at_byte[match.begin]] = true;
    }
    for (std::uint32_t c = 0; c < 0x10000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      ASSERT_EQ((classes.of(c) & bit) != 0, expected[c]) << pattern << ", code point " << c;
    }
  }
}

TEST(WordCharacters, AreThoseOfTheRegularExpression) {
  std::string text;
  std::vector<std::uint32_t> at_byte(4 * 0x20000, 0);
  for (std::uint32_t c = 0; c < 0x20000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    at_byte[text.size()] = c;
    append_utf8(text, c);
  }
  std::vector<bool> expected(0x20000, false);
  for (const TextRange& match : by_regex(Regex(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}])"), text)) {
    expected[at_byte[match.begin]] = true;
  }
  // Characters that only the newer of the two libraries knows cannot be compared.
  for (const TextRange& match : by_regex(Regex(R"(\p{Cn})"), text)) {
    const std::uint32_t c = at_byte[match.begin];
    expected[c] = is_word_character(c);
  }
  for (std::uint32_t c = 0; c < 0x20000; ++c) {
    const bool joins = c == 0x200C || c == 0x200D;
    ASSERT_EQ(is_word_character(c), expected[c] || joins) << c;
  }
}

}  // namespace
}  // namespace sightline
