#include "metrics/fidelity/inception_score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/metrics/fidelity/golden_features.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::Features;
using ::testing::HasSubstr;

Features golden_logits() {
  return testing::read_features(testing::data_path("fid/is_logits530x96.npy"));
}

double golden(const std::string& variant, const std::string& key) {
  const auto& results = testing::golden_results().at("inception_score");
  return results.at(variant).at("inception_score_" + key).get<double>();
}

InceptionScoreValue score(const Features& logits, std::vector<std::size_t> splits) {
  InceptionScore score(std::move(splits), logits.width);
  score.update(logits.values);
  return score.compute();
}

/// Consecutive splits of `size` images.
std::vector<std::size_t> splits_of(std::size_t images, std::size_t size) {
  std::vector<std::size_t> splits(images);
  for (std::size_t i = 0; i < images; ++i) splits[i] = i / size;
  return splits;
}

TEST(InceptionScoreGolden, RulesOfTorchFidelity) {
  const Features logits = golden_logits();
  const auto value =
      inception_score(logits.values, logits.width, InceptionScoreRules::kTorchFidelity);
  EXPECT_NEAR(value.mean, golden("torch_fidelity_splits10_shuffle_seed2020", "mean"), 1e-13);
  EXPECT_NEAR(value.standard_deviation.value(),
              golden("torch_fidelity_splits10_shuffle_seed2020", "std"), 1e-13);
}

TEST(InceptionScoreGolden, RulesOfAdm) {
  const Features logits = golden_logits();
  const auto value = inception_score(logits.values, logits.width, InceptionScoreRules::kAdm);
  const auto& want = testing::golden_results().at("inception_score");
  EXPECT_NEAR(value.mean, want.at("adm_split_size5000").get<double>(), 1e-13);
  EXPECT_FALSE(value.standard_deviation.has_value());
  EXPECT_NEAR(score(logits, splits_of(530, 100)).mean, want.at("adm_split_size100").get<double>(),
              1e-13);
}

TEST(InceptionScoreGolden, OtherSplitsOfTorchFidelity) {
  const Features logits = golden_logits();
  const auto ten = score(logits, splits_of(530, 53)), one = score(logits, splits_of(530, 530));
  EXPECT_NEAR(ten.mean, golden("torch_fidelity_splits10_noshuffle", "mean"), 1e-13);
  EXPECT_NEAR(ten.standard_deviation.value(), golden("torch_fidelity_splits10_noshuffle", "std"),
              1e-13);
  EXPECT_NEAR(one.mean, golden("torch_fidelity_splits1_noshuffle", "mean"), 1e-13);
  EXPECT_EQ(one.standard_deviation, 0);
}

TEST(InceptionScore, SplitsOfAdmAreOf5000) {
  const auto splits = inception_score_splits(12001, InceptionScoreRules::kAdm);
  EXPECT_EQ(splits[4999], 0U);
  EXPECT_EQ(splits[5000], 1U);
  EXPECT_EQ(splits[12000], 2U);
}

TEST(InceptionScore, SplitsOfTorchFidelityDifferByOneImageAtMost) {
  for (const std::size_t images : {10U, 11U, 19U, 103U}) {
    std::vector<std::size_t> sizes(10);
    for (const std::size_t split :
         inception_score_splits(images, InceptionScoreRules::kTorchFidelity)) {
      ++sizes.at(split);
    }
    for (const std::size_t size : sizes) EXPECT_LE(size - images / 10, 1U);
  }
}

// Every image certain of another class: as many as there are classes. All alike: 1.
TEST(InceptionScore, IsBetweenOneAndTheNumberOfClasses) {
  Features certain{std::vector<float>(64, 0.0F), 8}, alike{std::vector<float>(64, 3.0F), 8};
  for (std::size_t i = 0; i < 8; ++i) certain.values[i * 9] = 1000.0F;
  const std::vector<std::size_t> one_split(8, 0);
  EXPECT_NEAR(score(certain, one_split).mean, 8, 1e-13);
  EXPECT_NEAR(score(alike, one_split).mean, 1, 1e-13);
}

TEST(InceptionScore, DoesNotDependOnAConstantAddedToAnImagesLogits) {
  Features logits{.width = 4};
  for (int i = 0; i < 80; ++i) logits.values.push_back(static_cast<float>(i * i % 17));
  Features moved = logits;
  for (std::size_t i = 0; i < moved.values.size(); ++i) {
    moved.values[i] += static_cast<float>(1024 * (i / 4));
  }
  const auto splits = splits_of(20, 5);
  EXPECT_EQ(score(moved, splits).mean, score(logits, splits).mean);
}

TEST(InceptionScore, UpdatesInPartsEqualOne) {
  const Features logits = golden_logits();
  InceptionScore whole(splits_of(530, 53), 96), parts(splits_of(530, 53), 96);
  whole.update(logits.values);
  for (std::size_t row = 0; row < 530; row += 10) {
    parts.update(logits.rows().rows(row, row + 10).values);
  }
  EXPECT_EQ(whole.split_scores(), parts.split_scores());
}

TEST(InceptionScore, RefusesBadInput) {
  const Features logits{std::vector<float>(40, 0.5F), 4};
  EXPECT_THAT(error_of([&] { score(logits, {}); }), HasSubstr("0 images"));
  EXPECT_THAT(error_of([&] { score(logits, {0, 2}); }), HasSubstr("no image is in split 1"));
  EXPECT_THAT(error_of([&] { score(logits, splits_of(9, 3)); }), HasSubstr("more than the 9"));
  EXPECT_THAT(error_of([&] { score(logits, splits_of(11, 3)); }), HasSubstr("10 of 11 images"));
  EXPECT_THAT(error_of([&] { inception_score(logits.values, 0, InceptionScoreRules::kAdm); }),
              HasSubstr("at least one value"));
  EXPECT_THAT(error_of([&] { inception_score(logits.values, 3, InceptionScoreRules::kAdm); }),
              HasSubstr("no whole rows of 3"));
  EXPECT_THAT(error_of([&] { inception_score({}, 3, InceptionScoreRules::kAdm); }),
              HasSubstr("0 images"));
  EXPECT_THAT(error_of([] {
                inception_score(std::vector<float>(9), 1, InceptionScoreRules::kTorchFidelity);
              }),
              HasSubstr("9 images: rules \"is/torch-fidelity\" make 10 splits"));
  Features bad = logits;
  bad.values[5] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(error_of([&] { inception_score(bad.values, 4, InceptionScoreRules::kAdm); }),
              HasSubstr("logits: row 1, column 1"));
}

}  // namespace
}  // namespace sightline
