#include "harness/demo/referring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/text.h"

namespace sightline::demo {
namespace {

/// Reads an expression word by word and finds the objects it may mean, taking every relation in its
/// loosest sense. Written for the test alone: it shares no code with what makes the expressions.
class Reader {
 public:
  Reader(const Scene& scene, const std::string& expression) : scene_(scene) {
    for (const std::string_view word : split_at_space(expression)) words_.emplace_back(word);
  }

  std::set<std::size_t> meant() {
    std::set<std::size_t> found = noun_phrase();
    if (accept("that")) accept("is");
    if (position_ < words_.size()) found = restricted(found);
    EXPECT_EQ(position_, words_.size()) << "left over: " << words_[position_];
    return found;
  }

 private:
  bool accept(const std::string& word) {
    if (position_ >= words_.size() || words_[position_] != word) return false;
    ++position_;
    return true;
  }

  template <typename Keep>
  static std::set<std::size_t> filtered(std::set<std::size_t> found, const Keep& keep) {
    std::erase_if(found, [&](std::size_t index) { return !keep(index); });
    return found;
  }

  const SceneObject& object(std::size_t index) const { return scene_.objects[index]; }
  double x(std::size_t index) const { return object(index).box.x + object(index).box.w / 2; }
  double y(std::size_t index) const { return object(index).box.y + object(index).box.h / 2; }

  std::set<std::size_t> noun_phrase() {
    accept("the");
    std::string extreme;
    for (const char* word : {"leftmost", "rightmost", "highest", "lowest"}) {
      if (accept(word)) extreme = word;
    }
    std::set<std::size_t> found;
    for (std::size_t i = 0; i < scene_.objects.size(); ++i) found.insert(i);
    for (const Size size : {Size::kSmall, Size::kMedium, Size::kLarge}) {
      if (accept(name_of(size))) {
        found = filtered(found, [&](std::size_t i) { return object(i).size == size; });
      }
    }
    found = with_colour(found);
    const std::string shape = words_.at(position_++);
    found = filtered(found, [&](std::size_t i) { return info_of(object(i).shape).name == shape; });
    if (extreme.empty()) return found;
    const auto ahead = [&](std::size_t a, std::size_t b) {
      return extreme == "leftmost"    ? x(a) < x(b)
             : extreme == "rightmost" ? x(a) > x(b)
             : extreme == "highest"   ? y(a) < y(b)
                                      : y(a) > y(b);
    };
    return {*std::ranges::min_element(found, ahead)};
  }

  std::set<std::size_t> with_colour(std::set<std::size_t> found) {
    for (const NamedColour& colour : palette()) {
      if (!accept(colour.name)) continue;
      return filtered(
          found, [&](std::size_t i) { return palette()[object(i).colour].name == colour.name; });
    }
    return found;
  }

  /// What is behind the noun: a colour, a place of the picture, or a relation.
  std::set<std::size_t> restricted(const std::set<std::size_t>& found) {
    const std::size_t before = position_;
    const std::set<std::size_t> coloured = with_colour(found);
    if (position_ > before) return coloured;
    if (words_.back() == "picture") return placed(found);
    if (accept("to")) accept("the");
    const std::string direction = words_.at(position_++);
    accept("of");
    const std::set<std::size_t> anchors = noun_phrase();
    EXPECT_EQ(anchors.size(), 1U) << "the landmark is ambiguous";
    const std::size_t anchor = *anchors.begin();
    return filtered(found, [&](std::size_t i) {
      if (i == anchor) return false;
      if (direction == "left") return x(i) < x(anchor);
      if (direction == "right") return x(i) > x(anchor);
      if (direction == "above") return y(i) < y(anchor);
      EXPECT_EQ(direction, "below");
      return y(i) > y(anchor);
    });
  }

  /// "in the upper left of the picture": thirds of it.
  std::set<std::size_t> placed(const std::set<std::size_t>& found) {
    int column = 1, row = 1;
    for (; position_ < words_.size(); ++position_) {
      const std::string& word = words_[position_];
      if (word == "left") column = 0;
      if (word == "right") column = 2;
      if (word == "upper" || word == "top") row = 0;
      if (word == "lower" || word == "bottom") row = 2;
    }
    return filtered(found, [&](std::size_t i) {
      return static_cast<int>(3 * x(i) / scene_.width) == column &&
             static_cast<int>(3 * y(i) / scene_.height) == row;
    });
  }

  const Scene& scene_;
  std::vector<std::string> words_;
  std::size_t position_ = 0;
};

class ReferringExpressions : public testing::TestWithParam<Wording> {};

TEST_P(ReferringExpressions, MeanTheirObjectAndNoOther) {
  std::size_t count = 0;
  for (const Scene& scene : make_scenes(100, 99)) {
    Rng rng(5, static_cast<std::uint64_t>(scene.id));
    for (std::size_t index = 0; index < scene.objects.size(); ++index) {
      for (const std::string& expression : refer_to(scene, index, GetParam(), 1000, rng)) {
        SCOPED_TRACE(expression);
        EXPECT_THAT(Reader(scene, expression).meant(), testing::ElementsAre(index));
        ++count;
      }
    }
  }
  EXPECT_GT(count, 500U);
}

INSTANTIATE_TEST_SUITE_P(Wordings, ReferringExpressions,
                         testing::Values(Wording::kShort, Wording::kAppearance,
                                         Wording::kSentence));

TEST(ReferringExpressions, OfAppearanceNameNoPlace) {
  for (const Scene& scene : make_scenes(30, 3)) {
    Rng rng(1);
    for (std::size_t index = 0; index < scene.objects.size(); ++index) {
      for (const std::string& text : refer_to(scene, index, Wording::kAppearance, 1000, rng)) {
        for (const char* word :
             {"left", "right", "above", "below", "highest", "lowest", "center"}) {
          EXPECT_EQ(text.find(word), std::string::npos) << text;
        }
      }
    }
  }
}

TEST(ReferringExpressions, AreDistinctAndNoMoreThanAskedFor) {
  for (const Scene& scene : make_scenes(30, 4)) {
    Rng rng(1);
    for (std::size_t index = 0; index < scene.objects.size(); ++index) {
      const auto found = refer_to(scene, index, Wording::kShort, 3, rng);
      EXPECT_LE(found.size(), 3U);
      EXPECT_EQ(std::set(found.begin(), found.end()).size(), found.size());
    }
  }
}

}  // namespace
}  // namespace sightline::demo
