#include "models/tokenizers/bpe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "harness/base/rng.h"
#include "harness/base/text.h"

namespace sightline {
namespace {

using Ids = std::vector<TokenId>;
using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// A vocabulary of characters and merges, and the plainest way to apply them.
struct Toy {
  Vocabulary vocabulary;
  TextPairs merges;

  void add(const std::string& token) {
    if (vocabulary.find(token) == kNoToken) vocabulary.add(token, vocabulary.end_id());
  }
  MergeTable table() const {
    MergeTable result(merges.size());
    std::uint32_t rank = 0;
    for (const auto& [left, right] : merges) {
      result.set(vocabulary.find(left), vocabulary.find(right),
                 {rank++, vocabulary.find(left + right)});
    }
    return result;
  }
  std::vector<std::pair<std::string_view, std::string_view>> views() const {
    return {merges.begin(), merges.end()};
  }

  /// By definition: the pair of lowest rank, the leftmost of equals, again and again.
  Ids slow(std::string_view text) const {
    std::map<std::pair<std::string, std::string>, std::size_t> ranks;
    for (std::size_t i = 0; i < merges.size(); ++i) ranks[merges[i]] = i;
    std::vector<std::string> symbols;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      next_code_point(text, at);
      symbols.emplace_back(text.substr(begin, at - begin));
    }
    for (;;) {
      std::size_t best = merges.size(), place = 0;
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto found = ranks.find({symbols[i], symbols[i + 1]});
        if (found == ranks.end() || found->second >= best) continue;
        best = found->second;
        place = i;
      }
      if (best == merges.size()) break;
      symbols[place] += symbols[place + 1];
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
    Ids ids;
    for (const std::string& symbol : symbols) ids.push_back(vocabulary.find(symbol));
    return ids;
  }
};

void add_fallback_bytes(Toy& toy) {
  for (int byte = 0; byte < 256; ++byte) toy.add(fmt::format("<0x{:02X}>", byte));
}

/// Random merges, in no sensible order: later ones may have been learnt from earlier ones or not.
Toy random_toy(std::uint64_t seed) {
  Toy toy;
  Rng rng(seed);
  add_fallback_bytes(toy);
  std::vector<std::string> tokens = {"a", "b", "c", "\u2581", "\u00E9", ".", "\u4E2D"};
  for (const std::string& token : tokens) toy.add(token);
  for (int i = 0; i < 40; ++i) {
    const std::string left = rng.pick(tokens), right = rng.pick(tokens);
    if (left.size() + right.size() > 12 || toy.vocabulary.find(left + right) != kNoToken) continue;
    toy.merges.emplace_back(left, right);
    toy.add(left + right);
    tokens.push_back(left + right);
  }
  rng.shuffle(toy.merges);
  return toy;
}

std::string random_text(Rng& rng, std::size_t characters) {
  const char* const kCharacters[] = {"a", "b", "c", "\u2581", "\u00E9", ".", "\u4E2D"};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += rng.pick(kCharacters);
  return text;
}

Ids encode(const Bpe& bpe, std::string_view text, BpeScratch& scratch) {
  Ids ids;
  bpe.encode(text, scratch, ids);
  return ids;
}

TEST(Bpe, GivesWhatTheDefinitionGives) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Toy toy = random_toy(seed);
    const Bpe whole(toy.vocabulary, toy.table(), {.byte_fallback = true});
    Bpe cut(toy.vocabulary, toy.table(), {.byte_fallback = true});
    cut.find_cuts(toy.views());
    BpeScratch scratch, cut_scratch;
    Rng rng(seed, 1);
    for (int i = 0; i < 60; ++i) {
      const std::string text = random_text(rng, 1 + rng.below(i % 10 == 0 ? 200 : 12));
      const Ids want = toy.slow(text);
      ASSERT_EQ(encode(whole, text, scratch), want) << "seed " << seed << ", text " << text;
      ASSERT_EQ(encode(cut, text, cut_scratch), want) << "seed " << seed << ", text " << text;
      ASSERT_EQ(encode(whole, text, scratch), want) << "from the cache: " << text;
    }
  }
}

TEST(Bpe, MergesTheLeftmostOfEquals) {
  Toy toy;
  for (const char* token : {"a", "b", "aa", "aab"}) toy.add(token);
  toy.merges = {{"a", "a"}, {"aa", "b"}};
  const Bpe bpe(toy.vocabulary, toy.table(), {});
  BpeScratch scratch;
  EXPECT_EQ(encode(bpe, "aaa", scratch), (Ids{2, 0}));
  EXPECT_EQ(encode(bpe, "aaab", scratch), (Ids{2, 0, 1}));
  EXPECT_EQ(encode(bpe, "aab", scratch), (Ids{3}));
  EXPECT_EQ(encode(bpe, "", scratch), (Ids{}));
}

