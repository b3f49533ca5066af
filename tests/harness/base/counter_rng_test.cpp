#include "harness/base/counter_rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sightline {
namespace {

using Four = std::array<std::uint32_t, 4>;

TEST(Philox, GivesThePublishedAnswers) {
  // From the known-answer tests of its authors' library, Random123.
  constexpr std::uint32_t kOnes = 0xFFFFFFFFU;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Four{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Four{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
  EXPECT_EQ(philox({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, {0xA4093822, 0x299F31D0}),
            (Four{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}));
}

TEST(CounterStream, NumbersDependOnSeedIdAndPlaceAlone) {
  const CounterStream stream(7, "ILSVRC2012_val_00000001");
  std::vector<float> all(1000), parts(1000);
  stream.normals(0, all);
  for (std::size_t begin = 1000; begin > 0;) {  // backwards, in pieces of 1 to 13
    const std::size_t count = std::min<std::size_t>(begin, begin % 13 + 1);
    begin -= count;
    CounterStream(7, "ILSVRC2012_val_00000001")
        .normals(begin, std::span(parts).subspan(begin, count));
  }
  EXPECT_EQ(all, parts);
}

TEST(CounterStream, StreamsOfOtherSeedsAndIdsShareNothing) {
  std::vector<float> first(64), other(64);
  CounterStream(1, "a").normals(0, first);
  const std::vector<CounterStream> others{CounterStream(2, "a"), CounterStream(1, "b"),
                                          CounterStream(1, ""),
                                          CounterStream(std::uint64_t{1} << 32, "a")};
  for (const CounterStream& stream : others) {
    stream.normals(0, other);
    int equal = 0;
    for (std::size_t i = 0; i < first.size(); ++i) equal += first[i] == other[i];
    EXPECT_EQ(equal, 0);
  }
}

TEST(CounterStream, NumbersAreStandardNormal) {
  std::vector<float> numbers(200'000);
  CounterStream(3, "moments").normals(0, numbers);
  double sum = 0, squares = 0, cubes = 0, fourth = 0, neighbours = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double x = numbers[i];
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourth += x * x * x * x;
    if (i > 0) neighbours += x * numbers[i - 1];
  }
  const auto n = static_cast<double>(numbers.size());
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.015);
  EXPECT_NEAR(cubes / n, 0, 0.04);
  EXPECT_NEAR(fourth / n, 3, 0.1);
  EXPECT_NEAR(neighbours / n, 0, 0.01);
}

}  // namespace
}  // namespace sightline
