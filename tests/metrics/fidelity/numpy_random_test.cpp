#include "metrics/fidelity/numpy_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/metrics/fidelity/golden_features.h"
#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Indices = std::vector<std::size_t>;

TEST(NumpyRandomState, PermutesAsNumpy) {
  const auto& golden = testing::golden_results().at("inception_score");
  EXPECT_EQ(NumpyRandomState(2020).permutation(530), golden.at("shuffle_perm").get<Indices>());
}

TEST(NumpyRandomState, ChoosesAsNumpyDrawAfterDraw) {
  for (const auto& pair : testing::golden_pairs()) {
    NumpyRandomState random(2020);
    for (const auto& want : pair.want.at("kid_explicit_subsets").at("indices_x_y")) {
      EXPECT_EQ(random.choice(pair.x.rows().count(), 100), want.at(0).get<Indices>()) << pair.name;
      EXPECT_EQ(random.choice(pair.y.rows().count(), 100), want.at(1).get<Indices>()) << pair.name;
    }
  }
}

// numpy.random.RandomState(seed).permutation(10), of numpy 1.24.2.
TEST(NumpyRandomState, TakesAnySeed) {
  EXPECT_THAT(NumpyRandomState(0).permutation(10), ElementsAre(2, 8, 4, 9, 1, 6, 7, 3, 0, 5));
  EXPECT_THAT(NumpyRandomState(4294967295U).permutation(10),
              ElementsAre(6, 9, 5, 1, 8, 0, 7, 4, 2, 3));
}

TEST(NumpyRandomState, APermutationHoldsEverythingOnce) {
  for (const std::size_t n : {1U, 2U, 3U, 1000U}) {
    Indices got = NumpyRandomState(1).permutation(n), want(n);
    std::ranges::sort(got);
    std::iota(want.begin(), want.end(), 0U);
    EXPECT_EQ(got, want);
  }
  EXPECT_THAT(NumpyRandomState(1).permutation(0), IsEmpty());
}

TEST(NumpyRandomState, CannotChooseMoreThanThereIs) {
  EXPECT_EQ(NumpyRandomState(1).choice(3, 3).size(), 3U);
  EXPECT_THAT(error_of([] { NumpyRandomState(1).choice(3, 4); }),
              HasSubstr("cannot choose 4 of 3"));
}

}  // namespace
}  // namespace sightline
