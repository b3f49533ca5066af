#include "harness/demo/questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/text.h"
#include "harness/demo/captions.h"

namespace sightline::demo {
namespace {

struct Asked {
  Scene scene;
  Question question;
};

const std::vector<Asked>& all_asked() {
  static const std::vector<Asked> kAsked = [] {
    std::vector<Asked> asked;
    for (const Scene& scene : make_scenes(150, 21)) {
      for (const Question& question :
           ask_about(scene, Rng(1, static_cast<std::uint64_t>(scene.id)))) {
        asked.push_back({scene, question});
      }
    }
    return asked;
  }();
  return kAsked;
}

std::vector<std::string> words_of(const std::string& text) {
  const std::string_view asked = std::string_view(text).substr(0, text.find('?'));
  const std::vector<std::string_view> words = split_at_space(asked);
  return {words.begin(), words.end()};
}

TEST(Questions, StartWithTheirType) {
  std::set<std::string> types;
  for (const auto& [scene, question] : all_asked()) {
    EXPECT_TRUE(to_lower(question.text).starts_with(question.type + " ")) << question.text;
    EXPECT_TRUE(question.text.ends_with("?"));
    types.insert(question.type);
  }
  EXPECT_GE(types.size(), 10U);
}

TEST(Questions, AreRightlyAnsweredByMostPeople) {
  std::map<std::size_t, int> agreement;
  for (const auto& [scene, question] : all_asked()) {
    const auto right = static_cast<std::size_t>(
        std::ranges::count(question.given, question.answer, &GivenAnswer::text));
    EXPECT_GE(right, 6U) << question.text;
    ++agreement[right];
    for (const GivenAnswer& given : question.given) {
      EXPECT_FALSE(given.text.empty());
      EXPECT_THAT(given.confidence, testing::AnyOf("yes", "maybe", "no"));
    }
  }
  // People agree often, not always.
  for (std::size_t right = 6; right <= 10; ++right) EXPECT_GT(agreement[right], 0) << right;
  EXPECT_GT(agreement[10], static_cast<int>(all_asked().size()) / 4);
}

TEST(Questions, HaveAnswersOfTheirType) {
  std::map<std::string, int> seen;
  for (const auto& [scene, question] : all_asked()) {
    ++seen[question.answer_type];
    if (question.answer_type == "yes/no") {
      EXPECT_THAT(question.answer, testing::AnyOf("yes", "no"));
    } else if (question.answer_type == "number") {
      EXPECT_TRUE(std::ranges::all_of(question.answer, ::isdigit)) << question.answer;
    } else {
      EXPECT_EQ(question.answer_type, "other");
    }
  }
  EXPECT_EQ(seen.size(), 3U);
}

TEST(Questions, CountWhatIsThere) {
  int asked = 0;
  for (const auto& [scene, question] : all_asked()) {
    if (!question.text.starts_with("How many")) continue;
    const std::string what = words_of(question.text)[2];
    const auto count = std::ranges::count_if(scene.objects, [&](const SceneObject& object) {
      return what == "shapes" || info_of(object.shape).plural == what;
    });
    EXPECT_EQ(question.answer, std::to_string(count)) << question.text;
    ++asked;
  }
  EXPECT_GT(asked, 20);
}

TEST(Questions, KnowWhatIsThereAndWhatIsNot) {
  std::map<std::string, int> answers;
  for (const auto& [scene, question] : all_asked()) {
    if (!question.text.starts_with("Is there a")) continue;
    const std::vector<std::string> words = words_of(question.text);  // Is there a red star in ...
    const bool there = std::ranges::any_of(scene.objects, [&](const SceneObject& object) {
      return palette()[object.colour].name == words[3] && info_of(object.shape).name == words[4];
    });
    EXPECT_EQ(question.answer, there ? "yes" : "no") << question.text;
    ++answers[question.answer];
  }
  EXPECT_GT(answers["yes"], 10);
  EXPECT_GT(answers["no"], 10);
}

TEST(Questions, AskForTheColourOfOneThing) {
  int asked = 0;
  for (const auto& [scene, question] : all_asked()) {
    if (question.type != "what color is the") continue;
    std::vector<std::string> words = words_of(question.text);
    const std::string shape = words.back();
    const std::string size = words.size() == 6 ? words[4] : "";
    std::set<std::string> colours;
    int fitting = 0;
    for (const SceneObject& object : scene.objects) {
      if (info_of(object.shape).name != shape) continue;
      if (!size.empty() && name_of(object.size) != size) continue;
      colours.insert(palette()[object.colour].name);
      ++fitting;
    }
    EXPECT_EQ(fitting, 1) << question.text;
    EXPECT_THAT(colours, testing::ElementsAre(question.answer));
    ++asked;
  }
  EXPECT_GT(asked, 20);
}

TEST(TenAnswers, AllAgreeWhereThereIsNothingElseToSay) {
  Rng rng(1);
  for (const GivenAnswer& given : ten_answers("sea", {}, rng)) EXPECT_EQ(given.text, "sea");
}

TEST(Captions, NameAllObjectsInDetail) {
  for (const Scene& scene : make_scenes(60, 5)) {
    const std::string text = detailed_caption(scene, Rng(1));
    EXPECT_EQ(text, detailed_caption(scene, Rng(1)));
    for (const SceneObject& object : scene.objects) {
      const std::string noun = name_of(object.size) + " " + palette()[object.colour].name + " " +
                               info_of(object.shape).name;
      EXPECT_NE(text.find(noun), std::string::npos) << noun << " in " << text;
    }
    EXPECT_NE(text.find(info_of(scene.setting).behind), std::string::npos);
    EXPECT_GE(std::ranges::count(text, '.'), 4);
  }
}

TEST(Captions, AreFiveSentencesInShort) {
  for (const Scene& scene : make_scenes(60, 6)) {
    const std::vector<std::string> captions = short_captions(scene, Rng(1));
    EXPECT_EQ(captions.size(), 5U);
    for (const std::string& caption : captions) {
      EXPECT_TRUE(caption.ends_with(".")) << caption;
      EXPECT_EQ(std::ranges::count(caption, '.'), 1) << caption;
      EXPECT_TRUE(caption[0] >= 'A' && caption[0] <= 'Z') << caption;
    }
  }
}

}  // namespace
}  // namespace sightline::demo
