#include "models/tokenizers/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> matches(std::string_view pattern, std::string_view text) {
  std::vector<TextRange> ranges;
  Regex(pattern).find_all(text, ranges);
  std::vector<std::string> result;
  for (const TextRange& range : ranges) {
    result.emplace_back(text.substr(range.begin, range.size()));
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(Regex, FindsUnicodeClasses) {
  EXPECT_EQ(matches(R"(\p{L}+)", "caf\u00E9 \u4E2D\u6587 x1"),
            (Texts{"caf\u00E9", "\u4E2D\u6587", "x"}));
  EXPECT_EQ(matches(R"([^\s\p{L}]+)", "a, b\u00A0!"), (Texts{",", "!"}));
  EXPECT_EQ(matches(R"(\w+)", "e\u0301_1 \u00B2"), (Texts{"e\u0301_1"}));
  EXPECT_EQ(matches(R"([\w-]+)", "a-b c"), (Texts{"a-b", "c"}));
  EXPECT_EQ(matches(R"(\W+)", "a, b"), (Texts{", "}));
  EXPECT_EQ(matches(R"(\p{^L}+)", "a12b"), (Texts{"12"}));
}

TEST(Regex, ReadsSpaceAndScriptsAsOniguruma) {
  // U+180E lost its property White_Space in Unicode 6.3; PCRE2's own \s still has it.
  EXPECT_EQ(matches(R"(\s)", "\u180E\u2003\u0085"), (Texts{"\u2003", "\u0085"}));
  EXPECT_EQ(matches(R"(\S+)", "a\u180E b"), (Texts{"a\u180E", "b"}));
  // U+3001 is used with Han (Script_Extensions) but belongs to Common (Script).
  EXPECT_EQ(matches(R"(\p{Han}+)", "\u4E2D\u3001\u6587"), (Texts{"\u4E2D", "\u6587"}));
  EXPECT_EQ(matches(R"(^b$)", "a\nb\nc"), (Texts{"b"}));
}

TEST(Regex, GivesEmptyMatchesOnceAndGoesOn) {
  EXPECT_EQ(matches("x*", "axb"), (Texts{"", "x", ""}));
  EXPECT_EQ(matches("x*", ""), (Texts{""}));
  EXPECT_EQ(matches("x*", "\u00E9"), (Texts{"", ""}));
}

TEST(Regex, KeepsBracketsInClassesApart) {
  EXPECT_EQ(matches(R"([]a]+)", "]ab"), (Texts{"]a"}));
  EXPECT_EQ(matches(R"([^]]+)", "]ab"), (Texts{"ab"}));
  EXPECT_EQ(matches(R"([[:digit:]]+)", "a12"), (Texts{"12"}));
  EXPECT_EQ(matches(R"([\[\]]+)", "a[]"), (Texts{"[]"}));
}

TEST(Regex, LongMatchesNeedNoStack) {
  const std::string text(200'000, 'a');
  EXPECT_EQ(matches("(?:a|b)+", text), (Texts{text}));
}

TEST(Regex, RefusesWhatItCannotReadAsOniguruma) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([^(\s|[.,!?])]+)", "a character class inside another"},
      {R"([a-z&&[^b]])", "intersection"},
      {R"(\h+)", "'\\h'"},
      {R"(\bword)", "'\\b'"},
      {R"([\W_])", "'\\W'"},
      {R"(a{1,2}+)", "'}+'"},
      {R"((?m:.))", "'(?m'"},
      {R"((a)", "is not understood"},
      {R"(\p{Nonsense}+)", "is not understood"},
      {R"(\p{L)", "nothing closes"},
      {R"([[:alpha)", "nothing closes"},
      {"a\\", "backslash at its end"}};
  for (const auto& [pattern, want] : cases) {
    SCOPED_TRACE(pattern);
    try {
      const Regex regex(pattern);
      ADD_FAILURE() << "was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(want));
      EXPECT_THAT(error.what(), HasSubstr(pattern));
    }
  }
}

}  // namespace
}  // namespace sightline
