#include "metrics/fidelity/precision_recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/parallel.h"
#include "metrics/fidelity/squared_distances.h"
#include "tests/metrics/fidelity/golden_features.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using testing::error_of;
using testing::Features;
using ::testing::HasSubstr;
using testing::random_features;

std::vector<double> slow_radii(const FeatureRows& rows, std::size_t k) {
  std::vector<double> radii;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    std::vector<double> distances;
    for (std::size_t j = 0; j < rows.count(); ++j) {
      distances.push_back(squared_distance(rows.row(i), rows.row(j)));
    }
    std::ranges::sort(distances);
    radii.push_back(distances[k]);
  }
  return radii;
}

std::int64_t slow_inside(const FeatureRows& points, const FeatureRows& centres, std::size_t k) {
  const std::vector<double> radii = slow_radii(centres, k);
  std::int64_t inside = 0;
  for (std::size_t i = 0; i < points.count(); ++i) {
    bool found = false;
    for (std::size_t j = 0; j < centres.count(); ++j) {
      found |= squared_distance(points.row(i), centres.row(j)) <= radii[j];
    }
    inside += found;
  }
  return inside;
}

/// Small whole numbers: many equal rows, equal distances and distances equal to radii.
Features ties(std::size_t rows, std::size_t width, std::uint64_t seed, float scale = 1) {
  Rng rng(seed);
  Features features{.width = width};
  for (std::size_t i = 0; i < rows * width; ++i) {
    features.values.push_back(scale * static_cast<float>(rng.between(0, 2)));
  }
  return features;
}

TEST(PrecisionRecallGolden, EqualsTorchFidelityAndAdm) {
  for (const auto& pair : testing::golden_pairs()) {
    SCOPED_TRACE(pair.name);
    for (const ManifoldRules rules : kAllManifoldRules) {
      const auto got = precision_recall(pair.y.rows(), pair.x.rows(), rules);
      for (const char* key :
           {"adm_f32_precision_recall_ref_x_sample_y", "adm_f64_precision_recall_ref_x_sample_y"}) {
        EXPECT_EQ(got.precision(), pair.want.at(key).at(0).get<double>()) << key;
        EXPECT_EQ(got.recall(), pair.want.at(key).at(1).get<double>()) << key;
      }
      // torch-fidelity's means are in float32.
      const auto& want = pair.want.at("torch_fidelity_precision_recall_real_x_gen_y");
      EXPECT_NEAR(got.precision(), want.at(0).get<double>(), 1e-7);
      EXPECT_NEAR(got.recall(), want.at(1).get<double>(), 1e-7);
    }
  }
}

TEST(PrecisionRecallGolden, RadiiAreThoseOfAdm) {
  for (const auto& pair : testing::golden_pairs()) {
    const auto radii = squared_radii(pair.x.rows(), 3);
    for (std::size_t i = 0; i < 5; ++i) {
      const double want = pair.want.at("adm_radii_ref_first5").at(i).get<double>();
      EXPECT_NEAR(radii[i], want, 2e-6 * want) << pair.name << " " << i;
    }
  }
}

TEST(SquaredRadii, EqualASlowDefinitionToTheLastBit) {
  const Features cases[] = {random_features(300, 17, 1), random_features(2100, 8, 2, 50.0),
                            ties(1300, 5, 3), ties(1100, 1, 4), ties(400, 9, 5, 0.1F)};
  for (const Features& features : cases) {
    for (const std::size_t k : {1U, 3U, 40U}) {
      EXPECT_EQ(squared_radii(features.rows(), k), slow_radii(features.rows(), k))
          << features.width << " " << k;
    }
  }
}

TEST(PrecisionRecall, EqualsASlowDefinitionWhereTiesAbound) {
  for (const float scale : {1.0F, 0.1F, 1e-25F, 1e-30F, 1e25F}) {
    for (const std::size_t width : {1U, 2U, 6U}) {
      SCOPED_TRACE(::testing::Message() << scale << " " << width);
      const Features generated = ties(1100, width, 1, scale), real = ties(150, width, 2, scale);
      const auto got = precision_recall(generated.rows(), real.rows(), ManifoldRules::kAdm);
      EXPECT_EQ(got.generated_inside, slow_inside(generated.rows(), real.rows(), 3));
      EXPECT_EQ(got.real_inside, slow_inside(real.rows(), generated.rows(), 3));
      EXPECT_EQ(got.generated, 1100);
      EXPECT_EQ(got.real, 150);
    }
  }
}

