#include "metrics/captions/resampled_captions.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "harness/base/parallel.h"
#include "tests/support/intervals.h"

namespace sightline {
namespace {

struct Image {
  std::string candidate, reference;
};

std::string random_caption(std::mt19937& random) {
  const std::vector<std::string> words = {"a", "dog", "cat", "on", "the", "red", "mat", "sits"};
  std::string caption = "a";
  for (std::size_t i = random() % 9; i > 0; --i) caption += " " + words[random() % words.size()];
  return caption;
}

std::vector<Image> random_images(std::size_t count) {
  std::mt19937 random(5);
  std::vector<Image> images;
  for (std::size_t i = 0; i < count; ++i) {
    std::string candidate = random_caption(random);
    images.push_back({std::move(candidate), random_caption(random)});
  }
  return images;
}

CaptionScores scores_of(const std::vector<Image>& images) {
  CaptionMetrics metrics;
  for (const Image& image : images) {
    const std::string_view references[] = {image.reference};
    metrics.update(image.candidate, references);
  }
  return metrics.compute();
}

std::map<std::string, double> numbers_of(const CaptionScores& scores) {
  return {{"bleu1", *scores.bleu[0]}, {"bleu2", *scores.bleu[1]},   {"bleu3", *scores.bleu[2]},
          {"bleu4", *scores.bleu[3]}, {"rouge_l", *scores.rouge_l}, {"cider", *scores.cider}};
}

// Scores every replicate as a set of its own, in which an image may stand several times. Only
// CIDEr, whose document frequencies stay, is put together from the images' own values.
TEST(CaptionIntervals, AreThoseOfScoringEachReplicateAnew) {
  const std::vector<Image> images = random_images(37);
  const CaptionScores scores = scores_of(images);
  const Bootstrap bootstrap{.replicates = 50, .seed = 3};
  std::map<std::string, std::vector<double>> want;
  for (std::size_t replicate = 0; replicate < bootstrap.replicates; ++replicate) {
    const auto weights = bootstrap_weights(images.size(), bootstrap.seed, replicate);
    std::vector<Image> drawn;
    double cider = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
      drawn.insert(drawn.end(), weights[i], images[i]);
      cider += weights[i] * scores.image_cider[i];
    }
    std::map<std::string, double> numbers = numbers_of(scores_of(drawn));
    numbers["cider"] = cider / static_cast<double>(images.size());
    for (const auto& [key, value] : numbers) want[key].push_back(value);
  }
  const auto intervals = intervals_of(bootstrap_captions(scores, bootstrap));
  ASSERT_EQ(intervals.size(), 6u);
  for (const auto& [key, interval] : intervals) {
    SCOPED_TRACE(key);
    const Interval expected = *centred_interval(numbers_of(scores).at(key), want.at(key), {0, 10});
    EXPECT_NEAR(interval.low, expected.low, 1e-12);
    EXPECT_NEAR(interval.high, expected.high, 1e-12);
    EXPECT_LT(interval.low, numbers_of(scores).at(key));
    EXPECT_GT(interval.high, numbers_of(scores).at(key));
  }
}

TEST(CaptionIntervals, DoNotDependOnTheNumberOfThreads) {
  const CaptionScores scores = scores_of(random_images(100));
  const Bootstrap bootstrap{.replicates = 30};
  const auto intervals = intervals_of(bootstrap_captions(scores, bootstrap));
  for (const std::size_t threads : {1, 3}) {
    set_thread_count(threads);
    EXPECT_EQ(intervals_of(bootstrap_captions(scores, bootstrap)), intervals);
  }
  set_thread_count(0);
}

TEST(CaptionIntervals, EqualImagesHaveNoSpread) {
  const CaptionScores scores = scores_of(std::vector<Image>(5, {"a dog sits", "a dog sits down"}));
  for (const auto& [key, interval] : intervals_of(bootstrap_captions(scores, {.replicates = 10}))) {
    EXPECT_NEAR(interval.low, interval.high, 1e-12) << key;
  }
}

TEST(CaptionIntervals, OfNoImagesThereAreNone) {
  EXPECT_TRUE(
      intervals_of(bootstrap_captions(CaptionMetrics().compute(), {.replicates = 10})).empty());
}

}  // namespace
}  // namespace sightline
