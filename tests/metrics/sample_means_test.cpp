#include "metrics/sample_means.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "harness/base/error.h"
#include "metrics/statistics.h"

namespace sightline {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Sample {
  std::uint32_t cluster;
  std::vector<double> values;
  std::vector<std::string_view> groups;
};

SampleMeans means_of(std::span<const Sample> samples) {
  SampleMeans means({"acc", "iou"}, {"type", "split"});
  for (const Sample& s : samples) means.update(s.cluster, s.values, s.groups);
  return means;
}

const std::vector<Sample> kSamples = {
    {0, {1, 0.5}, {"a", "val"}},
    {0, {0, kNone}, {"b", "val"}},
    {1, {1, 0.25}, {"a", "val"}},
    {2, {0, kNone}, {"c", "val"}},
};

TEST(SampleMeans, AreMeansWithClusteredErrors) {
  const SampleMeans means = means_of(kSamples);
  EXPECT_EQ(means.size(), 4U);
  const MetricValue accuracy = means.metric(0);
  EXPECT_EQ(accuracy.key, "acc");
  EXPECT_EQ(accuracy.value, 0.5);
  EXPECT_EQ(accuracy.n, 4);
  // Residuals .5 -.5 | .5 | -.5: cluster sums 0, .5, -.5; 3/2 * 0.5 / 16.
  EXPECT_DOUBLE_EQ(accuracy.standard_error.value(), std::sqrt(0.75) / 4);
}

TEST(SampleMeans, LeaveOutWhatIsUndefined) {
  const MetricValue iou = means_of(kSamples).metric(1);
  EXPECT_EQ(iou.value, 0.375);
  EXPECT_EQ(iou.n, 2);
  EXPECT_DOUBLE_EQ(iou.standard_error.value(), 0.125);
}

TEST(SampleMeans, OfNothingAreUndefined) {
  const std::vector<Sample> undefined = {{0, {1, kNone}, {"a", "val"}}};
  for (const SampleMeans& means : {means_of({}), means_of(undefined)}) {
    EXPECT_EQ(means.metric(1).value, std::nullopt);
    EXPECT_EQ(means.metric(1).standard_error, std::nullopt);
    EXPECT_EQ(means.metric(1).n, 0);
  }
  EXPECT_TRUE(means_of({}).breakdowns().empty());
}

TEST(SampleMeans, InfiniteMeansHaveNoError) {
  SampleMeans means({"psnr"});
  const double values[] = {30, std::numeric_limits<double>::infinity()};
  means.update(0, std::span(values, 1));
  means.update(1, std::span(values + 1, 1));
  EXPECT_TRUE(std::isinf(means.metric(0).value.value()));
  EXPECT_EQ(means.metric(0).standard_error, std::nullopt);
}

TEST(SampleMeans, BreakdownsAreMeansOfTheirGroups) {
  const Breakdowns breakdowns = means_of(kSamples).breakdowns();
  ASSERT_EQ(breakdowns.size(), 2U);
  const auto& types = breakdowns.at("type");
  ASSERT_EQ(types.size(), 3U);
  EXPECT_EQ(types.at("a").n, 2);
  EXPECT_EQ(types.at("a").values.at("acc"), 1);
  EXPECT_EQ(types.at("a").values.at("iou"), 0.375);
  EXPECT_EQ(types.at("b").n, 1);
  EXPECT_EQ(types.at("b").values.at("acc"), 0);
  EXPECT_FALSE(types.at("b").values.contains("iou")) << "undefined in all of the group";
  EXPECT_EQ(breakdowns.at("split").at("val").values.at("acc"), 0.5);
  EXPECT_EQ(breakdowns.at("split").at("val").values.at("iou"), 0.375);
}

std::vector<Sample> random_samples(std::size_t count, std::mt19937& random) {
  static const std::string_view kTypes[] = {"yes/no", "number", "other"};
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = std::uniform_real_distribution<>(0, 1)(random);
    samples.push_back({static_cast<std::uint32_t>(random() % (1 + count / 3)),
                       {value, random() % 5 == 0 ? kNone : value * 0.1},
                       {kTypes[random() % 3], random() % 2 == 0 ? "val" : "test"}});
  }
  return samples;
}

void expect_same(const SampleMeans& a, const SampleMeans& b) {
  for (std::size_t key = 0; key < 2; ++key) {
    EXPECT_EQ(a.metric(key).value, b.metric(key).value);
    EXPECT_EQ(a.metric(key).standard_error, b.metric(key).standard_error);
    EXPECT_EQ(a.metric(key).n, b.metric(key).n);
  }
  const Breakdowns left = a.breakdowns(), right = b.breakdowns();
  ASSERT_EQ(left.size(), right.size());
  for (const auto& [dimension, groups] : left) {
    ASSERT_EQ(groups.size(), right.at(dimension).size());
    for (const auto& [name, group] : groups) {
      EXPECT_EQ(group.n, right.at(dimension).at(name).n);
      EXPECT_EQ(group.values, right.at(dimension).at(name).values) << name;
    }
  }
}

TEST(SampleMeans, MergingAnySplitIsOnePassToTheLastBit) {
  std::mt19937 random(20240611);
  for (int round = 0; round < 50; ++round) {
    const std::vector<Sample> samples = random_samples(1 + random() % 60, random);
    SampleMeans merged = means_of({});
    for (std::size_t begin = 0; begin < samples.size();) {
      const std::size_t size = std::min<std::size_t>(random() % 20, samples.size() - begin);
      merged.merge(means_of(std::span(samples).subspan(begin, size)));
      begin += size;
    }
    expect_same(merged, means_of(samples));
    EXPECT_EQ(merged.size(), samples.size());
  }
}

TEST(SampleMeans, MetricsAgreeWithTheStatisticsOfTheirValues) {
  std::mt19937 random(5);
  const std::vector<Sample> samples = random_samples(200, random);
  std::vector<double> values;
  std::vector<std::uint32_t> clusters;
  for (const Sample& sample : samples) {
    values.push_back(sample.values[0]);
    clusters.push_back(sample.cluster);
  }
  const SampleMeans means = means_of(samples);
  EXPECT_EQ(means.metric(0).value, mean(values));
  EXPECT_EQ(means.metric(0).standard_error, clustered_standard_error(values, clusters));
  EXPECT_TRUE(std::ranges::equal(means.values(0), values));
}

TEST(SampleMeans, RefuseWhatDoesNotFit) {
  SampleMeans means({"acc"}, {"type"});
  const double two[] = {1, 2};
  const std::string_view types[] = {"a", "b"};
  EXPECT_THROW(means.update(0, two, std::span(types, 1)), Error);
  EXPECT_THROW(means.update(0, std::span(two, 1), types), Error);
  EXPECT_THROW(means.update(0, std::span(two, 1)), Error);
  EXPECT_EQ(means.size(), 0U) << "a refused sample leaves nothing behind";
  EXPECT_THROW(means.merge(SampleMeans({"acc"})), Error);
  EXPECT_THROW(means.merge(SampleMeans({"iou"}, {"type"})), Error);
}

}  // namespace
}  // namespace sightline
