#include "harness/engine/sentence_ratings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "tests/support/bad_json.h"
#include "tests/support/errors.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

CaptionCase caption(const std::string& id, const std::string& text) {
  return {.index = 0, .id = id, .caption = text, .references = {}};
}

const std::vector<CaptionCase> kCaptions = {caption("a", "A dog sits. It sleeps."),
                                            caption("b", ""), caption("c", "One cat.")};

json rating(const std::string& id, int index, const std::string& sentence, const std::string& rater,
            const std::string& said) {
  return {{"example_id", id},
          {"index", index},
          {"sentence", sentence},
          {"rater", rater},
          {"rating", said}};
}

class SentenceRatings : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::vector<json>& lines) {
    std::string text;
    for (const json& line : lines) text += line.dump() + "\n";
    write_file_atomically(file_, text);
    return file_;
  }
  std::string error_for(const std::vector<json>& lines) {
    return error_of([&] { rate_captions(write(lines), kCaptions); });
  }
  static const MetricValue& find(const std::vector<MetricValue>& metrics, const std::string& key) {
    return *std::ranges::find(metrics, key, &MetricValue::key);
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "ratings.jsonl";
};

TEST_F(SentenceRatings, AgreeWithTheGolden) {
  std::ifstream stream(testing::data_path("captions/nes_cases.json"));
  const json golden = json::parse(stream);
  std::vector<CaptionCase> captions;
  std::vector<json> lines;
  std::size_t sentences = 0;
  for (std::size_t c = 0; c < golden["ratings"].size(); ++c) {
    const std::string id = "qual_dev_" + std::to_string(c);
    std::string text;
    for (std::size_t s = 0; s < golden["ratings"][c].size(); ++s, ++sentences) {
      const std::string sentence = "Sentence " + std::to_string(s) + ".";
      text += sentence + "  ";
      const json& ratings = golden["ratings"][c][s];
      for (std::size_t r = 0; r < ratings.size(); ++r) {
        lines.push_back(rating(id, static_cast<int>(s), sentence, std::to_string(r), ratings[r]));
      }
    }
    captions.push_back(caption(id, text));
  }
  std::ranges::reverse(lines);  // their order in the file does not matter
  const auto metrics = rate_captions(write(lines), captions);
  const auto near = [&](const std::string& key, double want) {
    EXPECT_NEAR(*find(metrics, key).value, want, 1e-14) << key;
  };
  near("nes", golden["nes_over_all"].get<double>() / 100);
  near("nes_assessable", golden["nes_over_assessable"].get<double>() / 100);
  near("nes_unanimous", golden["binary_agreement"].get<double>());
  EXPECT_TRUE(find(metrics, "nes_kappa").value.has_value());
  EXPECT_EQ(find(metrics, "nes").n, static_cast<std::int64_t>(sentences));
  EXPECT_GT(*find(metrics, "nes").standard_error, 0);
  EXPECT_THAT(find(metrics, "nes").note,
              AllOf(HasSubstr("5 ratings a sentence"),
                    HasSubstr(std::to_string(captions.size()) + " images")));
}

TEST_F(SentenceRatings, SentencesWithoutARatingAreLeftOutAndCounted) {
  const auto metrics = rate_captions(write({rating("a", 1, "It sleeps.", "x", "neutral"),
                                            rating("c", 0, "One cat.", "x", "entailment"),
                                            rating("c", 0, "One cat.", "y", "entailment")}),
                                     kCaptions);
  EXPECT_EQ(find(metrics, "nes").value, 0.5);
  EXPECT_EQ(find(metrics, "nes").n, 2);
  EXPECT_THAT(find(metrics, "nes").note,
              AllOf(HasSubstr("1 to 2 ratings"), HasSubstr("2 sentences of 2 images"),
                    HasSubstr("1 further sentences have no rating")));
  EXPECT_FALSE(find(metrics, "nes_kappa").value.has_value());
  EXPECT_THAT(find(metrics, "nes_kappa").note, HasSubstr("equally many ratings"));
}

TEST_F(SentenceRatings, OfOtherCaptionsAreRefusedSayingWhere) {
  const json good = rating("a", 0, "A dog sits.", "x", "neutral");
  EXPECT_THAT(error_for({good, rating("a", 1, "It barks.", "x", "neutral")}),
              AllOf(HasSubstr("ratings.jsonl: line 2"), HasSubstr("sentence 1"), HasSubstr(" a,"),
                    HasSubstr("It barks."), HasSubstr("It sleeps.")));
  EXPECT_THAT(error_for({rating("z", 0, "A dog sits.", "x", "neutral")}),
              AllOf(HasSubstr("line 1"), HasSubstr("'z'"), HasSubstr("lacks")));
  for (const int index : {-1, 2}) {
    EXPECT_THAT(error_for({rating("a", index, "A dog sits.", "x", "neutral")}),
                AllOf(HasSubstr("'index'"), HasSubstr("2 sentences")));
  }
  EXPECT_THAT(error_for({rating("b", 0, "", "x", "neutral")}), HasSubstr("0 sentences"));
  EXPECT_THAT(error_for({good, good}),
              AllOf(HasSubstr("line 2"), HasSubstr("rated this sentence")));
  EXPECT_THAT(error_for({rating("a", 0, "A dog sits.", "x", "true")}),
              AllOf(HasSubstr("'rating'"), HasSubstr("line 1"), HasSubstr("want entailment")));
}

TEST_F(SentenceRatings, ReaderRefusesWhatIsBroken) {
  using testing::FieldKind;
  testing::expect_reader_refuses_what_is_broken(
      {.name = "ratings",
       .file = "ratings.jsonl",
       .good = {rating("a", 0, "A dog sits.", "x", "neutral"),
                rating("a", 1, "It sleeps.", "x", "nothing")},
       .lines = true,
       .fields = {{"/0", "example_id", FieldKind::kId},
                  {"/0", "index", FieldKind::kInteger},
                  {"/1", "sentence", FieldKind::kText},
                  {"/1", "rater", FieldKind::kId},
                  {"/1", "rating", FieldKind::kText}},
       .read = [](const auto& path) { rate_captions(path, kCaptions); }});
}

TEST_F(SentenceRatings, WhatIsWrittenForRatersFitsTheirRatings) {
  const std::vector<CaptionCase> captions = {caption("a\"b", "He said \"Go.\" (No.) \u00e9t\u00e9"),
                                             caption("e", " "), caption("f", "X\ny. Z")};
  write_sentences(captions, folder_ / "sentences.jsonl");
  std::vector<json> lines;
  std::ifstream stream(folder_ / "sentences.jsonl");
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(json::parse(line));
    lines.back()["rater"] = 7;
    lines.back()["rating"] = "entailment";
  }
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[3]["example_id"], "f");
  EXPECT_EQ(lines[3]["index"], 1);
  EXPECT_EQ(lines[3]["sentence"], "Z");
  EXPECT_EQ(find(rate_captions(write(lines), captions), "nes").value, 0.0);
}

}  // namespace
}  // namespace sightline
