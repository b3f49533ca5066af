#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/demo/shapes.h"
#include "harness/media/painter.h"

namespace sightline::demo {

/// A colour by the name that everybody would give it.
struct NamedColour {
  std::string name;
  std::string also;  ///< what some would say instead
  Colour rgb;
};
std::span<const NamedColour> palette();

enum class Setting { kMeadow, kSea, kDunes, kPeaks, kNight, kTable, kPaper, kStudio };

/// What sentences say of a setting.
struct SettingInfo {
  Setting setting;
  std::string preposition;  ///< "in front of" or "on"
  std::string behind;       ///< "rolling green hills under a pale blue sky"
  std::string word;         ///< "hills"
  std::string also;         ///< what some would say instead of `word`
  std::string light;        ///< a sentence on light and colour
  bool outdoors;
  std::vector<std::string> unfit;  ///< colours that are hard to see on it
};
std::span<const SettingInfo> all_settings();
const SettingInfo& info_of(Setting setting);

/// By the area limits of COCO, with a gap between: below 800, 2,000 to 7,000, above 11,000 pixels.
enum class Size { kSmall, kMedium, kLarge };
std::string name_of(Size size);  ///< "small", "medium-sized", "large"

struct SceneObject {
  Shape shape = Shape::kCircle;
  std::size_t colour = 0;  ///< of `palette`
  Size size = Size::kMedium;
  /// In COCO's coordinates: (0, 0) is the corner of the image; two decimals.
  std::vector<Point> outline;
  Box box;          ///< around `outline`
  double area = 0;  ///< inside `outline`

  Point centre() const { return {box.x + box.w / 2, box.y + box.h / 2}; }
};

/// What is in a picture. Nothing overlaps anything else.
struct Scene {
  std::int64_t id = 0;
  std::uint64_t seed = 0;  ///< of the details of its background
  int width = 0, height = 0;
  Setting setting = Setting::kMeadow;
  std::vector<SceneObject> objects;  ///< never dots; two to eight
  std::vector<SceneObject> dots;     ///< small circles of one colour; may be none
  bool dots_are_crowd = false;       ///< they form one dense cluster
};

/// A scene, from the generator alone.
Scene make_scene(std::int64_t id, Setting setting, Rng rng);

/// `count` scenes with ascending ids, each from its own stream of `seed`.
std::vector<Scene> make_scenes(std::size_t count, std::uint64_t seed);

}  // namespace sightline::demo
