#include "metrics/captions/ptb_tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;

json read_json(const std::string& name) {
  std::ifstream file(testing::data_path("captions/" + name));
  return json::parse(file);
}

struct Case {
  const char* caption;
  const char* tokens;
};

// tests/data/captions/ptb_cases.json: what PTBTokenizer 3.4.1 made of the captions as one text, so
// that an abbreviation at the end of one sees how the next begins.
TEST(PtbTokenizer, AgreesWithTheReferenceOnAllGoldenCases) {
  const json golden = read_json("ptb_cases.json");
  const json& cases = golden["cases"];
  ASSERT_EQ(cases.size(), 340u);
  PtbTokenizer tokenizer;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string raw = cases[i]["raw"];
    const std::string next = i + 1 < cases.size() ? cases[i + 1].value("raw", "") : "";
    SCOPED_TRACE(raw);
    EXPECT_EQ(tokenizer.tokenize(raw, next), cases[i]["ptb"].get<std::string>());
    EXPECT_EQ(tokenizer.caption(raw), cases[i]["tokenized"].get<std::string>());
  }
}

void expect_tokens(std::span<const Case> cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.caption);
    EXPECT_EQ(ptb_tokenize(c.caption), c.tokens);
  }
}

// The cases below follow from the rules of the published tokenizer and are in no golden.
TEST(PtbTokenizer, TheLongestMatchWinsThenTheEarlierRule) {
  constexpr Case kCases[] = {
      {"'embed", "'em bed"},
      {"'sauce", "` sauce"},
      {"'s a", "'s a"},
      {"donn't", "donn ' t"},
      {"red,half-eaten", "red,half-eaten"},
      {"red,eaten", "red , eaten"},
      {"Hello!World", "hello!world"},
      {"cat.,", "cat. ,"},
      {"x-U.S.-based", "x-u.s.-based"},
      {"a-b--c", "a-b -- c"},
      {"A&b a&b A&B", "a & b a & b a&b"},
  };
  expect_tokens(kCases);
}

TEST(PtbTokenizer, NumbersDatesAndPhonesAreOneToken) {
  constexpr Case kCases[] = {
      {"12/25/2014", "12/25/2014"},
      {"(650) 723-2300", "-lrb-650-rrb-\u00A0723-2300"},
      {"+1 650 723 2300", "+1 650\u00A0723\u00A02300"},
      {"650.723.2300", "650.723.2300"},
      {"20 000 000", "20\u00A0000\u00A0000"},
      {"2 1/2 cups", "2\u00A01/2 cups"},
      {"$1,000.50.", "$ 1,000.50 ."},
      {"¼ ⅓ 3¢", "1/4 1/3 3 cents"},
      {"'10 '100", "'10 ' 100"},
      {"...... ..", "... . . ."},
      {"x² H₂O", "x ² h ₂ o"},
  };
  expect_tokens(kCases);
}

TEST(PtbTokenizer, AddressesTagsAndEntities) {
  constexpr Case kCases[] = {
      {"see http://a.org/b_c, now", "see http://a.org/b_c , now"},
      {"www.x.co.uk/path.", "www.x.co.uk/path ."},
      {"<joe@x.org> wrote", "<joe@x.org> wrote"},
      {"a@b.c, d", "a@b.c , d"},
      {"notes.txt!", "notes.txt !"},
      {"a-b.html.", "a-b.html ."},
      {"<a href=\"x y\">", "<a\u00A0href=\"x\u00A0y\">"},
      {"1 <3 4", "1 < 3 4"},
      {"caf&eacute; &mdash; &#39;", "caf&eacute; -- &#39;"},
      {"#a_b1 #1a @x", "#a_b1 # 1a @x"},
      {"^_^ (^_^) :-P", "^_^ -lrb-^_^-rrb- :-p"},
  };
  expect_tokens(kCases);
}

TEST(PtbTokenizer, AFullStopServesTwiceWhereAnAbbreviationEndsASentence) {
  constexpr Case kCases[] = {
      {"in the U.S. The man", "in the u.s. . the man"},
      {"in the U.S. the man", "in the u.s. the man"},
      {"Acme Inc. Dogs", "acme inc. . dogs"},
      {"Acme Inc. dogs", "acme inc. dogs"},
      {"Mr. Jones", "mr. jones"},
      {"plan B. The man", "plan b . the man"},
      {"plan B. Some", "plan b . some"},
      {"plan B. some", "plan b. some"},
      {"fig. 5 or fig. A", "fig. 5 or fig . a"},
      {"Foo Co. Ltd.", "foo co. ltd."},
      {"MFG. Mfg. Ark. ark.", "mfg . mfg. ark. ark ."},
  };
  expect_tokens(kCases);
  EXPECT_EQ(ptb_tokenize("the U.S.", "The man"), "the u.s. .");
  EXPECT_EQ(ptb_tokenize("the U.S.", "a man"), "the u.s.");
}

