#include "harness/demo/wording.h"

#include <array>
#include <cctype>
#include <cmath>

namespace sightline::demo {

std::string number_word(std::size_t number) {
  constexpr std::array<const char*, 13> kWords = {"zero", "one",    "two",   "three", "four",
                                                  "five", "six",    "seven", "eight", "nine",
                                                  "ten",  "eleven", "twelve"};
  return number < kWords.size() ? kWords[number] : std::to_string(number);
}

std::string with_article(const std::string& noun) {
  const bool vowel = std::string("aeio").find(noun.front()) != std::string::npos;
  return (vowel ? "an " : "a ") + noun;
}

std::string capitalised(std::string sentence) {
  sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  return sentence;
}

std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

std::string phrase(const SceneObject& object, Attributes attributes) {
  std::string text;
  if (attributes.size) text += name_of(object.size) + " ";
  if (attributes.colour) text += palette()[object.colour].name + " ";
  return text + info_of(object.shape).name;
}

bool fits(const SceneObject& object, const SceneObject& described, Attributes attributes) {
  return object.shape == described.shape && (!attributes.size || object.size == described.size) &&
         (!attributes.colour || object.colour == described.colour);
}

std::vector<std::size_t> fitting(const Scene& scene, const SceneObject& described,
                                 Attributes attributes) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    if (fits(scene.objects[i], described, attributes)) found.push_back(i);
  }
  return found;
}

std::optional<std::string> unique_phrase(const Scene& scene, std::size_t index) {
  const SceneObject& object = scene.objects[index];
  for (const Attributes attributes : kAllAttributes) {
    if (fitting(scene, object, attributes).size() == 1) return phrase(object, attributes);
  }
  return std::nullopt;
}

std::string place_of(const Scene& scene, const SceneObject& object) {
  const Point centre = object.centre();
  const auto third = [](double position, int length) {
    return position < length / 3.0 ? 0 : position < 2 * length / 3.0 ? 1 : 2;
  };
  constexpr std::array<std::array<const char*, 3>, 3> kPlaces = {
      {{"upper left", "top", "upper right"},
       {"left", "center", "right"},
       {"lower left", "bottom", "lower right"}}};
  return kPlaces[static_cast<std::size_t>(third(centre.y, scene.height))]
                [static_cast<std::size_t>(third(centre.x, scene.width))];
}

std::string in_place(const std::string& place) {
  if (place == "left" || place == "right") return "on the " + place;
  return (place == "top" || place == "bottom" ? "at the " : "in the ") + place;
}

std::string name_of(Direction direction) {
  constexpr std::array<const char*, 4> kNames = {"to the left of", "to the right of", "above",
                                                 "below"};
  return kNames[static_cast<std::size_t>(direction)];
}

bool lies_clearly(const SceneObject& object, Direction direction, const SceneObject& other) {
  const Box &a = object.box, &b = other.box;
  const Point from = other.centre(), to = object.centre();
  const bool sideways = std::abs(to.x - from.x) > 1.2 * std::abs(to.y - from.y);
  const bool upright = std::abs(to.y - from.y) > 1.2 * std::abs(to.x - from.x);
  switch (direction) {
    case Direction::kLeft:
      return sideways && a.x + a.w <= b.x;
    case Direction::kRight:
      return sideways && b.x + b.w <= a.x;
    case Direction::kAbove:
      return upright && a.y + a.h <= b.y;
    case Direction::kBelow:
      return upright && b.y + b.h <= a.y;
  }
  return false;
}

bool lies_loosely(const SceneObject& object, Direction direction, const SceneObject& other) {
  const Point from = other.centre(), to = object.centre();
  switch (direction) {
    case Direction::kLeft:
      return to.x < from.x;
    case Direction::kRight:
      return to.x > from.x;
    case Direction::kAbove:
      return to.y < from.y;
    case Direction::kBelow:
      return to.y > from.y;
  }
  return false;
}

std::optional<std::string> dots_phrase(const Scene& scene) {
  if (scene.dots.empty()) return std::nullopt;
  const std::string dots =
      palette()[scene.dots.front().colour].name + (scene.dots.size() == 1 ? " dot" : " dots");
  if (scene.dots_are_crowd) return "a cluster of " + dots;
  return number_word(scene.dots.size()) + " " + dots;
}

}  // namespace sightline::demo
