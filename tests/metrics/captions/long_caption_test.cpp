#include "metrics/captions/long_caption.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

void expect_golden(const std::filesystem::path& path, std::size_t at_least) {
  std::ifstream file(path);
  const auto golden = nlohmann::json::parse(file);
  ASSERT_GE(golden["cases"].size(), at_least);
  for (const auto& one : golden["cases"]) {
    const std::string text = one["text"];
    SCOPED_TRACE(text);
    EXPECT_EQ(count_characters(text), one["n_char_codepoints"].get<std::size_t>());
    EXPECT_EQ(count_sentences(text), one["n_sent_regex"].get<std::size_t>());
  }
}

TEST(LongCaption, AgreesWithTheGoldenCases) {
  expect_golden(testing::data_path("captions/longcap_stats.json"), 20);
}

TEST(LongCaption, AgreesWithAllGoldenCases) {
  SIGHTLINE_NEED_SHARED("goldens/metrics/captions/longcap_stats.json");
  expect_golden(testing::shared_path("goldens/metrics/captions/longcap_stats.json"), 60);
}

TEST(LongCaption, SentenceBoundaries) {
  struct Case {
    const char* text;
    std::size_t sentences;
  };
  constexpr Case kCases[] = {
      {"", 0},
      {" \n ", 0},
      {"A dog", 1},
      {"A dog. A cat.", 2},
      {"A dog. a cat.", 1},
      {"A dog.A cat.", 1},
      {"Mr. Jones", 2},
      {"It costs 5. 6 are left", 2},
      {"\"Stop!\" He ran.", 2},
      {"(He left.) \u201CGo.\u201D \u2018Now\u2019", 3},
      {"End.  \n New", 2},
      {"He ran ... Then", 2},
      {"Why?! 'No.", 2},
      {"A dog. ((X", 1},
      {"A dog.x\" A cat", 1},
      {"Éa. Éb.", 1},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(count_sentences(c.text), c.sentences);
  }
}

TEST(LongCaption, SentencesAreWithoutTheSpaceAroundThem) {
  using Views = std::vector<std::string_view>;
  EXPECT_EQ(split_sentences(" A dog.\n\t \"A cat!\"  (2 birds) sing. \n"),
            (Views{"A dog.", "\"A cat!\"", "(2 birds) sing."}));
  EXPECT_EQ(split_sentences("no end"), Views{"no end"});
  EXPECT_EQ(split_sentences("Mr. Jones  sat. then left."),
            (Views{"Mr.", "Jones  sat. then left."}));
  EXPECT_EQ(split_sentences("\u3000"), Views{});
}

TEST(LongCaption, SentencesAndTheSpaceBetweenThemAreTheWholeText) {
  std::ifstream file(testing::data_path("captions/longcap_stats.json"));
  for (const auto& one : nlohmann::json::parse(file)["cases"]) {
    const std::string text = one["text"];
    SCOPED_TRACE(text);
    std::size_t at = 0;
    for (const std::string_view sentence : split_sentences(text)) {
      EXPECT_EQ(sentence, strip(sentence));
      const std::size_t begin = static_cast<std::size_t>(sentence.data() - text.data());
      EXPECT_EQ(strip(std::string_view(text).substr(at, begin - at)), "");
      at = begin + sentence.size();
    }
    EXPECT_EQ(strip(std::string_view(text).substr(at)), "");
  }
}

TEST(LongCaption, CharactersAreCodePoints) {
  EXPECT_EQ(count_characters(""), 0u);
  EXPECT_EQ(count_characters("é\u0301😀 "), 4u);
  EXPECT_THROW(count_characters("\xFF"), Error);
  EXPECT_THROW(count_sentences("\xFF"), Error);
}

}  // namespace
}  // namespace sightline