TEST(PtbTokenizer, LowerCaseIsThatOfJava) {
  EXPECT_EQ(ptb_tokenize("ΟΔΟΣ ÑANDÚ İ"), "οδος ñandú i\u0307");
}

TEST(PtbTokenizer, LineBreaksInsideACaptionAreSpaces) {
  EXPECT_EQ(ptb_tokenize("a dog\non\r\na mat\u2028here"), "a dog on a mat here");
  EXPECT_EQ(ptb_tokenize("a dog\von\fa\rmat\u2029here\n"), "a dog on a mat here");
}

TEST(PtbTokenizer, RejectsTextThatIsNotUtf8) {
  EXPECT_THROW(ptb_tokenize("caf\xE9"), Error);
  EXPECT_THROW(caption_tokens("\xC3"), Error);
}

TEST(CaptionTokens, PunctuationGoesAndEscapedBracketsStay) {
  EXPECT_EQ(caption_tokens("\"Hi,\" he said (twice) -- then... ok; no? yes! ---- :"),
            "hi he said -lrb- twice -rrb- then ok no yes");
  EXPECT_EQ(caption_tokens(""), "");
  EXPECT_EQ(caption_tokens(". . ,"), "");
}

/// Valid UTF-8 of random characters: rule triggers mostly, any code point at times.
std::string random_text(std::mt19937& random) {
  static constexpr char32_t kTriggers[] =
      U"abcdnstlremyozAEINOSTU0159.,;:!?'\"`-_/\\()[]{}<>@#$%&*+=~^| \t\r\u2019\u201C\u2014\u2026"
      U"\u00E9\u00BD\u00B2\u00AD\u00A0\u20AC\u0301\u0092";
  std::string text;
  const std::size_t length = random() % 60;
  while (text.size() < length) {
    char32_t code = kTriggers[random() % (std::size(kTriggers) - 1)];
    if (random() % 20 == 0) code = static_cast<char32_t>(random() % 0x110000);
    if (code >= 0xD800 && code < 0xE000) continue;
    append_utf8(text, code);
  }
  return text;
}

TEST(PtbTokenizer, AnyTextGivesTokensWithoutSpacesAroundThem) {
  std::mt19937 random(7);
  PtbTokenizer tokenizer;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(random);
    SCOPED_TRACE(text);
    const std::string line(tokenizer.tokenize(text));
    ASSERT_TRUE(is_utf8(line));
    ASSERT_EQ(line.find('\n'), std::string::npos);
    for (const std::string_view token : split(line, ' ')) {
      ASSERT_TRUE(!token.empty() || line.empty());
    }
  }
}

// A caption of words, spaces, commas and full stops takes a short cut; behind a tab, which only
// the rules know, it goes through the rules.
TEST(PtbTokenizer, TheShortCutForPlainWordsAgreesWithTheRules) {
  const std::vector<std::string> words = {
      "a",   "dog",  "cannot", "gonna", "wanna", "Lemme", "etc.",  "no.",    "B.",     "U.S.",
      "mr.", "inc.", "cat",    "on,",   "it.",   "The",   "great", "large.", "gimme,", "."};
  std::mt19937 random(11);
  PtbTokenizer tokenizer;
  for (int i = 0; i < 5000; ++i) {
    std::string spaces, tabs;
    for (int n = 0; n < 6; ++n) {
      const std::string& word = words[random() % words.size()];
      spaces += word + ' ';
      tabs += word + '\t';
    }
    const std::string with_spaces(tokenizer.tokenize(spaces));
    if (with_spaces.find("...") != std::string::npos) continue;  // ". . ." takes spaces, not tabs
    SCOPED_TRACE(spaces);
    ASSERT_EQ(with_spaces, tokenizer.tokenize(tabs));
  }
}

// Each of these would take hours if a rule looked to the end of the text from every token.
TEST(PtbTokenizer, LongTextsWithoutSpacesTakeLinearTime) {
  for (const std::string piece : {"a,", "a.b@", "@", "a@.", "x.", "www.*", "a*b.", "<a ", "<!a ",
                                  "a/", "-a.", "&", "'", "1,", "(1", "&amp;", "a-", ". ", "a\t."}) {
    SCOPED_TRACE(piece);
    std::string text;
    while (text.size() < 200000) text += piece;
    EXPECT_TRUE(is_utf8(ptb_tokenize(text)));
  }
}

}  // namespace
}  // namespace sightline