TEST(Bpe, TreatsCharactersWithoutATokenAsTheOptionsSay) {
  Toy toy;
  for (const char* token : {"a", "b", "ab", "?"}) toy.add(token);
  toy.merges = {{"a", "b"}};
  const TokenId unknown = 3;
  BpeScratch none, each, fused;
  EXPECT_EQ(encode(Bpe(toy.vocabulary, toy.table(), {}), "axyb", none), (Ids{2}));
  EXPECT_EQ(encode(Bpe(toy.vocabulary, toy.table(), {.unknown = unknown}), "axyb", each),
            (Ids{0, 3, 3, 1}));
  EXPECT_EQ(encode(Bpe(toy.vocabulary, toy.table(), {.unknown = unknown, .fuse_unknown = true}),
                   "xaxyb\u00E9", fused),
            (Ids{3, 0, 3, 1, 3}));
}

TEST(Bpe, FallsBackToBytesOnlyIfAllOfACharacterAreThere) {
  Toy toy;
  for (const char* token : {"a", "?", "<0xC3>", "<0xA9>"}) toy.add(token);
  const BpeOptions options{.unknown = 1, .fuse_unknown = true, .byte_fallback = true};
  BpeScratch scratch;
  const Bpe bpe(toy.vocabulary, toy.table(), options);
  EXPECT_EQ(encode(bpe, "a\u00E9", scratch), (Ids{0, 2, 3}));
  EXPECT_EQ(encode(bpe, "\u00E8", scratch), (Ids{1}));
}

TEST(Bpe, IgnoresMergesForWholePieces) {
  Toy toy;
  for (const char* token : {"a", "b", "c", "bc", "abc"}) toy.add(token);
  toy.merges = {{"b", "c"}};
  BpeScratch merged, whole;
  EXPECT_EQ(encode(Bpe(toy.vocabulary, toy.table(), {}), "abc", merged), (Ids{0, 3}));
  EXPECT_EQ(encode(Bpe(toy.vocabulary, toy.table(), {.ignore_merges = true}), "abc", whole),
            (Ids{4}));
}

TEST(Bpe, EndsWordsWithTheSuffix) {
  Toy toy;
  for (const char* token : {"a", "b", "b</w>", "ab</w>"}) toy.add(token);
  toy.merges = {{"a", "b</w>"}};
  BpeScratch scratch;
  const Bpe bpe(toy.vocabulary, toy.table(), {.end_of_word_suffix = "</w>"});
  EXPECT_EQ(encode(bpe, "ab", scratch), (Ids{3}));
  EXPECT_EQ(encode(bpe, "bb", scratch), (Ids{1, 2}));
}

TEST(Bpe, TakesBytesOnlyWithATokenForEach) {
  Toy toy;
  for (const char* token : {"a", "b"}) toy.add(token);
  Bpe bpe(toy.vocabulary, toy.table(), {});
  EXPECT_FALSE(bpe.take_bytes());
}

TEST(WordCache, KeysDifferForDifferentWords) {
  // Words over two letters, up to 12 of them: every pair must differ, whatever the branch.
  std::map<std::array<std::uint64_t, 4>, std::string> seen;
  for (std::size_t length = 1; length <= 12; ++length) {
    for (std::size_t bits = 0; bits < std::size_t{1} << length; ++bits) {
      std::string word;
      for (std::size_t i = 0; i < length; ++i) word += (bits >> i & 1) != 0 ? 'x' : '\0';
      const WordCache::Key key = WordCache::key_of(word);
      const auto [place, is_new] =
          seen.try_emplace({key.words[0], key.words[1], key.words[2], key.length}, word);
      ASSERT_TRUE(is_new) << word.size();
    }
  }
  for (std::size_t length = 1; length <= WordCache::kMaxBytes; ++length) {
    const std::string word(length, 'q');
    for (std::size_t i = 0; i < length; ++i) {
      std::string other = word;
      other[i] = 'r';
      EXPECT_FALSE(WordCache::key_of(word) == WordCache::key_of(other)) << length << " " << i;
    }
  }
}

// A run that merges in every way at once, ten times as long, takes about ten times as long.
TEST(Bpe, TakesNearLinearTimeForOneLongWord) {
  Toy toy;
  toy.add("a");
  std::string token = "a";
  while (token.size() < 64) {
    toy.merges.emplace_back(token, token);
    token += token;
    toy.add(token);
  }
  const Bpe bpe(toy.vocabulary, toy.table(), {});
  BpeScratch scratch;
  const auto seconds = [&](std::size_t size) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(encode(bpe, std::string(size, 'a'), scratch).size(), size / 64);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double small = seconds(64'000), large = seconds(640'000);
  EXPECT_LT(large, 60 * small + 0.5);
}

}  // namespace
}  // namespace sightline
