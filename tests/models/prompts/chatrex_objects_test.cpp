#include "models/prompts/chatrex_objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

nlohmann::json parsed_as_json(const std::vector<ChatRexPhrase>& phrases) {
  nlohmann::json list = nlohmann::json::array();
  for (const ChatRexPhrase& phrase : phrases) list.push_back({phrase.phrase, phrase.tags});
  return list;
}

nlohmann::json labels_as_json(const std::vector<ChatRexLabel>& labels) {
  nlohmann::json list = nlohmann::json::array();
  for (const ChatRexLabel& label : labels) list.push_back({label.phrase, label.box});
  return list;
}

TEST(ChatRexObjects, AgreeWithTheAuthorsParser) {
  const auto golden =
      nlohmann::json::parse(read_file(testing::data_path("prompts/chatrex_answers.json")));
  ASSERT_EQ(golden["cases"].size(), 182U);
  for (const auto& c : golden["cases"]) {
    SCOPED_TRACE(c["text"].get<std::string>());
    const auto phrases = parse_chatrex_phrases(c["text"].get<std::string>());
    EXPECT_EQ(parsed_as_json(phrases), c["parsed"]);
    EXPECT_EQ(labels_as_json(chatrex_labels(phrases, c["num_boxes"].get<std::size_t>())),
              c["label_box_pairs"]);
  }
}

TEST(ChatRexObjects, FormattedPhrasesReadBackAsThemselves) {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<ChatRexPhrase> phrases(random() % 5);
    unsigned tag = 0;
    for (ChatRexPhrase& phrase : phrases) {
      phrase.phrase = "thing " + std::to_string(random() % 1000) + "." + std::to_string(tag);
      for (unsigned n = 1 + random() % 4; n > 0; --n) {
        phrase.tags.push_back("<obj" + std::to_string(tag++) + ">");
      }
    }
    EXPECT_EQ(parse_chatrex_phrases(format_chatrex_phrases(phrases)), phrases);
  }
}

TEST(ChatRexObjects, HugeTagNumbersNameNoBox) {
  const auto phrases = parse_chatrex_phrases(
      "<ground>a</ground><objects><obj99999999999999999999999999><obj0></objects>");
  EXPECT_EQ(chatrex_labels(phrases, 5), (std::vector<ChatRexLabel>{{"a", 0}}));
}

TEST(ChatRexObjects, WordsRemainWithoutTheGrammar) {
  EXPECT_EQ(remove_chatrex_grounding("A <ground>brown dog</ground><objects><obj0></objects> on "
                                     "<ground>a bed</ground><objects><obj1><obj2></objects>."),
            "A brown dog on a bed.");
  EXPECT_EQ(remove_chatrex_grounding("cut <ground>off</ground><objects><obj1><ob"), "cut off");
  EXPECT_EQ(remove_chatrex_grounding("1 < 2 <b>"), "1 < 2 <b>");
}

}  // namespace
}  // namespace sightline
