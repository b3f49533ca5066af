#include "models/api/geometry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;
using Numbers = std::array<double, 4>;

TEST(Geometry, ReadsUnitOrderFrameAndBudget) {
  const BoxGeometry geometry =
      parse_geometry("pixels:yxyx:smart_resize:factor=32:min_pixels=1024:max_pixels=4096");
  EXPECT_EQ(geometry.unit, BoxGeometry::Unit::kPixels);
  EXPECT_EQ(geometry.order, BoxGeometry::Order::kYxyx);
  EXPECT_EQ(geometry.frame, BoxGeometry::Frame::kSmartResize);
  EXPECT_EQ(geometry.factor, 32);
  EXPECT_EQ(geometry.min_pixels, 1024);
  EXPECT_EQ(geometry.max_pixels, 4096);
}

TEST(Geometry, LeavesOutWhatHasADefault) {
  const BoxGeometry geometry = parse_geometry("norm1000");
  EXPECT_EQ(geometry.order, BoxGeometry::Order::kXyxy);
  EXPECT_EQ(geometry.frame, BoxGeometry::Frame::kOriginal);
  EXPECT_EQ(parse_geometry("unit:padded_square").frame, BoxGeometry::Frame::kPaddedSquare);
}

TEST(Geometry, PrintsWhatItReads) {
  for (const std::string unit : {"pixels", "unit", "norm999", "norm1000", "bins1024"}) {
    for (const std::string order : {"xyxy", "yxyx", "xywh", "cxcywh"}) {
      for (const std::string frame :
           {"original", "padded_square", "smart_resize:factor=14:min_pixels=10:max_pixels=20"}) {
        const std::string text = unit + ":" + order + ":" + frame;
        EXPECT_EQ(to_string(parse_geometry(text)), text);
      }
    }
  }
}

TEST(Geometry, RefusesWhatItDoesNotKnowAndSaysWhatItWants) {
  for (const std::string text :
       {"", "pixel", "pixels:", "pixels:xyyx", "pixels:xyxy:xywh", "unit:factor=28", "norm1000:a=1",
        "pixels:smart_resize:factor=0", "pixels:smart_resize:factor=28x", "pixels:original:unit",
        "pixels:smart_resize:max_pixels=99999999999", "pixels:smart_resize:factor=1:factor=2",
        "pixels:smart_resize:min_pixels=9:max_pixels=8", "0-1000"}) {
    SCOPED_TRACE(text);
    try {
      parse_geometry(text);
      FAIL() << "was read";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("geometry '" + text + "'"));
      EXPECT_THAT(error.what(), HasSubstr("norm1000"));
    }
  }
  EXPECT_THROW(
      {
        try {
          parse_geometry("norm100");
        } catch (const UsageError& error) {
          EXPECT_THAT(error.what(), HasSubstr("did you mean 'norm1000'"));
          throw;
        }
      },
      UsageError);
}

TEST(SmartResize, AgreesWithTransformers) {
  const auto golden =
      nlohmann::json::parse(read_file(testing::data_path("prompts/smart_resize.json")));
  ASSERT_EQ(golden["cases"].size(), 402U);
  for (const auto& row : golden["cases"]) {
    SCOPED_TRACE(row.dump());
    const auto choose = [&row] {
      return smart_resize(row[1].get<int>(), row[0].get<int>(), row[2].get<int>(),
                          row[3].get<long>(), row[4].get<long>());
    };
    if (row[5].get<int>() < 0) {
      EXPECT_THROW(choose(), Error);
    } else {
      EXPECT_EQ(choose(), (FrameSize{row[6].get<int>(), row[5].get<int>()}));
    }
  }
}

struct Case {
  const char* name;
  const char* geometry;
  Numbers numbers;
  int width, height;
  Box want;
};

// Worked by hand. smart_resize takes 1000 x 500 to 1008 x 504 (36 and 18 times 28).
const Case kCases[] = {
    {"pixels_are_pixels", "pixels", {10, 20, 30.5, 60}, 0, 0, {10, 20, 20.5, 40}},
    {"fractions", "unit", {0.25, 0.5, 0.75, 1}, 400, 200, {100, 100, 200, 100}},
    {"thousandths", "norm1000", {0, 250, 500, 1000}, 640, 480, {0, 120, 320, 360}},
    {"of_999", "norm999", {0, 333, 999, 666}, 999, 300, {0, 100, 999, 100}},
    {"bins_rows_first", "bins1024:yxyx", {256, 512, 512, 1023}, 1024, 512, {512, 128, 511, 128}},
    {"corner_and_size", "pixels:xywh", {10, 20, 30, 40}, 0, 0, {10, 20, 30, 40}},
    {"centre_and_size", "unit:cxcywh", {0.5, 0.5, 0.5, 1}, 100, 50, {25, 0, 50, 50}},
    {"padded_wide", "unit:padded_square", {0, 0.25, 1, 0.75}, 400, 200, {0, 0, 400, 200}},
    {"padded_odd", "pixels:padded_square", {1, 0, 3, 8}, 3, 8, {-1, 0, 2, 8}},
    {"padded_size", "norm1000:xywh:padded_square", {0, 250, 1000, 500}, 400, 200, {0, 0, 400, 200}},
    {"resized", "pixels:smart_resize", {0, 0, 504, 252}, 1000, 500, {0, 0, 500, 250}},
    {"resized_thousandths", "norm1000:smart_resize", {0, 0, 500, 500}, 1000, 500, {0, 0, 500, 250}},
    {"wrong_way_round", "pixels", {30, 40, 10, 20}, 0, 0, {30, 40, -20, -20}},
    {"outside_is_not_clipped", "unit", {-0.5, 0, 1.5, 1}, 100, 100, {-50, 0, 200, 100}},
};

