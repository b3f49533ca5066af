#include "models/tokenizers/tokenizer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/base/text.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using Ids = std::vector<TokenId>;

Tokenizer committed(const std::string& family) {
  return Tokenizer::open(testing::data_path("tokenizers/" + family));
}

/// Opens a tokenizer.json with this content.
Tokenizer open_json(const json& content) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "tokenizer.json", content.dump());
  return Tokenizer::open(folder.path());
}

/// A tokenizer of whole words, split at white space.
json word_level(const std::vector<std::string>& words) {
  json vocabulary = json::object();
  for (const std::string& word : words) vocabulary[word] = vocabulary.size();
  return {{"pre_tokenizer", {{"type", "WhitespaceSplit"}}},
          {"model", {{"type", "WordLevel"}, {"unk_token", words[0]}, {"vocab", vocabulary}}}};
}

TEST(Tokenizer, EncodesEmptyTexts) {
  EXPECT_EQ(committed("qwen2").encode(""), Ids{});
  EXPECT_EQ(committed("roberta").encode(""), (Ids{0, 2}));
  EXPECT_EQ(committed("roberta").encode("", {.add_special_tokens = false}), Ids{});
  EXPECT_EQ(committed("bert").encode_pair("", "").ids, (Ids{2, 3, 3}));
  EXPECT_EQ(committed("qwen2").decode({}), "");
}

TEST(Tokenizer, KeepsZeroBytes) {
  const std::string text("a\0b\0", 4);
  for (const char* family : {"qwen2", "gemma", "roberta"}) {
    const Tokenizer tokenizer = committed(family);
    const TextOptions skip{.skip_special_tokens = true};
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text), skip), text) << family;
  }
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  const Tokenizer tokenizer = committed("qwen2");
  for (const std::string& text : {std::string("abc\xFF"), std::string("abc\xED\xA0\x80"),
                                  std::string("abc\xE4\xB8"), std::string("abc\xC0\x80 d")}) {
    try {
      tokenizer.encode(text);
      ADD_FAILURE() << "was encoded";
    } catch (const std::exception& error) {
      EXPECT_NE(std::string(error.what()).find("not UTF-8 at byte 3"), std::string::npos)
          << error.what();
    }
  }
}

TEST(Tokenizer, PassesOverIdsWithoutAToken) {
  const Tokenizer tokenizer = committed("qwen2");
  const Ids ids = {-1, 64, 1'000'000, -2147483647, 65, 918};
  EXPECT_EQ(tokenizer.decode(ids), tokenizer.decode(Ids{64, 65}));
  EXPECT_EQ(tokenizer.id_to_token(-1), std::nullopt);
  EXPECT_EQ(tokenizer.id_to_token(918), std::nullopt);
  EXPECT_EQ(tokenizer.token_to_id("no such token"), std::nullopt);
  EXPECT_FALSE(tokenizer.is_special(-1));
}

TEST(Tokenizer, FindsTokensBothWays) {
  const Tokenizer tokenizer = committed("gemma");
  for (TokenId id = 0; id < static_cast<TokenId>(tokenizer.vocabulary_size()); ++id) {
    const auto token = tokenizer.id_to_token(id);
    ASSERT_TRUE(token) << id;
    EXPECT_EQ(tokenizer.token_to_id(*token), id);
  }
  EXPECT_TRUE(tokenizer.is_special(*tokenizer.token_to_id("<bos>")));
  EXPECT_FALSE(tokenizer.is_special(*tokenizer.token_to_id("<loc0001>")));
}

TEST(Tokenizer, KnowsTheNamesOfItsSpecialTokens) {
  const SpecialTokens gemma = committed("gemma").special_tokens();
  EXPECT_EQ(gemma.bos, "<bos>");
  EXPECT_EQ(gemma.eos, "<eos>");
  EXPECT_EQ(gemma.add_bos_token, std::nullopt);
  EXPECT_EQ(committed("qwen2").special_tokens().bos, std::nullopt);
  EXPECT_EQ(committed("bert").special_tokens().cls, "[CLS]");
}

TEST(Tokenizer, ReadsSpecialTokensFromBothFiles) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "tokenizer.json", word_level({"?", "a"}).dump());
  write_file_atomically(folder / "tokenizer_config.json",
                        R"({"eos_token": {"content": "a", "special": true}, "bos_token": null,
          "add_bos_token": true, "chat_template": "{{ x }}"})");
  write_file_atomically(folder / "special_tokens_map.json",
                        R"({"eos_token": "b", "pad_token": "c"})");
  const SpecialTokens tokens = Tokenizer::open(folder.path()).special_tokens();
  EXPECT_EQ(tokens.eos, "a");
  EXPECT_EQ(tokens.pad, "c");
  EXPECT_EQ(tokens.bos, std::nullopt);
  EXPECT_EQ(tokens.add_bos_token, true);
  EXPECT_EQ(tokens.chat_template, "{{ x }}");
}

TEST(Tokenizer, TruncatesToTheLengthWithSpecialTokens) {
  const Tokenizer tokenizer = committed("roberta");
  const std::string text = "a b c d e f g h";
  const Ids all = tokenizer.encode(text);
  EXPECT_EQ(tokenizer.encode(text, {.max_length = 5}), (Ids{all[0], all[1], all[2], all[3], 2}));
  EXPECT_EQ(tokenizer.encode(text, {.max_length = 2}), (Ids{0, 2}));
  EXPECT_EQ(tokenizer.encode(text, {.max_length = 1000}), all);
  EXPECT_EQ(tokenizer.encode(text, {.add_special_tokens = false, .max_length = 0}), Ids{});
  EXPECT_THROW(tokenizer.encode(text, {.max_length = 1}), std::exception);
}

