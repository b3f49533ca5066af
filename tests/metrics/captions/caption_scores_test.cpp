#include "metrics/captions/caption_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-12;

struct Image {
  std::string candidate;
  std::vector<std::string> references;
};

json read_json(const std::string& name) {
  std::ifstream file(testing::data_path("captions/" + name));
  return json::parse(file);
}

void add(CaptionMetrics& metrics, const Image& image) {
  metrics.update(image.candidate,
                 std::vector<std::string_view>(image.references.begin(), image.references.end()));
}

CaptionMetrics metrics_of(std::span<const Image> images,
                          CaptionRules rules = CaptionRules::kPycocoevalcap) {
  CaptionMetrics metrics(rules);
  for (const Image& image : images) add(metrics, image);
  return metrics;
}

CaptionScores scores_of(std::span<const Image> images,
                        CaptionRules rules = CaptionRules::kPycocoevalcap) {
  return metrics_of(images, rules).compute();
}

void expect_corpus(const CaptionScores& scores, const json& want) {
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_NEAR(*scores.bleu[n], want["Bleu_" + std::to_string(n + 1)].get<double>(), kTolerance);
  }
  EXPECT_NEAR(*scores.rouge_l, want["ROUGE_L"].get<double>(), kTolerance);
  EXPECT_NEAR(*scores.cider, want["CIDEr"].get<double>(), kTolerance);
}

void expect_image(const CaptionScores& scores, std::size_t image, const json& want) {
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_NEAR(scores.image_bleu[n][image], want["Bleu_" + std::to_string(n + 1)].get<double>(),
                kTolerance);
  }
  EXPECT_NEAR(scores.image_rouge_l[image], want["ROUGE_L"].get<double>(), kTolerance);
  EXPECT_NEAR(scores.image_cider[image], want["CIDEr"].get<double>(), kTolerance);
}

/// The golden set: image ids in the order of the annotation file, and the images.
std::vector<std::pair<std::string, Image>> golden_images() {
  const json annotations = read_json("captions_val.json");
  std::map<std::int64_t, Image> by_id;
  for (const json& one : annotations["annotations"]) {
    by_id[one["image_id"]].references.push_back(one["caption"]);
  }
  for (const json& one : read_json("captions_results.json")) {
    by_id[one["image_id"]].candidate = one["caption"];
  }
  std::vector<std::pair<std::string, Image>> images;
  for (const json& one : annotations["images"]) {
    const std::int64_t id = one["id"];
    images.emplace_back(std::to_string(id), by_id.at(id));
  }
  return images;
}

void expect_golden(const std::string& file, CaptionRules rules) {
  const json want = read_json(file);
  CaptionMetrics metrics(rules);
  const auto images = golden_images();
  for (const auto& [id, image] : images) add(metrics, image);
  const CaptionScores scores = metrics.compute();
  expect_corpus(scores, want["corpus"]);
  ASSERT_EQ(want["per_image"].size(), images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    SCOPED_TRACE(images[i].first);
    expect_image(scores, i, want["per_image"].at(images[i].first));
  }
}

TEST(CaptionScores, AgreeWithPycocoevalcapOnTheGoldenSet) {
  expect_golden("expected_scores.json", CaptionRules::kPycocoevalcap);
}

TEST(CaptionScores, AgreeWithPycocoevalcapWithoutATokenizer) {
  expect_golden("expected_scores_no_tokenizer.json", CaptionRules::kNoTokenizer);
}

TEST(CaptionScores, AgreeWithPycocoevalcapOnTinySets) {
  for (const json& one : read_json("tiny_scorer_cases.json")) {
    SCOPED_TRACE(one.dump());
    std::vector<Image> images;
    for (const auto& [id, references] : one["refs"].items()) {
      images.push_back({one["cands"][id][0], references});
    }
    const CaptionScores scores = scores_of(images, CaptionRules::kNoTokenizer);
    expect_corpus(scores, one["corpus"]);
    std::size_t index = 0;
    for (const auto& [id, references] : one["refs"].items()) {
      expect_image(scores, index++, one["per_image"][id]);
    }
  }
}

TEST(CaptionScores, OfNoImagesAreUndefined) {
  const CaptionScores scores = CaptionMetrics().compute();
  EXPECT_FALSE(scores.bleu[0].has_value());
  EXPECT_FALSE(scores.rouge_l.has_value());
  EXPECT_FALSE(scores.cider.has_value());
  EXPECT_TRUE(scores.image_cider.empty());
}

TEST(CaptionScores, AnImageWithoutReferencesIsAnError) {
  CaptionMetrics metrics;
  EXPECT_THROW(metrics.update("a dog", {}), Error);
  EXPECT_EQ(metrics.images(), 0u);
}

