#include "harness/demo/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/parallel.h"

namespace sightline::demo {
namespace {

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> kScenes = make_scenes(200, 7);
  return kScenes;
}

bool overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

bool same(const Scene& one, const Scene& other) {
  const auto same_object = [](const SceneObject& a, const SceneObject& b) {
    return a.shape == b.shape && a.colour == b.colour && a.size == b.size && a.box == b.box &&
           a.area == b.area;
  };
  return one.id == other.id && one.seed == other.seed && one.width == other.width &&
         one.height == other.height && one.setting == other.setting &&
         std::ranges::equal(one.objects, other.objects, same_object) &&
         std::ranges::equal(one.dots, other.dots, same_object);
}

TEST(Scenes, HaveDistinctAscendingIds) {
  for (std::size_t i = 1; i < scenes().size(); ++i) {
    EXPECT_LT(scenes()[i - 1].id, scenes()[i].id);
  }
}

TEST(Scenes, DoNotDependOnTheNumberOfThreads) {
  set_thread_count(1);
  const std::vector<Scene> alone = make_scenes(200, 7);
  set_thread_count(0);
  EXPECT_TRUE(std::ranges::equal(alone, scenes(), same));
  EXPECT_FALSE(same(make_scenes(1, 8)[0], scenes()[0]));
}

TEST(Scenes, HoldObjectsInsideThatDoNotOverlap) {
  for (const Scene& scene : scenes()) {
    SCOPED_TRACE(scene.id);
    EXPECT_GE(scene.objects.size(), 2U);
    std::vector<SceneObject> all = scene.objects;
    all.insert(all.end(), scene.dots.begin(), scene.dots.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_GE(all[i].box.x, 0);
      EXPECT_GE(all[i].box.y, 0);
      EXPECT_LE(all[i].box.x + all[i].box.w, scene.width);
      EXPECT_LE(all[i].box.y + all[i].box.h, scene.height);
      for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(all[i].box, all[j].box));
    }
  }
}

TEST(Scenes, SizesKeepClearOfCocosAreaLimits) {
  std::map<Size, int> seen;
  for (const Scene& scene : scenes()) {
    for (const SceneObject& object : scene.objects) {
      ++seen[object.size];
      EXPECT_DOUBLE_EQ(object.area, area_of(object.outline));
      const Size by_area = object.area < 900    ? Size::kSmall
                           : object.area < 9000 ? Size::kMedium
                                                : Size::kLarge;
      EXPECT_EQ(by_area, object.size);
      EXPECT_GT(std::abs(object.area - 1024), 100);
      EXPECT_GT(std::abs(object.area - 9216), 1000);
    }
    for (const SceneObject& dot : scene.dots) EXPECT_LT(dot.area, 500);
  }
  EXPECT_EQ(seen.size(), 3U);
}

TEST(Scenes, ShowObjectsInColoursThatStandOut) {
  for (const Scene& scene : scenes()) {
    const auto& unfit = info_of(scene.setting).unfit;
    for (const SceneObject& object : scene.objects) {
      EXPECT_EQ(std::ranges::count(unfit, palette()[object.colour].name), 0);
      // A dot's colour is nobody else's.
      for (const SceneObject& dot : scene.dots) EXPECT_NE(object.colour, dot.colour);
    }
  }
}

TEST(Scenes, UseEverySettingEquallyOftenAndHaveCrowds) {
  std::map<Setting, int> settings;
  int crowds = 0;
  for (const Scene& scene : scenes()) {
    ++settings[scene.setting];
    if (!scene.dots_are_crowd) continue;
    ++crowds;
    EXPECT_GE(scene.dots.size(), 15U);
  }
  EXPECT_EQ(settings.size(), all_settings().size());
  for (const auto& [setting, count] : settings) EXPECT_EQ(count, 25);
  EXPECT_GT(crowds, 10);
}

}  // namespace
}  // namespace sightline::demo
