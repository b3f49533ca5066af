#include "harness/engine/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "harness/base/error.h"
#include "tests/support/fake_task.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;

const testing::NumberDataset kTen(10);

TEST(SelectSamples, ShardsAreDisjointAndCoverEverything) {
  for (std::size_t count = 1; count <= 12; ++count) {
    std::multiset<std::size_t> seen;
    for (std::size_t index = 1; index <= count; ++index) {
      const auto part = select_samples(kTen, {.shard = {index, count}});
      seen.insert(part.begin(), part.end());
    }
    EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)) << count;
  }
}

TEST(SelectSamples, ALimitIsDrawnBeforeTheShards) {
  const SelectionSettings limited{.limit = "6", .seed = 3};
  const auto whole = select_samples(kTen, limited);
  EXPECT_EQ(whole.size(), 6U);
  std::set<std::size_t> together;
  for (std::size_t index = 1; index <= 2; ++index) {
    SelectionSettings part = limited;
    part.shard = {index, 2};
    for (const std::size_t sample : select_samples(kTen, part)) together.insert(sample);
  }
  EXPECT_EQ(together, std::set<std::size_t>(whole.begin(), whole.end()));
}

TEST(SelectSamples, IdsAreTakenInDataSetOrderOnce) {
  EXPECT_THAT(select_samples(kTen, {.samples = {"n7", "n2", "n7"}}), ElementsAre(2, 7));
}

TEST(SelectSamples, RefusesWhatMakesNoSense) {
  for (const char* limit : {"0", "-1", "many", "1.5", "3x", "nan"}) {
    EXPECT_THROW(select_samples(kTen, {.limit = limit}), UsageError) << limit;
  }
  for (const char* shard : {"", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "1/2x", "-1/2"}) {
    EXPECT_THROW(parse_shard(shard), UsageError) << shard;
  }
}

TEST(SelectSamples, ALimitBeyondTheEndTakesAll) {
  EXPECT_EQ(select_samples(kTen, {.limit = "100"}).size(), 10U);
  EXPECT_EQ(select_samples(kTen, {.limit = "0.0001"}).size(), 1U);
}

TEST(ParseSampleIds, TakesAListOrAFile) {
  EXPECT_THAT(parse_sample_ids("a, b,c"), ElementsAre("a", "b", "c"));
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "ids") << "a\r\nb\n\n c \n";
  EXPECT_THAT(parse_sample_ids((folder / "ids").string()), ElementsAre("a", "b", "c"));
  EXPECT_THROW(parse_sample_ids(" , "), UsageError);
}

}  // namespace
}  // namespace sightline