TEST(PrecisionRecall, OfASetAndItselfIsOne) {
  for (const Features& features : {random_features(1200, 30, 3, 100.0), ties(1200, 3, 4),
                                   Features{std::vector<float>(5000, 0.3F), 5}}) {
    for (const ManifoldRules rules : kAllManifoldRules) {
      const auto got = precision_recall(features.rows(), features.rows(), rules);
      EXPECT_EQ(got.precision(), 1);
      EXPECT_EQ(got.recall(), 1);
    }
  }
}

TEST(PrecisionRecall, OfDistantSetsIsZero) {
  const Features near = random_features(60, 4, 5), far = random_features(60, 4, 6, 1e6);
  const auto got = precision_recall(near.rows(), far.rows());
  EXPECT_EQ(got.precision(), 0);
  EXPECT_EQ(got.recall(), 0);
}

TEST(PrecisionRecall, SwappingTheSetsSwapsTheResults) {
  const Features x = random_features(1500, 6, 7), y = random_features(700, 6, 8, 0.8);
  const auto there = precision_recall(x.rows(), y.rows()),
             back = precision_recall(y.rows(), x.rows());
  EXPECT_EQ(there.generated_inside, back.real_inside);
  EXPECT_EQ(there.real_inside, back.generated_inside);
  EXPECT_GT(there.real_inside, 0);
  EXPECT_LT(there.generated_inside, 1500);
}

// A generated row on the very surface of a ball is in it: real rows 0, 1, 2, 3, 10 have the
// squared radii 9, 4, 4, 9, 81 for k = 3, so 13 is 10 + 3 away from 0 but within 9 of 10.
TEST(PrecisionRecall, TheSurfaceOfABallBelongsToIt) {
  const Features real{{0, 1, 2, 3, 10}, 1};
  const Features generated{{19, 19.5F, -3, -3.5F}, 1};
  EXPECT_THAT(squared_radii(real.rows(), 3), ::testing::ElementsAre(9, 4, 4, 9, 81));
  EXPECT_EQ(precision_recall(generated.rows(), real.rows()).generated_inside, 2);
}

TEST(PrecisionRecall, DoesNotDependOnTheNumberOfThreads) {
  const Features x = random_features(1500, 24, 7), y = random_features(1200, 24, 8, 0.6);
  set_thread_count(1);
  const auto one = squared_radii(x.rows(), 3);
  const auto counts = precision_recall(x.rows(), y.rows());
  set_thread_count(3);
  EXPECT_EQ(squared_radii(x.rows(), 3), one);
  const auto again = precision_recall(x.rows(), y.rows());
  set_thread_count(0);
  EXPECT_EQ(again.generated_inside, counts.generated_inside);
  EXPECT_EQ(again.real_inside, counts.real_inside);
}

TEST(DistanceBlocks, BoundsHoldTheDistance) {
  for (const double mean : {0.0, 1.0, 300.0}) {
    const Features a = random_features(40, 300, 1, mean), b = random_features(1030, 300, 2, mean);
    std::size_t pairs = 0;
    DistanceBlocks(a.rows(), b.rows()).for_each(false, [&](const DistanceBlocks::Block& block) {
      for (std::size_t i = block.a_begin; i < block.a_end; ++i) {
        for (std::size_t j = block.b_begin; j < block.b_end; ++j, ++pairs) {
          const DistanceBounds bounds = block.at(i, j);
          const double distance = squared_distance(a.rows().row(i), b.rows().row(j));
          ASSERT_LE(bounds.low, distance);
          ASSERT_GE(bounds.high, distance);
        }
      }
    });
    EXPECT_EQ(pairs, 40U * 1030U);
  }
}

TEST(PrecisionRecall, RefusesBadInput) {
  const Features good = random_features(4, 3, 1), narrow = random_features(6, 2, 2);
  const Features three = random_features(3, 3, 3), none{{}, 3};
  EXPECT_THAT(error_of([&] { precision_recall(good.rows(), narrow.rows()); }),
              HasSubstr("generated features have 3 values a row, real features have 2"));
  EXPECT_THAT(error_of([&] { precision_recall(good.rows(), three.rows()); }),
              HasSubstr("real features: 3 rows have no 3-th nearest other one"));
  EXPECT_THAT(error_of([&] { precision_recall(none.rows(), good.rows()); }),
              HasSubstr("generated features: 0 rows"));
  EXPECT_THAT(error_of([&] { squared_radii(good.rows(), 0); }), HasSubstr("k > 0"));
  Features bad = good;
  bad.values[11] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of([&] { precision_recall(good.rows(), bad.rows()); }),
              HasSubstr("real features: row 3, column 2 (both from 0) is nan"));
}

}  // namespace
}  // namespace sightline
