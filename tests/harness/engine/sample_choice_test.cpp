#include "harness/engine/sample_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

RunScores run_of(std::size_t run, const std::vector<double>& scores) {
  RunScores made{.run = run, .samples = {}};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    made.samples.push_back({.id = std::string(1, static_cast<char>('a' + i)),
                            .index = i,
                            .failed = false,
                            .score = scores[i]});
  }
  return made;
}

std::vector<std::string> ids(const std::vector<SampleChoice::Flip>& flips) {
  std::vector<std::string> found;
  for (const SampleChoice::Flip& flip : flips) found.push_back(flip.id);
  return found;
}

TEST(SampleChoice, OfOneRunTheLowestScoresComeFirst) {
  const std::vector<RunScores> runs = {run_of(0, {0.5, 0.1, 0.9, kNone, 0.3})};
  EXPECT_THAT(choose_samples(runs, true, 3).worst, ElementsAre("b", "e", "a"));
  EXPECT_THAT(choose_samples(runs, false, 2).worst, ElementsAre("c", "a"));
  EXPECT_THAT(choose_samples(runs, true, 100).worst, ElementsAre("b", "e", "a", "c", "d"));
  EXPECT_THAT(choose_samples(runs, true, 0).worst, IsEmpty());
  EXPECT_THAT(choose_samples({}, true, 5).worst, IsEmpty());
}

TEST(SampleChoice, LossesComeBeforeGainsAndEachSampleOnce) {
  const std::vector<RunScores> runs = {run_of(0, {1, 1, 0, 0.5, 0.2, kNone}),
                                       run_of(1, {0, 0.9, 1, 0.5, 0.6, 1})};
  const SampleChoice choice = choose_samples(runs, true, 8);
  EXPECT_THAT(ids(choice.losses), ElementsAre("a", "b"));
  EXPECT_THAT(ids(choice.gains), ElementsAre("c", "e"));
  EXPECT_EQ(choice.losses[0].change, -1);
  EXPECT_EQ(choice.losses[0].run, 1U);
  EXPECT_THAT(choice.worst, ElementsAre("d", "f"));
  const SampleChoice reversed = choose_samples(runs, false, 8);
  EXPECT_THAT(ids(reversed.losses), ElementsAre("c", "e"));
}

TEST(SampleChoice, GainsTakeThePlacesThatLossesLeave) {
  const std::vector<RunScores> gains = {run_of(0, std::vector<double>(20, 0)),
                                        run_of(1, std::vector<double>(20, 1))};
  EXPECT_THAT(choose_samples(gains, true, 16).gains, SizeIs(8));
  const std::vector<RunScores> both = {run_of(0, {0, 0, 0, 0, 1, 1, 1, 1}),
                                       run_of(1, {1, 1, 1, 1, 0, 0, 0, 0})};
  EXPECT_THAT(choose_samples(both, true, 8).losses, SizeIs(2));
  EXPECT_THAT(choose_samples(both, true, 8).gains, SizeIs(2));
}

TEST(SampleChoice, RunsOfAnotherProtocolHaveNoFlips) {
  std::vector<RunScores> runs = {run_of(0, {1, 0}), run_of(1, {0, 1})};
  runs[1].comparable = false;
  const SampleChoice choice = choose_samples(runs, true, 4);
  EXPECT_THAT(choice.losses, IsEmpty());
  EXPECT_THAT(choice.worst, SizeIs(2));
}

TEST(SampleChoice, FailedSamplesHaveAnEighthOfThePlaces) {
  RunScores run = run_of(0, std::vector<double>(24, 0));
  for (std::size_t i = 0; i < 10; ++i) run.samples[i].failed = true;
  const SampleChoice choice = choose_samples({run}, true, 16);
  EXPECT_THAT(choice.failed, SizeIs(2));
  EXPECT_THAT(choice.worst, SizeIs(14));
}

TEST(SampleChoice, EqualScoresAreSpreadOverTheDataSetAndAlwaysTheSame) {
  RunScores run{.run = 0, .samples = {}};
  for (std::size_t i = 0; i < 10'000; ++i) {
    run.samples.push_back({.id = std::to_string(i), .index = i, .failed = false, .score = 0});
  }
  const SampleChoice choice = choose_samples({run}, true, 48);
  EXPECT_EQ(choice.worst, choose_samples({run}, true, 48).worst);
  std::set<int> tenths;
  for (const std::string& id : choice.worst) tenths.insert(std::stoi(id) / 1000);
  EXPECT_GE(tenths.size(), 8U);
}

}  // namespace
}  // namespace sightline
