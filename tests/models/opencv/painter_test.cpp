#include "models/opencv/painter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "harness/base/error.h"

namespace sightline {
namespace {

constexpr Colour kWhite = {255, 255, 255};

/// Area covered on a black canvas by white figures, in pixels.
double covered(Painter& painter) {
  const auto& pixels = painter.canvas().pixels;
  return std::accumulate(pixels.begin(), pixels.end(), 0.0) / (3 * 255);
}

TEST(Painter, StartsBlackInTheSizeAskedFor) {
  EXPECT_EQ(open_painter(7, 5)->canvas(), black_image(7, 5));
}

TEST(Painter, RefusesACanvasWithoutPixels) {
  EXPECT_THROW(open_painter(0, 5), Error);
  EXPECT_THROW(open_painter(5, -1), Error);
  EXPECT_THROW(open_painter(40000, 5), Error);
}

TEST(Painter, FillsTheInsideInTheColourGiven) {
  const auto painter = open_painter(20, 20);
  painter->fill_polygon({{4, 4}, {15, 4}, {15, 15}, {4, 15}}, {10, 20, 30});
  const std::uint8_t* pixel = painter->canvas().row(10) + 3 * 10;
  EXPECT_EQ(pixel[0], 10);
  EXPECT_EQ(pixel[1], 20);
  EXPECT_EQ(pixel[2], 30);
  EXPECT_EQ(painter->canvas().row(1)[3], 0);
}

TEST(Painter, FiguresCoverTheirArea) {
  const auto polygon = open_painter(100, 100);
  polygon->fill_polygon({{20, 20}, {80, 20}, {20, 80}}, kWhite);
  // Anti-aliasing widens the outline by about half a pixel.
  EXPECT_NEAR(covered(*polygon), 1800, 0.7 * (60 + 60 + 85));

  const auto ellipse = open_painter(100, 100);
  ellipse->fill_ellipse({50, 50}, 30, 20, 30, kWhite);
  EXPECT_NEAR(covered(*ellipse), std::numbers::pi * 600, 0.7 * 159);
}

TEST(Painter, PlacesEdgesBetweenPixels) {
  const auto painter = open_painter(40, 40);
  painter->line({5, 20}, {35, 22}, 1, kWhite);
  const auto& pixels = painter->canvas().pixels;
  EXPECT_TRUE(std::ranges::any_of(pixels, [](int value) { return value > 40 && value < 215; }));
}

TEST(Painter, WritesTextInsideTheWidthItTells) {
  const auto painter = open_painter(300, 60);
  const double width = painter->text_width("Harbour 42", 24, 2);
  EXPECT_GT(width, 100);
  EXPECT_LT(width, 280);
  painter->text("Harbour 42", {10, 45}, 24, 2, kWhite);
  EXPECT_GT(covered(*painter), 200);
  for (int y = 0; y < 60; ++y) {
    for (int x = static_cast<int>(std::ceil(10 + width)) + 2; x < 300; ++x) {
      ASSERT_EQ(painter->canvas().row(y)[3 * x], 0) << x << ", " << y;
    }
  }
}

TEST(Painter, CapitalsHaveTheHeightAskedFor) {
  for (const int height : {12, 21, 40}) {
    const auto painter = open_painter(100, 80);
    painter->text("H", {20, 60}, height, 1, kWhite);
    int top = 80, bottom = 0;
    for (int y = 0; y < 80; ++y) {
      const auto* row = painter->canvas().row(y);
      if (std::any_of(row, row + 300, [](int value) { return value > 127; })) {
        top = std::min(top, y);
        bottom = std::max(bottom, y);
      }
    }
    EXPECT_NEAR(bottom - top, height, 2) << height;
    EXPECT_NEAR(bottom, 60, 2) << height;
  }
}

TEST(Painter, DrawsWhatTheFontLacksAsOneQuestionMark) {
  const auto given = open_painter(100, 40), same = open_painter(100, 40);
  given->text("caf\xC3\xA9", {5, 30}, 20, 1, kWhite);
  same->text("caf?", {5, 30}, 20, 1, kWhite);
  EXPECT_EQ(given->canvas(), same->canvas());
  EXPECT_EQ(given->text_width("\xC3\xA9", 20, 1), given->text_width("?", 20, 1));
  EXPECT_THROW(given->text("\xFF", {5, 30}, 20, 1, kWhite), Error);
}

TEST(Painter, BlursWithoutChangingTheMean) {
  const auto painter = open_painter(60, 60);
  painter->fill_ellipse({30, 30}, 10, 10, 0, kWhite);
  const double before = covered(*painter);
  painter->blur(3);
  EXPECT_NEAR(covered(*painter), before, 0.03 * before);
  EXPECT_LT(*std::ranges::max_element(painter->canvas().pixels), 256);
  EXPECT_GT(painter->canvas().row(30)[3 * 17], 0);
}

TEST(Painter, FiguresFarOutsideAreCutAtTheBorder) {
  const auto painter = open_painter(30, 30);
  painter->fill_polygon({{-1e9, -1e9}, {1e9, -1e9}, {1e9, 1e9}, {-1e9, 1e9}}, kWhite);
  EXPECT_EQ(covered(*painter), 900);
  painter->line({-500, 15}, {500, 15}, 3, {255, 0, 0});
  painter->fill_polygon({}, kWhite);
  EXPECT_EQ(painter->canvas().row(15)[1], 0);
}

TEST(Painter, DrawsOnACanvasThatWasReplaced) {
  const auto painter = open_painter(5, 5);
  painter->canvas() = black_image(50, 40);
  painter->fill_ellipse({40, 30}, 3, 3, 0, kWhite);
  EXPECT_EQ(painter->canvas().row(30)[3 * 40], 255);
}

}  // namespace
}  // namespace sightline
