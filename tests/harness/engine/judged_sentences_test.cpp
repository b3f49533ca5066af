#include "harness/engine/judged_sentences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "harness/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/fake_task.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

/// A judge that is no model: the seam where a classifier of sentence pairs would come in. Its
/// verdict is in the sentence: "... is neutral."
class WordJudge {
 public:
  WordJudge() {
    judge_.description = {.rules = "nes_judged/words/text-1", .identity = "{}"};
    judge_.judge = [this](std::span<const JudgeQuestion> questions, const SentenceJudge::Give& give,
                          const std::atomic<bool>& stop) {
      // Backwards and in twos: the order of replies is the judge's own.
      for (std::size_t end = questions.size(); end > 0 && !stop;) {
        std::vector<JudgeReply> replies;
        for (std::size_t most = 2; most > 0 && end > 0; --most) {
          if (asked.size() == gone_after) throw StopError("the judge is gone");
          --end;
          replies.push_back(reply(end, questions[end]));
          asked.push_back(questions[end].id);
        }
        give(std::move(replies));
      }
    };
  }
  SentenceJudge& operator*() { return judge_; }

  std::vector<std::string> asked;
  std::size_t gone_after = SIZE_MAX;
  bool healthy = false;  ///< gives verdicts where it failed before

 private:
  JudgeReply reply(std::size_t place, const JudgeQuestion& question) const {
    const auto says = [&](const char* word) {
      return question.sentence.find(word) != std::string::npos;
    };
    JudgeReply reply{.place = place, .verdict = {}, .outcome = "ok"};
    if (says("entailed")) reply.verdict = Verdict::kEntailment;
    if (says("neutral")) reply.verdict = Verdict::kNeutral;
    if (says("contradicted") || (healthy && !reply.verdict)) {
      reply.verdict = Verdict::kContradiction;
    }
    if (!reply.verdict) reply.outcome = says("silent") ? "timeout" : "parse_fail";
    return reply;
  }

  SentenceJudge judge_;
};

const std::vector<std::string> kReferences = {"A dog.", "A pet."};

std::vector<CaptionCase> captions_of(const std::vector<std::string>& texts) {
  std::vector<CaptionCase> captions;
  for (const std::string& text : texts) {
    const std::size_t index = captions.size();
    captions.push_back({.index = index,
                        .id = "n" + std::to_string(index),
                        .caption = text,
                        .references = kReferences});
  }
  return captions;
}

class JudgedSentences : public ::testing::Test {
 protected:
  SentencesToJudge sentences(const std::vector<CaptionCase>& captions) {
    return sentences_to_judge((*judge_).description, dataset_, captions);
  }
  std::size_t judge(const SentencesToJudge& sentences, bool retry_failed = false) {
    return judge_sentences(*judge_, sentences, store_,
                           {.retry_failed = retry_failed, .progress = ProgressMode::kNone}, stop_);
  }
  MetricValue metric(const SentencesToJudge& sentences) {
    return judged_metric((*judge_).description, sentences, store_);
  }

  testing::NumberDataset dataset_{100};
  WordJudge judge_;
  VerdictStore store_ = VerdictStore::open(VerdictStore::kInMemory);
  std::atomic<bool> stop_{false};
};

TEST_F(JudgedSentences, AreCountedByVerdictOverThoseThatHaveOne) {
  const auto all =
      sentences(captions_of({"This is entailed. This is neutral. That is contradicted.", "",
                             "It is silent. It is odd. Odd too. All entailed."}));
  EXPECT_EQ(judge(all), 7u);
  const MetricValue value = metric(all);
  EXPECT_EQ(value.value, 0.5);
  EXPECT_EQ(value.n, 4);
  EXPECT_EQ(value.rules, "nes_judged/words/text-1");
  EXPECT_FALSE(value.higher_is_better);
  // Residuals 1/2 and -1/2 of two captions: sqrt(2/1 * 2/4) / 4.
  EXPECT_NEAR(*value.standard_error, 0.25, 1e-15);
  EXPECT_THAT(value.note, AllOf(HasSubstr("4 of 7 sentences, 2 images"),
                                HasSubstr("2 answers of the judge could not be read"),
                                HasSubstr("failed: 1 timeout")));
}

TEST_F(JudgedSentences, AreNotAskedAboutTwice) {
  const auto all = sentences(captions_of({"It is neutral. It is entailed.", "It is neutral."}));
  EXPECT_EQ(judge(all), 2u) << "the same words on the same premise are one question";
  EXPECT_EQ(metric(all).n, 3);
  EXPECT_EQ(judge(all), 0u);
  EXPECT_EQ(judge(sentences(captions_of({"It is entailed. It is new and neutral."}))), 1u);
  EXPECT_EQ(judge_.asked.size(), 3u);
}

