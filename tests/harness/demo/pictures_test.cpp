#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>

#include "harness/base/text.h"
#include "harness/demo/backdrop.h"
#include "harness/demo/draw_scene.h"
#include "harness/demo/text_scenes.h"
#include "harness/demo/textures.h"
#include "models/opencv/painter.h"

namespace sightline::demo {
namespace {

/// The largest difference of a channel at (x, y).
int difference(const Image& one, const Image& other, int x, int y) {
  int most = 0;
  for (int c = 0; c < 3; ++c) {
    most = std::max(most, std::abs(one.row(y)[3 * x + c] - other.row(y)[3 * x + c]));
  }
  return most;
}

/// The box around all pixels in which two images differ by at least `least`.
Box changed_box(const Image& one, const Image& other, int least) {
  std::vector<Point> corners;
  for (int y = 0; y < one.height; ++y) {
    for (int x = 0; x < one.width; ++x) {
      if (difference(one, other, x, y) < least) continue;
      corners.push_back({1.0 * x, 1.0 * y});
      corners.push_back({x + 1.0, y + 1.0});
    }
  }
  return corners.empty() ? Box{} : box_around(corners);
}

TEST(DrawObject, FillsTheBoxThatTheGroundTruthSays) {
  // White things on an even grey: shadows make grey darker, things make it lighter.
  const Image grey = {400, 400, std::vector<std::uint8_t>(400 * 400 * 3, 70)};
  const auto white = static_cast<std::size_t>(
      std::ranges::find(palette(), "white", &NamedColour::name) - palette().begin());
  for (const ShapeInfo& info : all_shapes()) {
    SCOPED_TRACE(info.name);
    SceneObject object{.shape = info.shape, .colour = white};
    for (const Point& point : unit_outline(info.shape)) {
      object.outline.push_back({200.3 + 80 * point.x, 190.6 + 80 * point.y});
    }
    object.box = box_around(object.outline);
    object.area = area_of(object.outline);
    Image image = grey;
    draw_object(image, object, open_painter);
    const Box drawn = changed_box(image, grey, 90);
    EXPECT_NEAR(drawn.x, object.box.x, 2.5);
    EXPECT_NEAR(drawn.y, object.box.y, 2.5);
    EXPECT_NEAR(drawn.x + drawn.w, object.box.x + object.box.w, 2.5);
    EXPECT_NEAR(drawn.y + drawn.h, object.box.y + object.box.h, 2.5);
  }
}

TEST(DrawScene, ShowsEveryObjectAndDotInItsPlace) {
  for (const Scene& scene : make_scenes(10, 31)) {
    SCOPED_TRACE(scene.id);
    const Image backdrop = paint_backdrop(scene.setting, scene.seed, scene.width, scene.height);
    const Image image = draw_scene(scene, open_painter);
    ASSERT_EQ(image.width, scene.width);
    ASSERT_EQ(image.height, scene.height);
    std::vector<SceneObject> all = scene.objects;
    all.insert(all.end(), scene.dots.begin(), scene.dots.end());
    for (const SceneObject& object : all) {
      int changed = 0;
      for (int y = static_cast<int>(object.box.y); y < object.box.y + object.box.h; ++y) {
        for (int x = static_cast<int>(object.box.x); x < object.box.x + object.box.w; ++x) {
          if (difference(image, backdrop, x, y) >= 25) ++changed;
        }
      }
      EXPECT_GT(changed, 0.8 * object.area) << info_of(object.shape).name;
    }
  }
}

TEST(Backdrops, DifferBySettingAndSeed) {
  std::set<std::string> seen;
  for (const SettingInfo& info : all_settings()) {
    for (const std::uint64_t seed : {1U, 2U}) {
      const Image image = paint_backdrop(info.setting, seed, 90, 70);
      seen.emplace(image.pixels.begin(), image.pixels.end());
    }
    EXPECT_EQ(paint_backdrop(info.setting, 1, 90, 70), paint_backdrop(info.setting, 1, 90, 70));
  }
  EXPECT_EQ(seen.size(), 2 * all_settings().size());
}

class TextScenes : public testing::TestWithParam<std::size_t> {
 protected:
  const TextScene scene_ = draw_text_scene(GetParam(), Rng(3, GetParam()), open_painter);
};

TEST_P(TextScenes, AnswerTheirQuestionsInWriting) {
  std::set<std::string> written;
  for (const Word& word : scene_.words) written.insert(to_lower(word.text));
  EXPECT_GE(scene_.questions.size(), 2U);
  for (const TextQuestion& question : scene_.questions) {
    for (const std::string_view word : split_at_space(question.answer)) {
      EXPECT_TRUE(written.contains(std::string(word))) << word << ": " << question.text;
    }
  }
}

TEST_P(TextScenes, HaveInkInTheBoxesOfTheirWords) {
  for (const Word& word : scene_.words) {
    SCOPED_TRACE(word.text);
    const Box& box = word.box;
    ASSERT_GE(box.x, 0);
    ASSERT_GE(box.y, 0);
    ASSERT_LE(box.x + box.w, scene_.image.width);
    ASSERT_LE(box.y + box.h, scene_.image.height);
    int darkest = 255, lightest = 0;
    for (int y = static_cast<int>(box.y); y < box.y + box.h; ++y) {
      for (int x = static_cast<int>(box.x); x < box.x + box.w; ++x) {
        const int green = scene_.image.row(y)[3 * x + 1];
        darkest = std::min(darkest, green);
        lightest = std::max(lightest, green);
      }
    }
    EXPECT_GT(lightest - darkest, 70);
  }
}

TEST_P(TextScenes, AreTheSameAgain) {
  EXPECT_EQ(draw_text_scene(GetParam(), Rng(3, GetParam()), open_painter).image, scene_.image);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TextScenes, testing::Range<std::size_t>(0, 12));

TEST(Textures, AreRichAndNeverSquare) {
  for (std::size_t index = 0; index < 24; ++index) {
    SCOPED_TRACE(index);
    const Image image = draw_texture(index, Rng(1, index));
    EXPECT_NE(image.width, image.height);
    EXPECT_GE(std::min(image.width, image.height), 96);
    std::set<int> colours;
    for (std::size_t i = 0; i + 3 <= image.pixels.size(); i += 3) {
      colours.insert(image.pixels[i] << 16 | image.pixels[i + 1] << 8 | image.pixels[i + 2]);
    }
    EXPECT_GT(colours.size(), 100U);
  }
}

}  // namespace
}  // namespace sightline::demo