TEST(CaptionScores, AnImageWithBrokenTextIsLeftOutWhole) {
  for (const CaptionRules rules : {CaptionRules::kPycocoevalcap, CaptionRules::kNoTokenizer}) {
    CaptionMetrics metrics(rules);
    const std::vector<std::string_view> references = {"a cat", "caf\xE9"};
    try {
      metrics.update("a dog", references);
      ADD_FAILURE() << "broken UTF-8 was accepted";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("reference caption 2"), std::string::npos)
          << error.what();
    }
    add(metrics, {"a dog runs", {"a dog runs"}});
    EXPECT_EQ(metrics.images(), 1u);
    EXPECT_NEAR(*metrics.compute().bleu[2], 1.0, 1e-6);
  }
}

TEST(CaptionScores, TheOnlyImageHasCiderZero) {
  const CaptionScores scores = scores_of(std::vector<Image>{{"a dog runs", {"a dog runs"}}});
  EXPECT_EQ(*scores.cider, 0.0);
  EXPECT_NEAR(*scores.bleu[2], 1.0, 1e-6);
}

// By hand: split("") is one empty word in ROUGE-L and none in BLEU and CIDEr.
TEST(CaptionScores, EmptyCaptions) {
  const std::vector<Image> images = {{"", {""}}, {"", {"a dog"}}, {"a dog", {""}}, {"x y", {"z"}}};
  const CaptionScores scores = scores_of(images);
  EXPECT_EQ(scores.image_rouge_l, (std::vector<double>{1, 0, 0, 0}));
  EXPECT_EQ(scores.image_cider, (std::vector<double>{0, 0, 0, 0}));
  EXPECT_EQ(scores.image_bleu[0][0], 0.0);  // the ratio of lengths is 1e-15 / 1e-9, exp(1 - 1e6)
  EXPECT_EQ(scores.image_bleu[0][1], 0.0);  // exp(1 - 1/5e-16) underflows
}

// "3 1/2 cups" is the words "3 1/2" (a no-break space inside) and "cups": two for ROUGE-L, which
// splits at single spaces, three for BLEU, which splits at all white space.
TEST(CaptionScores, ANoBreakSpacePartsWordsForBleuOnly) {
  const CaptionScores scores =
      scores_of(std::vector<Image>{{"3 1/2 cups", {"3 1/2 pies"}}, {"a", {"b"}}});
  EXPECT_NEAR(scores.image_bleu[0][0], 2.0 / 3.0, 1e-8);
  EXPECT_NEAR(scores.image_rouge_l[0], 0.5, 1e-15);
}

std::vector<Image> random_images(std::size_t count) {
  std::mt19937 random(3);
  const auto caption = [&random] {
    std::string text;
    const std::size_t words = random() % 15;
    for (std::size_t i = 0; i < words; ++i) {
      const auto word = static_cast<std::size_t>(std::sqrt(random() % 900));
      text += (i > 0 ? " " : "") + std::string("w") + std::string(word % 5, 'x') +
              static_cast<char>('a' + word % 26);
    }
    return text;
  };
  std::vector<Image> images(count);
  for (Image& image : images) {
    image.candidate = caption();
    const std::size_t references = 1 + random() % 5;
    for (std::size_t i = 0; i < references; ++i) image.references.push_back(caption());
  }
  return images;
}

void expect_same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i])) << i;
  }
}

void expect_same_scores(const CaptionScores& a, const CaptionScores& b) {
  for (std::size_t n = 0; n < 4; ++n) {
    expect_same_bits({*a.bleu[n]}, {*b.bleu[n]});
    expect_same_bits(a.image_bleu[n], b.image_bleu[n]);
  }
  expect_same_bits({*a.rouge_l, *a.cider}, {*b.rouge_l, *b.cider});
  expect_same_bits(a.image_rouge_l, b.image_rouge_l);
  expect_same_bits(a.image_cider, b.image_cider);
}

TEST(CaptionScores, MergingAnySplitEqualsOnePass) {
  const std::vector<Image> images = random_images(700);
  const CaptionScores whole = scores_of(images);
  for (const std::size_t parts : {2u, 3u, 50u, 700u}) {
    SCOPED_TRACE(parts);
    CaptionMetrics merged;
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t begin = part * images.size() / parts;
      const std::size_t end = (part + 1) * images.size() / parts;
      merged.merge(metrics_of(std::span(images).subspan(begin, end - begin)));
    }
    merged.merge(CaptionMetrics());
    expect_same_scores(merged.compute(), whole);
  }
}

// The reference puts all captions into one text of lines, so that such a caption would shift those
// behind it.
TEST(CaptionScores, ALineSeparatorInsideACaptionIsASpaceAndShiftsNoOther) {
  const std::vector<Image> plain = {{"a dog on a mat", {"the dog on a mat", "a red dog"}},
                                    {"two cats", {"two cats", "a cat"}}};
  for (const std::string separator : {"\n", "\r", "\r\n", "\v", "\f", "\u2028", "\u2029"}) {
    std::vector<Image> broken = plain;
    broken[0].candidate = "a dog" + separator + "on a mat";
    broken[0].references[1] = "a red" + separator + "dog";
    const CaptionScores scores = scores_of(broken), want = scores_of(plain);
    EXPECT_EQ(scores.image_cider, want.image_cider);
    EXPECT_EQ(scores.image_rouge_l, want.image_rouge_l);
    EXPECT_EQ(scores.image_bleu, want.image_bleu);
  }
}

