#include "harness/media/interpolate_float.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/rng.h"

namespace sightline {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

const std::vector<float> kPlane = {3, -1, 4, 1, 5, -9, 2, 6, -5, 3, 5, 8};  // 3 x 4

struct PytorchCase {
  Interpolation interpolation;
  std::size_t height, width;
  std::vector<float> want;
};

// upsample_bilinear2d and upsample_bicubic2d of PyTorch 1.13 on the plane above, whose largest
// sample is 9: sums of another order differ by 1e-6 of that.
const PytorchCase kPytorch[] = {
    {Interpolation::kBilinear,
     2,
     3,
     {2.41666651F, 0.250000477F, 2.45833325F, -2.08333325F, 2.12500024F, 6.95833349F}},
    {Interpolation::kBicubic,
     2,
     3,
     {2.67855334F, -0.427123427F, 2.3762958F, -2.3555057F, 2.04919457F, 7.29805088F}},
    {Interpolation::kBilinear, 4, 5, {3.F,   0.199999809F, 1.5F,     3.09999967F, 1.F,
                                      4.25F, -2.92500043F, -1.625F,  3.1624999F,  4.125F,
                                      1.25F, -2.77500033F, -0.6875F, 4.2125001F,  6.75F,
                                      -5.F,  0.600000501F, 4.F,      5.9000001F,  8.F}},
    {Interpolation::kBicubic, 4, 5, {3.05584121F,  -0.0138087487F, 1.87953186F, 3.67014265F,
                                     0.428340048F, 6.15634966F,    -4.9439764F, -3.87229919F,
                                     3.91738868F,  4.0749507F,     2.05184388F, -4.48187256F,
                                     -2.43226624F, 5.01922083F,    7.53784847F, -6.29970455F,
                                     1.03948224F,  5.16184998F,    6.18158722F, 8.32144451F}},
};

TEST(InterpolatePlanes, HasPytorchsValues) {
  for (const PytorchCase& c : kPytorch) {
    SCOPED_TRACE(::testing::Message() << c.height << " x " << c.width);
    EXPECT_THAT(interpolate_planes(kPlane, {1, 3, 4}, c.height, c.width, c.interpolation),
                Pointwise(FloatNear(9e-6F), c.want));
  }
}

// Doubling: bilinear neighbours weigh 3/4 and 1/4; bicubic's, a = -0.75, at distances 1.25, 0.25,
// 0.75, 1.75 weigh -27/256, 225/256, 67/256, -9/256. The border sample is repeated.
TEST(InterpolatePlanes, WeighsNeighboursAsWorkedByHand) {
  const std::vector<float> row = {0, 0, 0, 256, 0, 0, 0};
  EXPECT_THAT(interpolate_planes(row, {1, 1, 7}, 1, 14, Interpolation::kBilinear),
              ::testing::ElementsAre(0, 0, 0, 0, 0, 64, 192, 192, 64, 0, 0, 0, 0, 0));
  EXPECT_THAT(interpolate_planes(row, {1, 1, 7}, 1, 14, Interpolation::kBicubic),
              ::testing::ElementsAre(0, 0, 0, -9, -27, 67, 225, 225, 67, -27, -9, 0, 0, 0));
  EXPECT_THAT(
      interpolate_planes(std::vector<float>{256, 0}, {1, 2, 1}, 4, 1, Interpolation::kBicubic),
      ::testing::ElementsAre(256 + 27, 225 - 27, 67 - 9, -27));
}

TEST(InterpolatePlanes, OfTheSameSizeIsACopy) {
  for (const Interpolation way : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    EXPECT_EQ(interpolate_planes(kPlane, {1, 3, 4}, 3, 4, way), kPlane);
  }
}

TEST(InterpolatePlanes, TakesEachPlaneAlone) {
  Rng rng(7);
  const PlaneShape shape{5, 4, 6};
  std::vector<float> values(shape.count());
  for (float& value : values) value = static_cast<float>(rng.between(-1000, 1000)) / 64;
  for (const Interpolation way : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    const std::vector<float> all = interpolate_planes(values, shape, 7, 5, way);
    std::vector<float> singly;
    for (std::size_t plane = 0; plane < 5; ++plane) {
      const std::vector<float> one =
          interpolate_planes(std::span(values).subspan(plane * 24, 24), {1, 4, 6}, 7, 5, way);
      singly.insert(singly.end(), one.begin(), one.end());
    }
    EXPECT_EQ(all, singly);
  }
}

// The float weights of a side add up to 1 within 1e-6.
TEST(InterpolatePlanes, KeepsAConstant) {
  for (const Interpolation way : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const std::size_t size : {1U, 2U, 9U, 31U}) {
      EXPECT_THAT(interpolate_planes(std::vector<float>(12, 3.5F), {1, 3, 4}, size, size + 1, way),
                  ::testing::Each(::testing::FloatNear(3.5F, 7e-6F)));
    }
  }
}

TEST(InterpolatePlanes, RefusesEmptyAndWrongShapes) {
  const auto run = [](PlaneShape shape, std::size_t height, std::size_t width) {
    return interpolate_planes(kPlane, shape, height, width, Interpolation::kBilinear);
  };
  EXPECT_THROW(run({1, 3, 5}, 2, 2), Error);
  EXPECT_THROW(run({0, 3, 4}, 2, 2), Error);
  EXPECT_THROW(run({1, 3, 4}, 0, 2), Error);
  EXPECT_THROW(run({1, 3, 4}, 2, 0), Error);
}

}  // namespace
}  // namespace sightline
