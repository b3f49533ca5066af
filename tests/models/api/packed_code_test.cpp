#include "models/api/packed_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/rng.h"
#include "models/api/image_tokenizer.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

CodeLayout lfq(std::size_t tokens, std::size_t channels) {
  return {.tokens = tokens, .levels = std::vector<std::uint32_t>(channels, 2)};
}

std::vector<std::uint8_t> random_symbols(const CodeLayout& layout, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint8_t> symbols;
  for (std::size_t i = 0; i < layout.symbols(); ++i) {
    symbols.push_back(
        static_cast<std::uint8_t>(rng.below(layout.levels[i % layout.levels.size()])));
  }
  return symbols;
}

TEST(PackedCode, TakesTheBitsThatFlowMoIsPublishedWith) {
  // 0.0703125 and 0.21875 bits for each of 256 x 256 pixels.
  EXPECT_EQ(lfq(256, 18).bits(), 4608U);
  EXPECT_EQ(lfq(256, 56).bits(), 14336U);
  EXPECT_EQ(pack_code(lfq(256, 18), random_symbols(lfq(256, 18), 1)).size(), 576U);
}

TEST(PackedCode, ComesBackAsItWas) {
  const std::vector<CodeLayout> layouts{
      lfq(1, 1),
      lfq(7, 3),
      lfq(16, 33),
      lfq(0, 4),
      {.tokens = 5, .levels = {8, 5, 5, 5}},
      {.tokens = 9, .levels = {256, 256, 256, 256, 3}},
      {.tokens = 3, .levels = {7}},
  };
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    SCOPED_TRACE(i);
    const auto symbols = random_symbols(layouts[i], i);
    const auto bytes = pack_code(layouts[i], symbols);
    EXPECT_EQ(bytes.size(), (layouts[i].bits() + 7) / 8);
    EXPECT_EQ(unpack_code(layouts[i], bytes), symbols);
  }
}

TEST(PackedCode, BitsBeginAtTheLowestOfTheFirstByte) {
  const std::vector<std::uint8_t> symbols{1, 0, 1, 1, 0, 0, 0, 0, 0, 1};
  const auto bytes = pack_code(lfq(2, 5), symbols);
  ASSERT_EQ(bytes.size(), 2U);
  EXPECT_EQ(std::to_integer<int>(bytes[0]), 0b00001101);
  EXPECT_EQ(std::to_integer<int>(bytes[1]), 0b10);
}

TEST(PackedCode, GroupsOfLevelsThatAreNoPowersTakeTheBitsOfTheirProduct) {
  const CodeLayout layout{.tokens = 1, .levels = {8, 5, 5, 5}};  // 1000 codes
  EXPECT_EQ(layout.bits(), 10U);
  const auto bytes = pack_code(layout, std::vector<std::uint8_t>{7, 4, 4, 4});
  EXPECT_EQ(std::to_integer<int>(bytes[0]) + 256 * std::to_integer<int>(bytes[1]), 999);
}

TEST(PackedCode, RefusesWhatIsNoCode) {
  const CodeLayout layout{.tokens = 1, .levels = {8, 5, 5, 5}};
  const auto unpacking = [&](std::vector<unsigned> numbers) {
    std::vector<std::byte> bytes;
    for (const unsigned number : numbers) bytes.push_back(static_cast<std::byte>(number));
    return error_of([&] { unpack_code(layout, bytes); });
  };
  EXPECT_THAT(unpacking({1}), HasSubstr("has 1 bytes, want 2 for 10 bits"));
  EXPECT_THAT(unpacking({1, 2, 3}), HasSubstr("has 3 bytes"));
  EXPECT_THAT(unpacking({0xE8, 0x03}), HasSubstr("token 0 of a packed code has a number"));  // 1000
  EXPECT_THAT(unpacking({0, 0x04}), HasSubstr("bits that are not zero"));
  EXPECT_THAT(error_of([&] {
                pack_code(layout, std::vector<std::uint8_t>{1, 5, 0, 0});
              }),
              HasSubstr("channel 1 of token 0 of a code is 5, want less than 5"));
  EXPECT_THAT(error_of([&] {
                pack_code(layout, std::vector<std::uint8_t>{1, 2});
              }),
              HasSubstr("has 2 symbols, want 1 tokens of 4"));
  EXPECT_THAT(error_of([] {
                symbol_groups(std::vector<std::uint32_t>{2, 1});
              }),
              HasSubstr("channel 1 of a code has 1 levels"));
}

TEST(TruncateToImage, RoundsDownAndClips) {
  const PlanarImage image{2, 1, {-1.0F, 1.0F, -2.0F, 3.0F, 0.0F, 0.9999F}};
  const Image rounded = truncate_to_image(image);
  EXPECT_THAT(rounded.pixels, ::testing::ElementsAre(0, 0, 127, 255, 255, 254));
  EXPECT_THAT(error_of([] { truncate_to_image({1, 1, {0, std::nanf(""), 0}}); }), HasSubstr("NaN"));
}

}  // namespace
}  // namespace sightline
