#include "models/tokenizers/decoders.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "models/tokenizers/components.h"
#include "models/tokenizers/json_node.h"
#include "models/tokenizers/utf8_stream.h"

namespace sightline {
namespace {

using Tokens = std::vector<std::string>;

Decoder from_json(const char* text) {
  const nlohmann::json json = nlohmann::json::parse(text);
  return read_decoder(JsonNode(json, "decoder"));
}

/// What is given after each token, and at the end.
Tokens steps(const char* decoder, const Tokens& tokens) {
  DecodeRun run(from_json(decoder).stages);
  Tokens parts;
  for (const std::string& token : tokens) {
    parts.emplace_back();
    run.push(token, parts.back());
  }
  parts.emplace_back();
  run.finish(parts.back());
  return parts;
}

std::string whole(const char* decoder, const Tokens& tokens) {
  std::string text;
  for (const std::string& part : steps(decoder, tokens)) text += part;
  return text;
}

constexpr const char* kByteLevel =
    R"({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true})";
constexpr const char* kGemma = R"({"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"}]})";
constexpr const char* kLlama = R"({"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})";

TEST(ByteLevelDecoder, GivesCharactersAsSoonAsTheyAreWhole) {
  EXPECT_EQ(steps(kByteLevel, {"\u0120a", "\u00E4\u00B8", "\u0143", "b"}),
            (Tokens{" a", "", "\u4E2D", "b", ""}));
}

TEST(ByteLevelDecoder, PutsReplacementsForBrokenBytes) {
  // E4 B8 is the start of a character: one replacement for both bytes.
  EXPECT_EQ(steps(kByteLevel, {"\u00E4\u00B8", "b"}), (Tokens{"", "\uFFFDb", ""}));
  EXPECT_EQ(steps(kByteLevel, {"\u00E4\u00B8"}), (Tokens{"", "\uFFFD"}));
  EXPECT_EQ(whole(kByteLevel, {"\u0142\u0142"}), "\uFFFD\uFFFD");
}

TEST(ByteLevelDecoder, TakesTokensOutsideTheAlphabetAsTheyAre) {
  EXPECT_EQ(whole(kByteLevel, {"<a b>", "\u4E2D"}), "<a b>\u4E2D");
}

TEST(ByteFallbackDecoder, WaitsForTheEndOfARun) {
  EXPECT_EQ(steps(kGemma, {"\u2581a", "<0xC3>", "<0xA9>", "b"}),
            (Tokens{" a", "", "", "\u00E9b", ""}));
  EXPECT_EQ(steps(kGemma, {"<0xC3>", "<0xA9>"}), (Tokens{"", "", "\u00E9"}));
}

TEST(ByteFallbackDecoder, GivesAReplacementForEachByteOfABrokenRun) {
  EXPECT_EQ(whole(kGemma, {"<0x41>", "<0xC3>", "x"}), "\uFFFD\uFFFDx");
  EXPECT_EQ(whole(kGemma, {"<0xZZ>", "<0x4>"}), "<0xZZ><0x4>");
}

TEST(ByteFallbackDecoder, KeepsValidPartsAsSentencePieceDoes) {
  DecodeRun run({byte_fallback_stage(BrokenBytes::kEachBroken)});
  std::string text;
  for (const char* token : {"<0x41>", "<0xE4>", "<0xB8>", "<0xC3>", "<0xA9>"}) {
    run.push(token, text);
  }
  run.finish(text);
  EXPECT_EQ(text, "A\uFFFD\uFFFD\u00E9");
}

TEST(StripDecoder, DropsTheFirstSpaceOfTheWholeText) {
  EXPECT_EQ(steps(kLlama, {"\u2581", "\u2581a", "\u2581b"}), (Tokens{"", " a", " b", ""}));
  EXPECT_EQ(steps(kLlama, {"a", "\u2581b"}), (Tokens{"a", " b", ""}));
}

TEST(Decoders, JoinTokensWorkedByHand) {
  EXPECT_EQ(whole(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})",
                  {"do", "not", "run", "##ning", ",", "it", "'", "s", "##x"}),
            "do not running, it ' sx");
  EXPECT_EQ(whole(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})", {"a", "n't"}),
            "an't");
  EXPECT_EQ(whole(R"({"type": "WordPiece", "prefix": "##", "cleanup": false})", {"a", "."}), "a .");
  EXPECT_EQ(whole(R"({"type": "BPEDecoder", "suffix": "</w>"})", {"a</w>", "b", "c</w>"}), "a bc");
  EXPECT_EQ(whole(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})",
                  {"\u2581a", "\u2581b"}),
            "a b");
  EXPECT_EQ(whole(R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"})",
                  {"\u2581a", "\u2581b"}),
            " a b");
  EXPECT_EQ(whole("null", {"a", "b"}), "a b");
}

TEST(Decoders, GiveAllAtTheEndToAStepThatLooksAtTheWholeText) {
  constexpr const char* kDecoder = R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
      {"type": "Replace", "pattern": {"String": "ab"}, "content": "-"}]})";
  EXPECT_EQ(steps(kDecoder, {"a", "b"}), (Tokens{"", "", "-"}));
}

TEST(Utf8Stream, ReplacesMaximalParts) {
  // The examples of the Unicode standard, tables 3-8, 3-9, 3-10 and 3-11.
  const std::pair<std::string, std::string> cases[] = {
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA"},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42",
       "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
       "A\uFFFD\uFFFD"
       "B"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFDA"}};
  for (const auto& [bytes, want] : cases) {
    Utf8Stream at_once, one_by_one;
    std::string text, other;
    at_once.push(bytes, text);
    at_once.finish(text);
    for (const char byte : bytes) one_by_one.push(std::string_view(&byte, 1), other);
    one_by_one.finish(other);
    EXPECT_EQ(text, want);
    EXPECT_EQ(other, want);
  }
}

}  // namespace
}  // namespace sightline
