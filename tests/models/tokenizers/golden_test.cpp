// Ids, texts and errors of the tokenizers library, transformers and SentencePiece, case by case.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/file.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Ids = std::vector<TokenId>;

json read_json(const fs::path& path) {
  return json::parse(read_file(path));
}

std::string text_of(const json& value) {
  return value.get<std::string>();
}

/// What a stream decoder returns for `ids`, joined; every part must be UTF-8 of its own.
std::string streamed(const Tokenizer& tokenizer, const Ids& ids, const TextOptions& options) {
  StreamDecoder decoder(tokenizer, options);
  std::string text;
  for (const TokenId id : ids) {
    const std::string part = decoder.push(id);
    EXPECT_NO_THROW(json(part).dump()) << "half a character";
    text += part;
  }
  return text + decoder.finish();
}

void expect_decodes(const Tokenizer& tokenizer, const Ids& ids, const std::string& whole,
                    const std::string& skipped) {
  const TextOptions skip{.skip_special_tokens = true};
  EXPECT_EQ(tokenizer.decode(ids), whole);
  EXPECT_EQ(tokenizer.decode(ids, skip), skipped);
  EXPECT_EQ(streamed(tokenizer, ids, {}), whole);
  EXPECT_EQ(streamed(tokenizer, ids, skip), skipped);
}

void check_encode_case(const Tokenizer& tokenizer, const json& c) {
  const std::string text = c.at("text");
  SCOPED_TRACE(json(text).dump());
  const Ids ids = c.at("ids"), bare = c.at("ids_nospecial");
  EXPECT_EQ(tokenizer.encode(text), ids);
  EXPECT_EQ(tokenizer.encode(text, {.add_special_tokens = false}), bare);
  std::vector<std::string> tokens;
  for (const TokenId id : bare) tokens.emplace_back(tokenizer.id_to_token(id).value_or("?"));
  EXPECT_EQ(tokens, c.at("tokens").get<std::vector<std::string>>());
  expect_decodes(tokenizer, ids, c.at("decoded"), c.at("decoded_skip"));
}

void check_pair_case(const Tokenizer& tokenizer, const json& c, const EncodeOptions& options) {
  const std::string first = c.at("a"), second = c.at("b");
  SCOPED_TRACE(json(first).dump() + " and " + json(second).dump());
  const Encoding encoding = tokenizer.encode_pair(first, second, options);
  EXPECT_EQ(encoding.ids, c.at("ids").get<Ids>());
  if (!c.at("token_type_ids").is_null()) {
    EXPECT_EQ(encoding.type_ids, c.at("token_type_ids").get<std::vector<std::int32_t>>());
  } else {
    EXPECT_EQ(encoding.type_ids, std::vector<std::int32_t>(encoding.ids.size(), 0));
  }
}

/// All cases of one folder in the form of goldens/models/tokenizers.
void check_family(const fs::path& folder) {
  const Tokenizer tokenizer = Tokenizer::open(folder);
  const json cases = read_json(folder / "cases.json");
  EXPECT_EQ(tokenizer.vocabulary_size(), cases.at("vocab_size").get<std::size_t>());
  for (const json& c : cases.at("cases")) check_encode_case(tokenizer, c);
  for (const json& c : cases.at("decode_cases")) {
    SCOPED_TRACE(c.at("ids").dump());
    expect_decodes(tokenizer, c.at("ids"), c.at("decoded"), c.at("decoded_skip"));
  }
  const json pairs = cases.value("pair_cases", json::array());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    // The last third was made with truncation to 24 tokens.
    const bool truncates = i >= (pairs.size() * 2 + 2) / 3;
    check_pair_case(tokenizer, pairs[i],
                    truncates ? EncodeOptions{.max_length = 24} : EncodeOptions{});
  }
  for (const json& c : cases.at("truncation_cases")) {
    SCOPED_TRACE(c.dump());
    EXPECT_EQ(tokenizer.encode(text_of(c.at("text")), {.max_length = c.at("max_length")}),
              c.at("ids").get<Ids>());
  }
  EXPECT_GE(cases.at("cases").size(), 100U);
}

class CommittedGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(CommittedGolden, IdsAndTextsAreThoseOfTheTokenizersLibrary) {
  check_family(testing::data_path(std::string("tokenizers/") + GetParam()));
}

class FamilyGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(FamilyGolden, IdsAndTextsAreThoseOfTheTokenizersLibrary) {
  const std::string folder = std::string("goldens/models/tokenizers/") + GetParam();
  SIGHTLINE_NEED_SHARED(folder);
  check_family(testing::shared_path(folder));
}

const auto kFamilies = ::testing::Values("gemma", "qwen2", "clip", "roberta", "bert");
const auto kFamilyName = [](const auto& test) { return std::string(test.param); };
INSTANTIATE_TEST_SUITE_P(Families, CommittedGolden, kFamilies, kFamilyName);
INSTANTIATE_TEST_SUITE_P(Families, FamilyGolden, kFamilies, kFamilyName);

TEST(TokenizerGolden, SentencePieceModel) {
  SIGHTLINE_NEED_SHARED("goldens/models/tokenizers/gemma_spm");
  const fs::path folder = testing::shared_path("goldens/models/tokenizers/gemma_spm");
  const Tokenizer tokenizer = Tokenizer::open(folder);
  const json cases = read_json(folder / "cases.json");
  EXPECT_EQ(tokenizer.vocabulary_size(), cases.at("vocab_size").get<std::size_t>());
  for (const json& c : cases.at("cases")) {
    const std::string text = c.at("text");
    SCOPED_TRACE(json(text).dump());
    const Ids ids = c.at("ids");
    EXPECT_EQ(tokenizer.encode(text), ids);
    EXPECT_EQ(tokenizer.decode(ids), c.at("decoded").get<std::string>());
    EXPECT_EQ(streamed(tokenizer, ids, {}), c.at("decoded").get<std::string>());
    std::vector<std::string> pieces;
    for (const TokenId id : ids) pieces.emplace_back(tokenizer.id_to_token(id).value_or("?"));
    EXPECT_EQ(pieces, c.at("pieces").get<std::vector<std::string>>());
  }
}

void check_minimind(const std::string& folder, const std::string& generation) {
  const std::string goldens = "goldens/models/minimind_v/";
  SIGHTLINE_NEED_SHARED("third_party_data/minimind-v");
  SIGHTLINE_NEED_SHARED(goldens);
  const Tokenizer tokenizer = Tokenizer::open(testing::shared_path(folder));
  EXPECT_EQ(tokenizer.vocabulary_size(), 6400U);
  const json cases =
      read_json(testing::shared_path(goldens + "tokenizer_" + generation + "_cases.json"));
  for (const json& c : cases.at("encode")) {
    SCOPED_TRACE(c.at("text").dump());
    const Ids ids = c.at("ids");
    EXPECT_EQ(tokenizer.encode(text_of(c.at("text"))), ids);
    expect_decodes(tokenizer, ids, c.at("decoded"), c.at("decoded_skip_special"));
  }
  for (const json& c : cases.at("decode_ids")) {
    SCOPED_TRACE(c.at("ids").dump());
    expect_decodes(tokenizer, c.at("ids"), c.at("decoded"), c.at("decoded_skip_special"));
  }
  for (const json& c :
       read_json(testing::shared_path(goldens + "chat_template_" + generation + "_cases.json"))) {
    SCOPED_TRACE(c.at("text").dump());
    EXPECT_EQ(tokenizer.encode(text_of(c.at("text"))), c.at("ids").get<Ids>());
  }
}

TEST(TokenizerGolden, MiniMindOf2026) {
  check_minimind("third_party_data/minimind-v", "head");
}

TEST(TokenizerGolden, MiniMindOf2025) {
  check_minimind("third_party_data/minimind-v/legacy", "legacy");
}

TEST(TokenizerGolden, RobertaTruncatesPairs) {
  SIGHTLINE_NEED_SHARED("goldens/models/nli_roberta");
  const fs::path folder = testing::shared_path("goldens/models/nli_roberta");
  const Tokenizer tokenizer = Tokenizer::open(folder / "checkpoint");
  const json cases = read_json(folder / "cases.json");
  bool truncated = false;
  for (const json& c : cases.at("cases")) {
    SCOPED_TRACE(c.at("id").dump());
    if (!c.contains("premise")) continue;  // a batch of the pairs before
    const std::string premise = c.at("premise"), hypothesis = c.at("hypothesis");
    const Ids want = c.at("input_ids").at(0);
    const Encoding encoding =
        tokenizer.encode_pair(premise, hypothesis, {.max_length = c.at("max_length")});
    EXPECT_EQ(encoding.ids, want);
    truncated |= encoding.ids.size() == c.at("max_length").get<std::size_t>();
  }
  EXPECT_TRUE(truncated);
}