TEST_F(JudgedSentences, FailuresAreAskedAboutAgainOnRequestAlone) {
  const auto all = sentences(captions_of({"It is silent. It is odd. It is neutral."}));
  judge(all);
  judge_.healthy = true;
  EXPECT_EQ(judge(all), 0u);
  EXPECT_EQ(judge(all, true), 2u);
  EXPECT_EQ(metric(all).value, 1.0);
  EXPECT_EQ(metric(all).n, 3);
  EXPECT_THAT(metric(all).note, Not(HasSubstr("failed")));
}

TEST_F(JudgedSentences, GoOnWhereTheJudgeWasGone) {
  std::vector<std::string> texts;
  for (int i = 0; i < 20; ++i) {
    texts.push_back("Number " + std::to_string(i) +
                    (i % 3 == 0 ? " is neutral." : " is entailed."));
  }
  const auto all = sentences(captions_of(texts));
  judge_.gone_after = 9;
  EXPECT_EQ(error_of([&] { judge(all); }), "the judge is gone");
  EXPECT_EQ(store_.size(), 8u) << "all but the pair in which it went";
  EXPECT_THAT(metric(all).note, HasSubstr("12 not judged yet"));
  judge_.gone_after = SIZE_MAX;
  judge_.asked.clear();
  EXPECT_EQ(judge(all), 12u);
  const std::set<std::string> different(judge_.asked.begin(), judge_.asked.end());
  EXPECT_EQ(different.size(), 12u);
  EXPECT_NEAR(*metric(all).value, 7.0 / 20, 1e-15);
}

TEST_F(JudgedSentences, StopWhenAsked) {
  const auto all = sentences(captions_of({"It is neutral."}));
  stop_ = true;
  EXPECT_EQ(judge(all), 0u);
  EXPECT_FALSE(metric(all).value.has_value());
  EXPECT_THAT(metric(all).note, HasSubstr("1 not judged yet"));
}

TEST_F(JudgedSentences, TheKeyHoldsAllThatAVerdictDependsOn) {
  const std::vector<CaptionCase> captions = captions_of({"It is neutral."});
  const std::string key = sentences(captions).keys.at(0);
  EXPECT_EQ(sentences(captions).keys.at(0), key);
  std::vector<CaptionCase> changed = captions;
  changed[0].caption = "It is neutral!";
  EXPECT_NE(sentences(changed).keys.at(0), key);
  const std::vector<std::string> other = {"A dog."};
  changed = captions;
  changed[0].references = other;
  EXPECT_NE(sentences(changed).keys.at(0), key);
  (*judge_).description.identity = R"({"revision":"2"})";
  EXPECT_NE(sentences(captions).keys.at(0), key);
  (*judge_).description.identity = "{}";
  changed = captions_of({"", "It is neutral."});
  EXPECT_EQ(sentences(changed).keys.at(0), key) << "the sample is no part of it";
  EXPECT_EQ(sentences(changed).questions.at(0).id, "n1#0");
  EXPECT_EQ(sentences(changed).questions[0].premise, "A dog.\nA pet.");
}

/// A data set of one image.
class ImageDataset final : public Dataset {
 public:
  explicit ImageDataset(std::filesystem::path image) : image_(std::move(image)) {}
  std::size_t size() const override { return 1; }
  std::string id(std::size_t) const override { return "n0"; }
  std::uint32_t cluster(std::size_t) const override { return 0; }
  std::map<std::string, std::string> hashes() const override { return {}; }
  Request request(std::size_t) const override {
    Request request;
    request.images.push_back({.path = image_, .pixels = {}});
    return request;
  }

 private:
  std::filesystem::path image_;
};

TEST_F(JudgedSentences, TheKeyOfAJudgeThatLooksHoldsTheImagesContent) {
  const TemporaryFolder folder;
  const ImageDataset dataset(folder / "a.png");
  const std::vector<CaptionCase> captions = captions_of({"It is neutral."});
  JudgeDescription& judge = (*judge_).description;
  const auto key = [&] { return sentences_to_judge(judge, dataset, captions).keys.at(0); };
  const std::string blind = key();
  judge.looks_at_images = true;
  EXPECT_THAT(error_of(key),
              AllOf(HasSubstr("a.png"), HasSubstr("n0"), HasSubstr("--judge_text_only")));
  std::ofstream(folder / "a.png") << "one";
  const std::string first = key();
  EXPECT_NE(first, blind);
  std::ofstream(folder / "a.png") << "two";
  EXPECT_NE(key(), first);
}

}  // namespace
}  // namespace sightline
