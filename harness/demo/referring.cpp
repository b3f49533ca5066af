#include "harness/demo/referring.h"

#include <algorithm>

#include "harness/demo/wording.h"

namespace sightline::demo {
namespace {

constexpr double kClearLead = 25;  // pixels by which the outermost object must be ahead

/// How far `object` lies in a direction, in pixels.
double progress(const SceneObject& object, Direction direction) {
  const Point centre = object.centre();
  switch (direction) {
    case Direction::kLeft:
      return -centre.x;
    case Direction::kRight:
      return centre.x;
    case Direction::kAbove:
      return -centre.y;
    case Direction::kBelow:
      return centre.y;
  }
  return 0;
}

/// Whether object `index` is ahead of all others of `rivals` in a direction.
bool is_outermost(const Scene& scene, std::size_t index, const std::vector<std::size_t>& rivals,
                  Direction direction) {
  const double reached = progress(scene.objects[index], direction);
  return std::ranges::all_of(rivals, [&](std::size_t rival) {
    return rival == index || progress(scene.objects[rival], direction) + kClearLead <= reached;
  });
}

std::string outermost_phrase(const std::string& noun, Direction direction) {
  switch (direction) {
    case Direction::kLeft:
      return "leftmost " + noun;
    case Direction::kRight:
      return "rightmost " + noun;
    case Direction::kAbove:
      return "highest " + noun;
    case Direction::kBelow:
      return "lowest " + noun;
  }
  return noun;
}

/// "above the blue ring" for every relation that holds for `index` and for no other of `rivals`.
std::vector<std::string> telling_relations(const Scene& scene, std::size_t index,
                                           const std::vector<std::size_t>& rivals) {
  std::vector<std::string> relations;
  const SceneObject& object = scene.objects[index];
  for (std::size_t anchor = 0; anchor < scene.objects.size(); ++anchor) {
    const auto name = unique_phrase(scene, anchor);
    if (!name || anchor == index) continue;
    const SceneObject& landmark = scene.objects[anchor];
    for (const Direction direction : kDirections) {
      const bool told = std::ranges::none_of(rivals, [&](std::size_t rival) {
        return rival != index && lies_loosely(scene.objects[rival], direction, landmark);
      });
      if (told && lies_clearly(object, direction, landmark)) {
        relations.push_back(name_of(direction) + " the " + *name);
      }
    }
  }
  return relations;
}

void add_looks(const Scene& scene, std::size_t index, std::vector<std::string>& found) {
  const SceneObject& object = scene.objects[index];
  for (const Attributes attributes : kAllAttributes) {
    if (fitting(scene, object, attributes).size() != 1) continue;
    found.push_back(phrase(object, attributes));
    found.push_back("the " + phrase(object, attributes));
    if (attributes.colour) {
      found.push_back(phrase(object, {.size = attributes.size}) + " that is " +
                      palette()[object.colour].name);
    }
  }
}

void add_places(const Scene& scene, std::size_t index, std::vector<std::string>& found) {
  const SceneObject& object = scene.objects[index];
  for (const Attributes attributes : {Attributes{}, Attributes{.colour = true}}) {
    const std::vector<std::size_t> rivals = fitting(scene, object, attributes);
    const std::string noun = phrase(object, attributes);
    for (const Direction direction : kDirections) {
      if (rivals.size() > 1 && is_outermost(scene, index, rivals, direction)) {
        found.push_back(outermost_phrase(noun, direction));
      }
    }
    for (const std::string& relation : telling_relations(scene, index, rivals)) {
      found.push_back(noun + " " + relation);
    }
  }
}

void add_sentences(const Scene& scene, std::size_t index, std::vector<std::string>& found) {
  const SceneObject& object = scene.objects[index];
  for (const Attributes attributes : {Attributes{.colour = true}, Attributes{true, true}}) {
    const std::vector<std::size_t> rivals = fitting(scene, object, attributes);
    const std::string noun = "the " + phrase(object, attributes);
    for (const std::string& relation : telling_relations(scene, index, rivals)) {
      found.push_back(noun + " that is " + relation);
    }
    if (rivals.size() == 1) {
      found.push_back(noun + " " + in_place(place_of(scene, object)) + " of the picture");
    }
  }
}

}  // namespace

std::vector<std::string> refer_to(const Scene& scene, std::size_t index, Wording wording,
                                  std::size_t most, Rng& rng) {
  std::vector<std::string> found;
  if (wording == Wording::kSentence) {
    add_sentences(scene, index, found);
  } else {
    add_looks(scene, index, found);
  }
  if (wording == Wording::kShort) add_places(scene, index, found);
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  rng.shuffle(found);
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace sightline::demo