TEST(CaptionScores, MergingOtherRulesIsAnError) {
  CaptionMetrics metrics(CaptionRules::kNoTokenizer);
  EXPECT_THROW(metrics.merge(CaptionMetrics()), Error);
}

TEST(CaptionScores, TheNumberOfThreadsDoesNotMatter) {
  const std::vector<Image> images = random_images(2000);
  set_thread_count(1);
  const CaptionScores one = scores_of(images);
  set_thread_count(5);
  const CaptionScores five = scores_of(images);
  set_thread_count(0);
  expect_same_scores(one, five);
}

TEST(CaptionScores, TheOrderOfReferencesDoesNotMatter) {
  std::vector<Image> images = random_images(200);
  const CaptionScores before = scores_of(images);
  for (Image& image : images) std::ranges::reverse(image.references);
  const CaptionScores after = scores_of(images);
  EXPECT_EQ(before.image_rouge_l, after.image_rouge_l);
  for (std::size_t n = 0; n < 4; ++n) EXPECT_EQ(before.image_bleu[n], after.image_bleu[n]);
  for (std::size_t i = 0; i < images.size(); ++i) {
    EXPECT_NEAR(before.image_cider[i], after.image_cider[i], kTolerance);
  }
}

TEST(CaptionScores, ScoresAreWithinTheirBoundsAndAReferenceItselfScoresHighest) {
  std::vector<Image> images = random_images(300);
  for (Image& image : images) image.references.insert(image.references.begin(), "p q r s t u v");
  const CaptionScores scores = scores_of(images);
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (std::size_t n = 0; n < 4; ++n) EXPECT_LE(scores.image_bleu[n][i], 1 + 1e-12);
    EXPECT_LE(scores.image_rouge_l[i], 1 + 1e-12);
    EXPECT_GE(scores.image_cider[i], 0);
    EXPECT_LE(scores.image_cider[i], 10 + 1e-9);
  }
  for (Image& image : images) image.candidate = image.references[0];
  const CaptionScores same = scores_of(images);
  for (std::size_t n = 0; n < 4; ++n) EXPECT_NEAR(*same.bleu[n], 1.0, 1e-6);
  EXPECT_NEAR(*same.rouge_l, 1.0, 1e-12);
}

// The definition of CIDEr, word for word and slowly.
double slow_cider(std::span<const Image> images, std::size_t index) {
  using Counts = std::map<std::vector<std::string>, double>;
  const auto count = [](const std::string& text, std::size_t n) {
    std::vector<std::string> words;
    std::istringstream stream(text);
    for (std::string word; stream >> word;) words.push_back(word);
    Counts counts;
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
      ++counts[{words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i + n)}];
    }
    return counts;
  };
  const auto total = [](const Counts& counts) {
    double sum = 0;
    for (const auto& [gram, times] : counts) sum += times;
    return sum;
  };
  double score = 0;
  for (std::size_t n = 1; n <= 4; ++n) {
    Counts frequency;
    for (const Image& image : images) {
      Counts seen;
      for (const std::string& reference : image.references) seen.merge(count(reference, n));
      for (const auto& [gram, times] : seen) ++frequency[gram];
    }
    const auto weigh = [&](Counts counts) {
      for (auto& [gram, weight] : counts) {
        const auto found = frequency.find(gram);
        const double df = found == frequency.end() ? 1.0 : std::max(1.0, found->second);
        weight *= std::log(static_cast<double>(images.size())) - std::log(df);
      }
      return counts;
    };
    const auto norm = [](const Counts& weights) {
      double squares = 0;
      for (const auto& [gram, weight] : weights) squares += weight * weight;
      return std::sqrt(squares);
    };
    const Counts candidate = weigh(count(images[index].candidate, n));
    for (const std::string& text : images[index].references) {
      Counts reference = weigh(count(text, n));
      double product = 0;
      for (const auto& [gram, weight] : candidate) {
        const double other = reference.count(gram) ? reference[gram] : 0.0;
        product += std::min(weight, other) * other;
      }
      const double norms = norm(candidate) * norm(reference);
      const double delta = total(count(images[index].candidate, 2)) - total(count(text, 2));
      score += (norms > 0 ? product / norms : product) * std::exp(-delta * delta / 72) /
               static_cast<double>(images[index].references.size());
    }
  }
  return score / 4 * 10;
}

TEST(CaptionScores, CiderAgreesWithASlowDefinition) {
  const std::vector<Image> images = random_images(60);
  const CaptionScores scores = scores_of(images, CaptionRules::kNoTokenizer);
  for (std::size_t i = 0; i < images.size(); ++i) {
    EXPECT_NEAR(scores.image_cider[i], slow_cider(images, i), 1e-11) << i;
  }
}

}  // namespace
}  // namespace sightline