TEST(TruncatedPair, TakesFromTheLongerText) {
  using Pair = std::pair<std::size_t, std::size_t>;
  // The table of the tokenizers library's own test, for seven tokens.
  const std::tuple<std::size_t, std::size_t, Pair> cases[] = {
      {0, 0, {0, 0}}, {0, 2, {0, 2}}, {0, 4, {0, 4}}, {0, 8, {0, 7}},
      {2, 0, {2, 0}}, {2, 2, {2, 2}}, {2, 4, {2, 4}}, {2, 8, {2, 5}},
      {4, 0, {4, 0}}, {4, 2, {4, 2}}, {4, 4, {3, 4}}, {4, 8, {3, 4}},
      {8, 0, {7, 0}}, {8, 2, {5, 2}}, {8, 4, {4, 3}}, {8, 8, {3, 4}}};
  for (const auto& [first, second, want] : cases) {
    EXPECT_EQ(truncated_pair(first, second, 7), want) << first << " and " << second;
  }
  EXPECT_EQ(truncated_pair(8, 8, 0), (Pair{0, 0}));
}

TEST(Tokenizer, CleansUpOnRequest) {
  const Tokenizer tokenizer = open_json(word_level({"?", "it", "'s", "a", "dog", "."}));
  const Ids ids = tokenizer.encode("it 's a dog .");
  EXPECT_EQ(tokenizer.decode(ids), "it 's a dog .");
  EXPECT_EQ(tokenizer.decode(ids, {.clean_up = true}), "it's a dog.");
  StreamDecoder stream(tokenizer, {.clean_up = true});
  for (const TokenId id : ids) EXPECT_EQ(stream.push(id), "");
  EXPECT_EQ(stream.finish(), "it's a dog.");
}

TEST(Tokenizer, FindsAddedTokensInNormalisedText) {
  json content = word_level({"?", "a"});
  content["normalizer"] = {{"type", "Lowercase"}};
  content["added_tokens"] = {
      {{"id", 7}, {"content", "<X>"}, {"normalized", true}, {"special", true}},
      {{"id", 8}, {"content", "<Y>"}, {"normalized", false}, {"special", false}}};
  const Tokenizer tokenizer = open_json(content);
  EXPECT_EQ(tokenizer.encode("A<x><Y><y><X>"), (Ids{1, 7, 8, 0, 7}));
  EXPECT_EQ(tokenizer.vocabulary_size(), 4U);
  EXPECT_EQ(tokenizer.decode(Ids{7, 8}, {.skip_special_tokens = true}), "<Y>");
}

TEST(Tokenizer, ByteLevelTextsComeBackAsTheyWere) {
  const Tokenizer tokenizer = committed("roberta");
  const TextOptions skip{.skip_special_tokens = true};
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (std::size_t left = rng.below(40); left > 0; --left) {
      const auto c = static_cast<std::uint32_t>(rng.below(rng.chance(0.5) ? 0x80 : 0x11000));
      if (c != '<' && (c < 0xD800 || c >= 0xE000)) append_utf8(text, c);
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text), skip), text);
  }
}

TEST(StreamDecoder, JoinedPartsAreTheDecodedText) {
  for (const char* family : {"gemma", "qwen2", "clip", "roberta", "bert"}) {
    const Tokenizer tokenizer = committed(family);
    Rng rng(5);
    for (int i = 0; i < 200; ++i) {
      Ids ids(rng.below(20));
      for (TokenId& id : ids) {
        id = static_cast<TokenId>(rng.below(tokenizer.vocabulary_size() + 5));
      }
      const TextOptions options{.skip_special_tokens = rng.chance(0.5)};
      StreamDecoder stream(tokenizer, options);
      std::string text;
      for (const TokenId id : ids) {
        const std::string part = stream.push(id);
        ASSERT_TRUE(is_utf8(part)) << family;
        text += part;
      }
      ASSERT_EQ(text + stream.finish(), tokenizer.decode(ids, options)) << family;
    }
  }
}

TEST(Tokenizer, MayBeUsedFromSeveralThreads) {
  const Tokenizer tokenizer = committed("qwen2");
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i)
    texts.push_back(fmt::format("picture {} of {} dogs, it's", i, i * 7));
  std::vector<Ids> want;
  for (const std::string& text : texts) want.push_back(committed("qwen2").encode(text));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, copy = tokenizer] {
      for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(copy.encode(texts[i]), want[i]);
    });
  }
}

// Time that grew with the square of the text would make this minutes.
TEST(Tokenizer, TakesLongRunsOfOneCharacter) {
  for (const char* family : {"gemma", "qwen2", "clip", "roberta", "bert"}) {
    const Tokenizer tokenizer = committed(family);
    for (const char c : {'a', ' ', '\n', '.', '7', '<'}) {
      const std::string text(400'000, c);
      const Ids ids = tokenizer.encode(text, {.add_special_tokens = false});
      const bool keeps_all = family == std::string_view("qwen2");
      EXPECT_TRUE(!keeps_all || tokenizer.decode(ids) == text) << family << " " << c;
    }
  }
}

}  // namespace
}  // namespace sightline
