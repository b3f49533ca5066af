#include "models/generation/prefix_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/generation/fake_network.h"

namespace sightline {
namespace {

using ::sightline::testing::FakeNetwork;

/// Letters are tokens; '#' is a row of an image, counted from 0.
Prompt prompt_of(const std::string& text) {
  Prompt prompt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') prompt.vision_rows.push_back({i, prompt.vision_rows.size()});
    prompt.ids.push_back(text[i]);
  }
  return prompt;
}

std::size_t shared(const Prompt& a, const Prompt& b, std::string key_a = "k",
                   std::string key_b = "k") {
  return shared_prefix({&a, &key_a}, {&b, &key_b});
}

TEST(SharedPrefix, EndsWhereIdsOrFeaturesDiffer) {
  const struct {
    const char* name;
    std::string a, b;
    std::string images_of_b;
    std::size_t length;
  } cases[] = {
      {"another end", "abcdx", "abcdy", "k", 4},
      {"nothing in common", "abc", "xbc", "k", 0},
      {"never the last token", "abc", "abc", "k", 2},
      {"never the last token, of a longer one", "abc", "abcd", "k", 2},
      {"all of a shorter one", "abcde", "abc", "k", 3},
      {"one token", "a", "a", "k", 0},
      {"the images too", "a###bx", "a###by", "k", 5},
      {"other images", "a###bx", "a###by", "other", 1},
      {"other images, later", "abc#x", "abcd", "other", 3},
      {"more images", "a##x##y", "a##x#z#", "k", 4},
      {"not between rows of an image", "a####", "a####", "k", 1},
      {"before images at the end", "ab###", "ab###x", "k", 2},
      {"behind an image", "ab###x", "ab###x", "k", 5},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(shared(prompt_of(c.a), prompt_of(c.b), "k", c.images_of_b), c.length) << c.name;
  }
}

TEST(SharedPrefix, SeesWhichRowsStandWhere) {
  Prompt a = prompt_of("a##bx"), b = a;
  EXPECT_EQ(shared(a, b), 4U);
  b.vision_rows[1].row = 0;
  EXPECT_EQ(shared(a, b), 1U) << "between rows of an image it cannot end";
  b.vision_rows.pop_back();
  EXPECT_EQ(shared(a, b), 1U);
}

TEST(SharedPrefix, IsForCausalPromptsAlone) {
  Prompt a = prompt_of("abcdx"), b = a;
  b.bidirectional = 3;
  EXPECT_EQ(shared(a, b), 0U);
  EXPECT_EQ(shared(b, a), 0U);
}

class PrefixStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SequenceCache> cache_of(std::size_t length) {
    auto cache = std::make_unique<FakeNetwork::Cache>(&alive_);
    cache->states.resize(length);
    return cache;
  }
  void add(PrefixStore& store, const std::string& text, const std::string& images = "") {
    store.add(prompt_of(text), images, cache_of(text.size()));
  }
  std::size_t found(PrefixStore& store, const std::string& text, const std::string& images = "") {
    const Prompt prompt = prompt_of(text);
    const PrefixMatch match = store.find({&prompt, &images});
    EXPECT_EQ(match.cache != nullptr, match.length > 0);
    return match.length;
  }

  std::size_t alive_ = 0;
};

TEST_F(PrefixStoreTest, FindsTheLongestStart) {
  PrefixStore store(1000, 3);
  add(store, "aaaa");
  add(store, "aabbbb");
  EXPECT_EQ(found(store, "aabbx"), 4U);
  EXPECT_EQ(found(store, "aaax"), 3U);
  EXPECT_EQ(found(store, "x"), 0U);
}

TEST_F(PrefixStoreTest, KeepsOneOfThoseThatStartAlike) {
  PrefixStore store(1000, 3);
  add(store, "abcd");
  add(store, "abce");
  EXPECT_EQ(alive_, 1U);
  EXPECT_EQ(found(store, "abcex"), 4U);
  add(store, "abcf", "other images, which these letters do not show");
  EXPECT_EQ(alive_, 1U);
  add(store, "abxx");
  EXPECT_EQ(alive_, 2U);
}

TEST_F(PrefixStoreTest, ForgetsWhatWasUsedLongestAgo) {
  PrefixStore store(8 * 12, 3);  // three of four tokens, 8 bytes a token
  for (const char* text : {"aaaa", "bbbb", "cccc"}) add(store, text);
  EXPECT_EQ(found(store, "aaaax"), 4U);
  add(store, "dddd");
  EXPECT_EQ(found(store, "bbbbx"), 0U);
  EXPECT_EQ(found(store, "aaaax"), 4U);
  EXPECT_EQ(found(store, "ddddx"), 4U);
  EXPECT_EQ(alive_, 3U);
}

TEST_F(PrefixStoreTest, TakesNothingTooLargeOrTooShort) {
  PrefixStore store(8 * 4, 3);
  add(store, "aaaaa");
  add(store, "aa");
  EXPECT_EQ(alive_, 0U);
  EXPECT_FALSE(store.clear());
  add(store, "aaaa");
  EXPECT_TRUE(store.clear());
  EXPECT_EQ(alive_, 0U);
}

}  // namespace
}  // namespace sightline
