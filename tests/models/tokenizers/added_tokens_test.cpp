#include "models/tokenizers/added_tokens.h"

#include <gtest/gtest.h>

namespace sightline {
namespace {

/// "[7]text" for each segment: an id or text.
std::string shown(const std::vector<AddedToken>& tokens, std::string_view text) {
  AddedTokenMatcher matcher;
  for (const AddedToken& token : tokens) matcher.add(token, token.content);
  std::vector<Segment> segments;
  matcher.split(text, segments);
  std::string result;
  for (const Segment& segment : segments) {
    if (segment.id != kNoToken) {
      result += "[" + std::to_string(segment.id) + "]";
    } else {
      result += std::string(text.substr(segment.range.begin, segment.range.size())) + "|";
    }
  }
  return result;
}

TEST(AddedTokens, AreFoundFromTheLeftAndLongestFirst) {
  const std::vector<AddedToken> tokens = {{.content = "ab", .id = 1},
                                          {.content = "abc", .id = 2},
                                          {.content = "bcd", .id = 3},
                                          {.content = "\n\n", .id = 4}};
  EXPECT_EQ(shown(tokens, "xabcd"), "x|[2]d|");
  EXPECT_EQ(shown(tokens, "abd"), "[1]d|");
  EXPECT_EQ(shown(tokens, "abab"), "[1][1]");
  EXPECT_EQ(shown(tokens, "bcdbc"), "[3]bc|");
  EXPECT_EQ(shown(tokens, "\n\n\n"), "[4]\n|");
  EXPECT_EQ(shown(tokens, ""), "");
  EXPECT_EQ(shown({}, "ab"), "ab|");
}

TEST(AddedTokens, TakeSpaceBesideThem) {
  const std::vector<AddedToken> tokens = {{.content = "<l>", .id = 1, .lstrip = true},
                                          {.content = "<r>", .id = 2, .rstrip = true}};
  EXPECT_EQ(shown(tokens, "a \u3000<l> b"), "a|[1] b|");
  EXPECT_EQ(shown(tokens, "a <r> \n b"), "a |[2]b|");
  EXPECT_EQ(shown(tokens, " <r> <l> "), " |[2][1] |");
}

TEST(AddedTokens, StandAloneIfTheyMust) {
  const std::vector<AddedToken> tokens = {{.content = "cat", .id = 1, .single_word = true}};
  EXPECT_EQ(shown(tokens, "cat"), "[1]");
  EXPECT_EQ(shown(tokens, "a cat."), "a |[1].|");
  EXPECT_EQ(shown(tokens, "cats \u00E9cat cat_"), "cats \u00E9cat cat_|");
}

TEST(AddedTokens, MayBeOfAnyCharacters) {
  const std::vector<AddedToken> tokens = {{.content = "\u2581\u2581", .id = 1},
                                          {.content = std::string("\0x", 2), .id = 2}};
  EXPECT_EQ(shown(tokens, "\u2580\u2581\u2581\u2581"), "\u2580|[1]\u2581|");
  EXPECT_EQ(shown(tokens, std::string_view("a\0x", 3)), "a|[2]");
}

}  // namespace
}  // namespace sightline