class ToPixels : public ::testing::TestWithParam<Case> {};

TEST_P(ToPixels, GivesTheBoxOfTheOriginalImage) {
  const Case& c = GetParam();
  EXPECT_EQ(to_pixels(parse_geometry(c.geometry), c.numbers, c.width, c.height), c.want);
}

INSTANTIATE_TEST_SUITE_P(Cases, ToPixels, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ToPixels, DividesFirstAsThePublishedFormulasDo) {
  const Box box = to_pixels(parse_geometry("norm1000"), {333, 77, 661, 913}, 641, 427);
  EXPECT_EQ(box.x, 333.0 / 1000.0 * 641);
  EXPECT_EQ(box.y, 77.0 / 1000.0 * 427);
  EXPECT_EQ(box.w, 661.0 / 1000.0 * 641 - 333.0 / 1000.0 * 641);
}

TEST(ToPixels, NeedsTheSizeUnlessNumbersArePixels) {
  EXPECT_THROW(to_pixels(parse_geometry("unit"), {0, 0, 1, 1}, 0, 10), Error);
  EXPECT_THROW(to_pixels(parse_geometry("pixels:smart_resize"), {0, 0, 1, 1}, 0, 0), Error);
  EXPECT_THROW(to_pixels(parse_geometry("pixels:padded_square"), {0, 0, 1, 1}, 5, -1), Error);
  EXPECT_NO_THROW(to_pixels(parse_geometry("pixels"), {0, 0, 1, 1}, 0, 0));
}

/// What a model with this geometry would write for a box.
Numbers written(const BoxGeometry& g, const Box& box, int width, int height) {
  FrameSize frame{width, height};
  double pad_x = 0, pad_y = 0, scale_x = 1, scale_y = 1;
  if (g.frame == BoxGeometry::Frame::kPaddedSquare) {
    const int side = std::max(width, height);
    pad_x = (side - width) / 2;
    pad_y = (side - height) / 2;
    frame = {side, side};
  } else if (g.frame == BoxGeometry::Frame::kSmartResize) {
    frame = smart_resize(width, height, g.factor, g.min_pixels, g.max_pixels);
    scale_x = static_cast<double>(frame.width) / width;
    scale_y = static_cast<double>(frame.height) / height;
  }
  const std::array<double, 5> units{0, 1, 999, 1000, 1024};
  const double unit = units[static_cast<std::size_t>(g.unit)];
  const auto in_x = [&](double v) { return unit == 0 ? v : v / frame.width * unit; };
  const auto in_y = [&](double v) { return unit == 0 ? v : v / frame.height * unit; };
  const double x = in_x((box.x + pad_x) * scale_x), y = in_y((box.y + pad_y) * scale_y);
  const double w = in_x(box.w * scale_x), h = in_y(box.h * scale_y);
  switch (g.order) {
    case BoxGeometry::Order::kXyxy:
      return {x, y, x + w, y + h};
    case BoxGeometry::Order::kYxyx:
      return {y, x, y + h, x + w};
    case BoxGeometry::Order::kXywh:
      return {x, y, w, h};
    case BoxGeometry::Order::kCxcywh:
      return {x + w / 2, y + h / 2, w, h};
  }
  return {};
}

TEST(ToPixels, UndoesEveryGeometry) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_int_distribution<int> side(20, 2000);
  for (int i = 0; i < 2000; ++i) {
    BoxGeometry geometry;
    geometry.unit = static_cast<BoxGeometry::Unit>(i % 5);
    geometry.order = static_cast<BoxGeometry::Order>(i / 5 % 4);
    geometry.frame = static_cast<BoxGeometry::Frame>(i / 20 % 3);
    const int width = side(random), height = side(random);
    const Box box{share(random) * width, share(random) * height, share(random) * width,
                  share(random) * height};
    const Box back = to_pixels(geometry, written(geometry, box, width, height), width, height);
    SCOPED_TRACE(to_string(geometry));
    EXPECT_NEAR(back.x, box.x, 1e-9);
    EXPECT_NEAR(back.y, box.y, 1e-9);
    EXPECT_NEAR(back.w, box.w, 1e-9);
    EXPECT_NEAR(back.h, box.h, 1e-9);
  }
}

}  // namespace
}  // namespace sightline
