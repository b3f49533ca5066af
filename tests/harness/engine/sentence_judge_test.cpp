#include "harness/engine/sentence_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Verdict, IsOneWordAndNothingIsGuessed) {
  const std::pair<const char*, std::optional<Verdict>> cases[] = {
      {"entailment", Verdict::kEntailment},
      {" Neutral.\n", Verdict::kNeutral},
      {"CONTRADICTION", Verdict::kContradiction},
      {"", {}},
      {".", {}},
      {"neutral..", {}},
      {"entailed", {}},
      {"The answer is neutral", {}},
      {"entailment or neutral", {}},
      {"not entailment", {}},
      {"**neutral**", {}},
      {"neutral .", {}},
      {"yes", {}},
  };
  for (const auto& [words, want] : cases) EXPECT_EQ(parse_verdict(words), want) << words;
}

/// Answers with the last word of what it is asked about, and remembers the requests.
class WordModel final : public BatchModel {
 public:
  explicit WordModel(ModelInfo info) : info_(std::move(info)) {}
  const ModelInfo& info() const override { return info_; }
  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses;
    for (const Request& request : requests) {
      seen.push_back(request);
      const std::size_t begin = request.text.find("Hypothesis: ") + 12;
      const std::string sentence =
          request.text.substr(begin, request.text.find('\n', begin) - begin);
      Response& response = responses.emplace_back();
      response.text = sentence.substr(sentence.rfind(' ') + 1);
      if (response.text == "crash") response = failed_response(Outcome::kCrashed, "it crashed");
      if (response.text == "typed") {
        response.answer = Answer{.text = "neutral", .boxes = {}, .reconstruction = {}};
      }
    }
    return responses;
  }
  static inline std::vector<Request> seen;

 private:
  ModelInfo info_;
};

class OpenJudge : public ::testing::Test {
 protected:
  OpenJudge() {
    WordModel::seen.clear();
    info_ = {.name = "words", .revision = "7", .kinds = {Kind::kText}, .max_batch = 2};
    info_.opens_images = info_.wants_pixels = false;
    registry_.add({.name = "model",
                   .summary = "",
                   .open =
                       [this](ModelSettings settings) {
                         for (const auto& [key, value] : settings.args.values())
                           settings.args.get(key);
                         return std::make_unique<WordModel>(info_);
                       },
                   .module = {}});
  }

  std::vector<JudgeReply> judge(const std::vector<JudgeQuestion>& questions,
                                const JudgeSettings& settings = {.model = "model"}) {
    const SentenceJudge opened = open_judge(registry_, settings);
    description_ = opened.description;
    std::vector<JudgeReply> replies(questions.size());
    const std::atomic<bool> never{false};
    opened.judge(
        questions,
        [&](std::vector<JudgeReply> given) {
          for (JudgeReply& reply : given) replies.at(reply.place) = std::move(reply);
        },
        never);
    return replies;
  }

  static JudgeQuestion question(const std::string& sentence, const std::string& image = "") {
    return {.id = "a#0", .premise = "A dog.\nA pet.", .sentence = sentence, .image = image};
  }
  static std::string picture() { return testing::data_path("images/png/tiny.png").string(); }

  ModelInfo info_;
  Registry registry_;
  JudgeDescription description_;
};

TEST_F(OpenJudge, AsksAModelAndReadsItsWords) {
  const auto replies = judge({question("x entailment"), question("x Neutral."), question("x maybe"),
                              question("x crash"), question("x typed")});
  EXPECT_EQ(replies[0].verdict, Verdict::kEntailment);
  EXPECT_EQ(replies[0].outcome, "ok");
  EXPECT_EQ(replies[1].verdict, Verdict::kNeutral);
  EXPECT_EQ(replies[1].response, "Neutral.");
  EXPECT_FALSE(replies[2].verdict.has_value());
  EXPECT_EQ(replies[2].outcome, "parse_fail");
  EXPECT_EQ(replies[2].response, "maybe");
  EXPECT_EQ(replies[3].outcome, "crashed");
  EXPECT_EQ(replies[3].error, "it crashed");
  EXPECT_EQ(replies[4].verdict, Verdict::kNeutral);
  EXPECT_EQ(description_.rules, "nes_judged/words@7/text-1");
  ASSERT_EQ(WordModel::seen.size(), 5u);
  const Request& request = WordModel::seen[0];
  EXPECT_EQ(request.id, "a#0");
  EXPECT_EQ(request.decoding.temperature, 0);
  EXPECT_TRUE(request.images.empty());
  EXPECT_THAT(request.prompt, AllOf(HasSubstr("A dog.\nA pet."), HasSubstr("x entailment"),
                                    Not(HasSubstr("the image"))));
}

TEST_F(OpenJudge, AModelThatOpensImagesGetsTheImage) {
  info_.opens_images = true;
  judge({question("x neutral", picture())});
  ASSERT_EQ(WordModel::seen.at(0).images.size(), 1u);
  EXPECT_EQ(WordModel::seen[0].images[0].pixels, nullptr);
  EXPECT_GT(WordModel::seen[0].images[0].width, 0);
  EXPECT_THAT(WordModel::seen[0].prompt, HasSubstr("the image"));
  EXPECT_EQ(description_.rules, "nes_judged/words@7/image-1");
  info_.wants_pixels = true;
  judge({question("x neutral", picture())});
  EXPECT_NE(WordModel::seen.at(1).images.at(0).pixels, nullptr);
  judge({question("x neutral")}, {.model = "model", .text_only = true});
  EXPECT_TRUE(WordModel::seen.at(2).images.empty());
  EXPECT_EQ(description_.rules, "nes_judged/words@7/text-1");
}

TEST_F(OpenJudge, AnImageThatCannotBeReadFailsItsSentenceAlone) {
  info_.opens_images = info_.wants_pixels = true;
  const std::string text = testing::data_path("images/README.md").string();
  const auto replies = judge({question("x neutral", text), question("x neutral", picture())});
  EXPECT_EQ(replies[0].outcome, "bad_input");
  EXPECT_EQ(replies[1].verdict, Verdict::kNeutral);
}

TEST_F(OpenJudge, ItsIdentityIsAllThatVerdictsDependOn) {
  const auto identity = [&](const std::string& args, bool text_only = false) {
    return open_judge(registry_, {.model = "model", .args = args, .text_only = text_only})
        .description.identity;
  };
  const std::string first = identity("command=a");
  EXPECT_EQ(identity("command=a"), first);
  EXPECT_EQ(identity("command=a,timeout=5,startup_timeout=7,retries=0"), first);
  EXPECT_NE(identity("command=b"), first);
  info_.opens_images = true;
  EXPECT_NE(identity("command=a"), first);
  EXPECT_EQ(identity("command=a", true), first);
  for (const auto change : {+[](ModelInfo& info) { info.revision = "8"; },
                            +[](ModelInfo& info) { info.hashes["weights"] = "ab"; },
                            +[](ModelInfo& info) { info.prompt_style = "raw"; },
                            +[](ModelInfo& info) { info.precision = "int8"; }}) {
    const ModelInfo before = info_;
    change(info_);
    EXPECT_NE(identity("command=a", true), first);
    info_ = before;
  }
}

TEST_F(OpenJudge, RefusesModelsThatAreNone) {
  EXPECT_THAT(error_of([&] { open_judge(registry_, {.model = "modle"}); }), HasSubstr("'model'"));
  info_.kinds = {Kind::kDetect};
  EXPECT_THAT(error_of([&] { open_judge(registry_, {.model = "model"}); }),
              HasSubstr("does not answer in words"));
}

}  // namespace
}  // namespace sightline
