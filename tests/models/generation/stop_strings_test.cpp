#include "models/generation/stop_strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::sightline::testing::data_path;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Tokenizer& tokenizer() {
  static const Tokenizer opened = Tokenizer::open(data_path("tokenizers/qwen2"));
  return opened;
}

struct Stopped {
  std::string text;
  std::size_t tokens = 0;  ///< pushed, up to the one that stopped
};

Stopped push_all(const std::string& text, const std::vector<std::string>& stop,
                 bool skip_special_tokens = true) {
  const Tokenizer& tokens = tokenizer();
  StoppedText stopped(tokens, skip_special_tokens, stop);
  Stopped result;
  for (const TokenId id : tokens.encode(text)) {
    ++result.tokens;
    if (stopped.push(id)) break;
  }
  result.text = stopped.finish();
  return result;
}

TEST(StoppedText, IsCutBeforeTheFirstStopString) {
  const struct {
    const char* name;
    std::string text;
    std::vector<std::string> stop;
    std::string left;
  } cases[] = {
      {"none", "a cat\nand a dog", {}, "a cat\nand a dog"},
      {"absent", "a cat\nand a dog", {"mouse"}, "a cat\nand a dog"},
      {"one", "a cat\nand a dog", {"\n"}, "a cat"},
      {"across tokens", "the quick brown fox jumps", {"k brown f"}, "the quic"},
      {"the first of several", "one two three", {"three", "two"}, "one "},
      {"the first of one kind", "a.b.c", {"."}, "a"},
      {"at the start", "stop", {"stop"}, ""},
      {"at the end", "please stop", {" stop"}, "please"},
      {"only begun at the end", "a b##", {"###"}, "a b##"},
      {"characters of several bytes", "un caf\xC3\xA9 noir", {"\xC3\xA9 n"}, "un caf"},
      {"an emoji", "so \xF0\x9F\x98\x80 it is", {"\xF0\x9F\x98\x80"}, "so "},
  };
  for (const auto& c : cases) EXPECT_EQ(push_all(c.text, c.stop).text, c.left) << c.name;
}

TEST(StoppedText, StopsAsSoonAsTheStopStringIsThere) {
  const std::string text = "alpha beta gamma delta epsilon";
  for (std::size_t begin = 1; begin < text.size(); ++begin) {
    for (std::size_t size = 1; size <= 7 && begin + size <= text.size(); ++size) {
      const std::string stop = text.substr(begin, size);
      const Stopped stopped = push_all(text, {stop});
      EXPECT_EQ(stopped.text, text.substr(0, text.find(stop))) << stop;
      // The tokens before the last do not have it yet.
      const std::vector<TokenId> ids = tokenizer().encode(text);
      const std::string before = tokenizer().decode(std::span(ids).first(stopped.tokens - 1));
      EXPECT_EQ(before.find(stop), std::string::npos) << stop;
    }
  }
}

TEST(StoppedText, HasSpecialTokensOnlyWhereTheyAreWanted) {
  const std::string text = "a<|im_end|>b";
  EXPECT_EQ(push_all(text, {}).text, "ab");
  EXPECT_EQ(push_all(text, {}, false).text, text);
  EXPECT_EQ(push_all(text, {"ab"}).text, "");
}

TEST(StopTokens, AreTheSpecialOnesAmongStopStrings) {
  const Tokenizer& tokens = tokenizer();
  EXPECT_THAT(stop_tokens(tokens, {"a", "<|im_end|>", "\n"}),
              ElementsAre(*tokens.token_to_id("<|im_end|>")));
  EXPECT_THAT(stop_tokens(tokens, {"a", "x y z"}), IsEmpty());
}

}  // namespace
}  // namespace sightline
