#include "metrics/fidelity/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/errors.h"

namespace sightline {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Features, AValueThatIsNotFiniteIsNamedByRowAndColumn) {
  for (const float bad : {kNaN, -kNaN, kInfinity, -kInfinity}) {
    for (const std::size_t place : {0U, 6U, 199999U}) {
      std::vector<float> values(200000, std::numeric_limits<float>::max());
      values[place] = bad;
      const std::size_t row = 10 + place / 4, column = place % 4;
      EXPECT_THAT(error_of([&] {
                    require_features({values, 4}, "real features", 10);
                  }),
                  AllOf(HasSubstr("real features: row " + std::to_string(row) + ", column " +
                                  std::to_string(column) + " "),
                        HasSubstr(std::isnan(bad) ? "nan" : "inf")));
    }
  }
}

TEST(Features, ExtremeFiniteValuesAreTaken) {
  const std::vector<float> values = {std::numeric_limits<float>::max(),
                                     std::numeric_limits<float>::lowest(),
                                     std::numeric_limits<float>::denorm_min(), -0.0F};
  EXPECT_EQ(error_of([&] { require_features({values, 2}, "features"); }), "no error");
  EXPECT_EQ(error_of([] { require_features({{}, 2}, "features"); }), "no error");
}

TEST(Features, RowsMustBeWholeAndOfOneWidth) {
  const std::vector<float> seven(7), eight(8);
  EXPECT_THAT(error_of([&] {
                require_features({seven, 4}, "features");
              }),
              HasSubstr("7 values are no whole rows of 4"));
  EXPECT_THAT(error_of([&] {
                require_features({seven, 0}, "features");
              }),
              HasSubstr("at least one value"));
  EXPECT_THAT(error_of([&] {
                require_comparable({eight, 4}, "real", {eight, 8}, "generated");
              }),
              HasSubstr("real have 4 values a row, generated have 8"));
}

}  // namespace
}  // namespace sightline
