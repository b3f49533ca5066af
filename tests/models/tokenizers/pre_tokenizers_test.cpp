#include "models/tokenizers/pre_tokenizers.h"

#include <gtest/gtest.h>

#include "models/tokenizers/unicode_classes.h"

namespace sightline {
namespace {

using Texts = std::vector<std::string>;

Texts run(const std::vector<PieceStep>& steps, std::string_view text, bool begins_input = true) {
  Pieces pieces;
  pieces.start(text, begins_input);
  for (const PieceStep& step : steps) step(pieces);
  Texts result;
  for (std::size_t i = 0; i < pieces.size(); ++i) result.emplace_back(pieces.at(i));
  return result;
}

struct BehaviorCase {
  SplitBehavior behavior;
  bool invert;
  Texts want;
};

// The example of the tokenizers library's documentation, "the-final--countdown" split at "-".
TEST(Split, TreatsMatchesAsTheBehaviorSays) {
  const BehaviorCase cases[] = {
      {SplitBehavior::kRemoved, false, {"the", "final", "countdown"}},
      {SplitBehavior::kIsolated, false, {"the", "-", "final", "-", "-", "countdown"}},
      {SplitBehavior::kMergedWithPrevious, false, {"the-", "final-", "-", "countdown"}},
      {SplitBehavior::kMergedWithNext, false, {"the", "-final", "-", "-countdown"}},
      {SplitBehavior::kContiguous, false, {"the", "-", "final", "--", "countdown"}},
      {SplitBehavior::kRemoved, true, {"-", "-", "-"}},
      {SplitBehavior::kIsolated, true, {"the", "-", "final", "-", "-", "countdown"}}};
  for (const BehaviorCase& c : cases) {
    const PieceStep step = split_step(SplitPattern::of_text("-"), c.behavior, c.invert);
    EXPECT_EQ(run({step}, "the-final--countdown"), c.want)
        << static_cast<int>(c.behavior) << (c.invert ? " inverted" : "");
  }
}

TEST(Split, OfNothingIsNothing) {
  for (const auto behavior : {SplitBehavior::kRemoved, SplitBehavior::kIsolated,
                              SplitBehavior::kMergedWithPrevious, SplitBehavior::kContiguous}) {
    EXPECT_EQ(run({split_step(SplitPattern::of_text("-"), behavior)}, ""), Texts{});
  }
}

TEST(PreTokenizers, SplitTextsWorkedByHand) {
  const PieceStep digits = split_at_characters_step(is_numeric, SplitBehavior::kContiguous);
  const PieceStep digit = split_at_characters_step(is_numeric, SplitBehavior::kIsolated);
  const PieceStep signs = split_at_characters_step(is_punctuation, SplitBehavior::kIsolated);
  EXPECT_EQ(run({digits}, "a12\u00BDb"), (Texts{"a", "12\u00BD", "b"}));
  EXPECT_EQ(run({digit}, "a12"), (Texts{"a", "1", "2"}));
  EXPECT_EQ(run({signs}, "a,$\u3002b"), (Texts{"a", ",", "$", "\u3002", "b"}));
  EXPECT_EQ(run({whitespace_step()}, " How are  you-all? "),
            (Texts{"How", "are", "you", "-", "all", "?"}));
  EXPECT_EQ(run({prefix_space_step()}, "ab"), (Texts{" ab"}));
  EXPECT_EQ(run({prefix_space_step()}, " ab"), (Texts{" ab"}));
  EXPECT_EQ(run({byte_alphabet_step()}, " \u00E9"), (Texts{"\u0120\u00C3\u00A9"}));
}

TEST(PreTokenizers, LaterStepsSeeWhatEarlierOnesWrote) {
  const PieceStep digit = split_at_characters_step(is_numeric, SplitBehavior::kIsolated);
  EXPECT_EQ(run({byte_alphabet_step(), digit}, " 12"), (Texts{"\u0120", "1", "2"}));
  EXPECT_EQ(run({digit, byte_alphabet_step()}, " 12"), (Texts{"\u0120", "1", "2"}));
}

TEST(Metaspace, MarksSpacesAndTheBeginning) {
  const auto step = [](PrependScheme scheme, bool split) {
    return std::vector<PieceStep>{metaspace_step("\u2581", scheme, split)};
  };
  EXPECT_EQ(run(step(PrependScheme::kAlways, true), "a b"), (Texts{"\u2581a", "\u2581b"}));
  EXPECT_EQ(run(step(PrependScheme::kAlways, true), " a"), (Texts{"\u2581a"}));
  EXPECT_EQ(run(step(PrependScheme::kAlways, false), "a b"), (Texts{"\u2581a\u2581b"}));
  EXPECT_EQ(run(step(PrependScheme::kNever, true), "a b"), (Texts{"a", "\u2581b"}));
  EXPECT_EQ(run(step(PrependScheme::kFirst, true), "a b", true), (Texts{"\u2581a", "\u2581b"}));
  EXPECT_EQ(run(step(PrependScheme::kFirst, true), "a b", false), (Texts{"a", "\u2581b"}));
  EXPECT_EQ(run(step(PrependScheme::kNever, true), "a  b"), (Texts{"a", "\u2581", "\u2581b"}));
}

}  // namespace
}  // namespace sightline
