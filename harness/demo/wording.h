#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/demo/scene.h"

namespace sightline::demo {

/// "two" up to twelve, then digits.
std::string number_word(std::size_t number);
/// "a red star", "an orange ring".
std::string with_article(const std::string& noun);
std::string capitalised(std::string sentence);
/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& items);

/// Which attributes a noun phrase names besides the shape.
struct Attributes {
  bool size = false, colour = false;
};
/// From the shortest phrase to the longest.
inline constexpr Attributes kAllAttributes[] = {
    {}, {.colour = true}, {.size = true}, {.size = true, .colour = true}};

/// "large red star".
std::string phrase(const SceneObject& object, Attributes attributes);
bool fits(const SceneObject& object, const SceneObject& described, Attributes attributes);
/// Indices of the scene's objects that fit the phrase for `described`, ascending.
std::vector<std::size_t> fitting(const Scene& scene, const SceneObject& described,
                                 Attributes attributes);
/// The shortest phrase that fits object `index` alone, if there is one.
std::optional<std::string> unique_phrase(const Scene& scene, std::size_t index);

/// Where in the picture an object's centre is, in thirds: "upper left", "center", "right".
std::string place_of(const Scene& scene, const SceneObject& object);
/// "in the upper left", "on the left", "at the top", "in the center".
std::string in_place(const std::string& place);

enum class Direction { kLeft, kRight, kAbove, kBelow };
inline constexpr Direction kDirections[] = {Direction::kLeft, Direction::kRight, Direction::kAbove,
                                            Direction::kBelow};
/// "to the left of", "above".
std::string name_of(Direction direction);
/// Whether nobody would dispute that `object` lies in that direction of `other`: its whole box
/// does, and the way there is more in this direction than across it.
bool lies_clearly(const SceneObject& object, Direction direction, const SceneObject& other);
/// Whether anybody might say so: the centre lies that way, however little.
bool lies_loosely(const SceneObject& object, Direction direction, const SceneObject& other);

/// "five green dots" or "a cluster of green dots"; none for a scene without dots.
std::optional<std::string> dots_phrase(const Scene& scene);

}  // namespace sightline::demo