TEST(TokenizerGolden, ClipTexts) {
  SIGHTLINE_NEED_SHARED("goldens/models/clip");
  const fs::path folder = testing::shared_path("goldens/models/clip");
  const Tokenizer tokenizer = Tokenizer::open(folder / "checkpoint");
  const json cases = read_json(folder / "cases.json");
  const json& c = cases.at("cases").at(0);
  for (std::size_t i = 0; i < c.at("texts").size(); ++i) {
    EXPECT_EQ(tokenizer.encode(text_of(c.at("texts")[i])),
              c.at("unpadded_input_ids")[i].get<Ids>());
  }
}

TEST(TokenizerGolden, ChatRexAnswers) {
  SIGHTLINE_NEED_SHARED("goldens/models/chatrex/mllm");
  const fs::path folder = testing::shared_path("goldens/models/chatrex/mllm");
  const Tokenizer tokenizer = Tokenizer::open(folder / "tokenizer");
  const json golden = read_json(folder / "golden.json");
  EXPECT_EQ(tokenizer.vocabulary_size(), golden.at("vocab").get<std::size_t>());
  for (const json& c : golden.at("cases")) {
    const Ids ids = c.at("greedy_ids");
    EXPECT_EQ(tokenizer.decode(ids), text_of(c.at("greedy_text")));
    // -200 stands for the image, -300 for an object; the words between them were encoded alone.
    Ids words;
    for (const TokenId id : c.at("input_ids").get<Ids>()) {
      if (id >= 0) {
        words.push_back(id);
        continue;
      }
      EXPECT_EQ(tokenizer.encode(tokenizer.decode(words)), words);
      words.clear();
    }
    EXPECT_EQ(tokenizer.encode(tokenizer.decode(words)), words);
  }
}

/// `text` with each `token` as often as `ids` have it where `text` has it once: what a processor
/// does with the placeholders of images.
Ids without_repeats(const Ids& ids, const std::set<TokenId>& repeated) {
  Ids result;
  for (const TokenId id : ids) {
    if (!result.empty() && result.back() == id && repeated.contains(id)) continue;
    result.push_back(id);
  }
  return result;
}

class PromptGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(PromptGolden, PromptsOfTheModelsGoldensGiveTheirIds) {
  const std::string name = std::string("goldens/models/") + GetParam();
  SIGHTLINE_NEED_SHARED(name);
  const fs::path folder = testing::shared_path(name);
  const json cases = read_json(folder / "cases.json");
  std::size_t checked = 0;
  for (const char* checkpoint : {"checkpoint", "checkpoint_hub"}) {
    if (!fs::exists(folder / checkpoint)) continue;
    const Tokenizer tokenizer = Tokenizer::open(folder / checkpoint);
    std::set<TokenId> repeated;
    for (const char* token : {"<image>", "<video>", "<|image_pad|>", "<|video_pad|>"}) {
      if (const auto id = tokenizer.token_to_id(token)) repeated.insert(*id);
    }
    for (const json& c : cases.at("cases")) {
      const bool expanded = c.contains("expanded_text");
      // The processor of PaliGemma changes the text further where it does not tell the result.
      if (!expanded && name.find("paligemma") != name.npos) continue;
      if (!expanded && !c.contains("text_to_processor")) continue;
      const json& text = c.at(expanded ? "expanded_text" : "text_to_processor");
      if (!text.is_string() || c.at("input_ids").size() != 1) continue;
      SCOPED_TRACE(c.at("id").dump());
      const Ids ids = tokenizer.encode(text_of(text), {.add_special_tokens = false});
      EXPECT_EQ(without_repeats(ids, repeated), without_repeats(c.at("input_ids").at(0), repeated));
      const Ids generated = c.at("generated_ids").at(0);
      EXPECT_EQ(tokenizer.decode(generated, {.skip_special_tokens = true}),
                c.at("generated_text").at(0).get<std::string>());
      ++checked;
    }
  }
  EXPECT_GE(checked, 5U);
}

INSTANTIATE_TEST_SUITE_P(Models, PromptGolden,
                         ::testing::Values("paligemma1", "paligemma2", "llava_onevision",
                                           "qwen2_vl", "qwen2_5_vl"),
                         kFamilyName);

}  // namespace
}  // namespace sightline
