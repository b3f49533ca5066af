#include "harness/demo/captions.h"

#include <algorithm>
#include <map>
#include <optional>

#include "harness/demo/wording.h"

namespace sightline::demo {
namespace {

constexpr Attributes kFull = {.size = true, .colour = true};

/// "two red stars and a moon": the objects of a scene by shape.
std::string inventory(const Scene& scene) {
  std::map<Shape, std::size_t> counts;
  for (const SceneObject& object : scene.objects) ++counts[object.shape];
  std::vector<std::string> items;
  for (const auto& [shape, count] : counts) {
    const ShapeInfo& info = info_of(shape);
    items.push_back(count == 1 ? with_article(info.name) : number_word(count) + " " + info.plural);
  }
  return listed(items);
}

std::string setting_phrase(const Scene& scene) {
  const SettingInfo& info = info_of(scene.setting);
  return info.preposition + " " + info.behind;
}

std::string also_dots(const Scene& scene) {
  const auto dots = dots_phrase(scene);
  return dots ? " with " + *dots : "";
}

std::string count_of_shapes(const Scene& scene) {
  const std::size_t count = scene.objects.size();
  return number_word(count) + (count == 1 ? " shape" : " shapes");
}

/// "a red star to the left of a blue ring", for two objects of which it is clearly true.
std::optional<std::string> relation_of_two(const Scene& scene, Rng& rng) {
  std::vector<std::string> found;
  for (const SceneObject& one : scene.objects) {
    for (const SceneObject& other : scene.objects) {
      for (const Direction direction : kDirections) {
        if (&one == &other || !lies_clearly(one, direction, other)) continue;
        found.push_back(with_article(phrase(one, {.colour = true})) + " " + name_of(direction) +
                        " " + with_article(phrase(other, {.colour = true})));
      }
    }
  }
  if (found.empty()) return std::nullopt;
  return rng.pick(found);
}

/// A sentence on an object, seen from the one named before it where that is simple.
std::string sentence_on(const Scene& scene, const SceneObject& object, const SceneObject* before) {
  const std::string noun = with_article(phrase(object, kFull));
  if (before != nullptr) {
    for (const Direction direction : kDirections) {
      if (!lies_clearly(object, direction, *before)) continue;
      return capitalised(name_of(direction)) + " it is " + noun + ", " +
             in_place(place_of(scene, object)) + " of the picture.";
    }
  }
  return capitalised(noun) + " is " + in_place(place_of(scene, object)) + " of the picture.";
}

std::string sentence_on_dots(const Scene& scene) {
  const auto dots = dots_phrase(scene);
  if (!dots) return "";
  if (!scene.dots_are_crowd) {
    return " " + capitalised(*dots) +
           (scene.dots.size() == 1 ? " is somewhere between them."
                                   : " are scattered between them.");
  }
  std::vector<Point> points;
  for (const SceneObject& dot : scene.dots) points.push_back(dot.centre());
  const std::string place = place_of(scene, {.box = box_around(points)});
  return " " + capitalised(*dots) + ", too many to count at a glance, is " + in_place(place) + ".";
}

}  // namespace

std::vector<std::string> short_captions(const Scene& scene, Rng rng) {
  const SettingInfo& setting = info_of(scene.setting);
  const auto largest = std::ranges::max_element(scene.objects, {}, &SceneObject::area);
  const std::string shapes = count_of_shapes(scene);
  const std::string verb = scene.objects.size() == 1 ? " is " : " are ";
  std::vector<std::string> captions = {
      capitalised(inventory(scene)) + " " + setting_phrase(scene) + also_dots(scene) + ".",
      capitalised(shapes) + verb + "arranged " + setting_phrase(scene) + ".",
      "A picture of " + inventory(scene) + also_dots(scene) + ".",
      capitalised(setting.behind) + (setting.preposition == "on" ? " beneath " : " behind ") +
          with_article(phrase(*largest, kFull)) + ".",
  };
  const auto relation = relation_of_two(scene, rng);
  captions.push_back(relation ? "There is " + *relation + "."
                              : "There is " + with_article(phrase(*largest, kFull)) + ".");
  rng.shuffle(captions);
  return captions;
}

std::string detailed_caption(const Scene& scene, Rng rng) {
  const SettingInfo& setting = info_of(scene.setting);
  const std::string shapes = count_of_shapes(scene);
  const std::vector<std::string> openings = {
      "The picture shows " + shapes + " " + setting_phrase(scene) + ".",
      "This is a digital picture of " + shapes + " " + setting_phrase(scene) + ".",
      capitalised(shapes) + " with smooth, softly lit faces can be seen " + setting_phrase(scene) +
          ".",
  };
  std::string text = rng.pick(openings) + " " + setting.light;
  const SceneObject* before = nullptr;
  for (const SceneObject& object : scene.objects) {
    text += " " + sentence_on(scene, object, before);
    before = &object;
  }
  text += sentence_on_dots(scene);
  return text + " Every shape casts a soft shadow toward the lower right.";
}

}  // namespace sightline::demo
