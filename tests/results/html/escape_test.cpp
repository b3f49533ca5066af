#include "results/html/escape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sightline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kReplaced = "\xef\xbf\xbd";

TEST(Escape, EveryTextMeansItselfBetweenTagsAndInQuotes) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"<script>", "&lt;script&gt;"},
      {"a & b", "a &amp; b"},
      {"&lt;", "&amp;lt;"},
      {"\"onerror='x'", "&quot;onerror=&#39;x&#39;"},
      {"]]>", "]]&gt;"},
      {std::string("a\0b", 3), std::string("a") + kReplaced + "b"},
      {"\x1b[31m", std::string(kReplaced) + "[31m"},
      {"\xe2\x80\xae", kReplaced},
      {"\xff", kReplaced},
      {"a\nb\tc", "a b c"},
      {"größe 🙂", "größe 🙂"}};
  for (const auto& [text, escaped] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(escape_html(text), escaped);
  }
}

TEST(Escape, BlocksKeepTheirLines) {
  EXPECT_EQ(escape_block("a\nb\r\n<c>\n"), "a\nb\n&lt;c&gt;\n");
  EXPECT_EQ(escape_block("\n\n"), "\n\n");
}

TEST(Escape, LongTextsAreCutBetweenCharactersWithTheirLengthSaid) {
  const std::string long_text(1 << 20, 'a');
  const std::string shown = escape_block(long_text, 100);
  EXPECT_LT(shown.size(), 200U);
  EXPECT_THAT(shown, HasSubstr(std::string(100, 'a') + "<span"));
  EXPECT_THAT(shown, HasSubstr("(1,048,576 characters in all)"));
  EXPECT_EQ(escape_block("12345", 5), "12345");
  EXPECT_THAT(escape_block("123456", 5), HasSubstr("(6 characters in all)"));
  for (std::size_t most = 1; most < 12; ++most) {
    SCOPED_TRACE(most);
    std::string umlauts;
    for (int i = 0; i < 500; ++i) umlauts += "ü€🙂";
    EXPECT_THAT(escape_block(umlauts, most), Not(HasSubstr(kReplaced)));
    EXPECT_THAT(escape_block(umlauts, most), HasSubstr("(1,500 characters in all)"));
    EXPECT_THAT(escape_name(umlauts, most), Not(HasSubstr(kReplaced)));
  }
  EXPECT_EQ(escape_name("abcdef", 3), "abc…");
  EXPECT_EQ(escape_name("abc", 3), "abc");
  EXPECT_EQ(escape_block(std::string(50, '\xbf'), 3).substr(0, 9),
            std::string(kReplaced) + kReplaced + kReplaced);
}

TEST(Escape, ACutTextIsEscapedBehindTheCut) {
  EXPECT_THAT(escape_block("<<<<<<", 2), HasSubstr("&lt;&lt;<span"));
}

}  // namespace
}  // namespace sightline
