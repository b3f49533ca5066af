#include "harness/demo/questions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/demo/wording.h"

namespace sightline::demo {
namespace {

/// A question before people answer it.
struct Draft {
  std::string text, type, answer, answer_type;
  std::vector<std::string> others;  ///< what some answer instead
};

Draft yes_or_no(std::string text, std::string type, bool truth) {
  return {std::move(text), std::move(type), truth ? "yes" : "no", "yes/no", {truth ? "no" : "yes"}};
}

/// An object that a short phrase tells from the rest.
struct Named {
  const SceneObject* object;
  std::string name;
};

std::vector<Named> named_objects(const Scene& scene) {
  std::vector<Named> named;
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    if (auto name = unique_phrase(scene, i)) named.push_back({&scene.objects[i], *name});
  }
  return named;
}

Draft ask_count(const Scene& scene, Rng& rng) {
  const SceneObject& object = rng.pick(scene.objects);
  const std::size_t count = fitting(scene, object, {}).size();
  return {"How many " + info_of(object.shape).plural + " are there?",
          "how many",
          std::to_string(count),
          "number",
          {std::to_string(count + 1), std::to_string(count == 1 ? 2 : count - 1)}};
}

Draft ask_total(const Scene& scene, Rng&) {
  const std::size_t count = scene.objects.size();
  const std::string number = std::to_string(count);
  if (scene.dots.empty()) {
    return {"How many shapes are in the picture?",
            "how many",
            number,
            "number",
            {std::to_string(count - 1), std::to_string(count + 1)}};
  }
  return {"How many shapes are there, not counting the dots?",
          "how many",
          number,
          "number",
          {std::to_string(count - 1), std::to_string(count + 1), "many"}};
}

/// The colour of an object that its shape, or shape and size, tells from the rest.
std::optional<Draft> ask_colour(const Scene& scene, Rng& rng) {
  std::vector<Named> choices = named_objects(scene);
  std::erase_if(choices, [](const Named& named) {
    return named.name.find(palette()[named.object->colour].name + " ") != std::string::npos;
  });
  if (choices.empty()) return std::nullopt;
  const Named& chosen = rng.pick(choices);
  const NamedColour& colour = palette()[chosen.object->colour];
  return Draft{"What color is the " + chosen.name + "?",
               "what color is the",
               colour.name,
               "other",
               {colour.also}};
}

/// The shape of an object that has a colour of its own.
std::optional<Draft> ask_shape(const Scene& scene, Rng& rng) {
  std::vector<const SceneObject*> choices;
  for (const SceneObject& object : scene.objects) {
    const auto alike = [&](const SceneObject& other) { return other.colour == object.colour; };
    if (std::ranges::count_if(scene.objects, alike) == 1) choices.push_back(&object);
  }
  if (choices.empty()) return std::nullopt;
  const SceneObject& object = *rng.pick(choices);
  const bool round = object.shape == Shape::kRing;
  return Draft{"What shape is the " + palette()[object.colour].name + " object?",
               "what",
               info_of(object.shape).name,
               "other",
               {round ? "circle" : "not sure"}};
}

Draft ask_presence(const Scene& scene, Rng& rng) {
  SceneObject wanted = rng.pick(scene.objects);
  if (rng.chance(0.5)) wanted.colour = static_cast<std::size_t>(rng.below(palette().size()));
  const bool there = !fitting(scene, wanted, {.colour = true}).empty();
  const std::string noun = with_article(phrase(wanted, {.colour = true}));
  // "is there a" is a prefix of the question; "is there an" only shares "is there" with it.
  const std::string type = noun.starts_with("an ") ? "is there" : "is there a";
  return yes_or_no("Is there " + noun + " in the picture?", type, there);
}

Draft ask_any(const Scene& scene, Rng& rng) {
  const ShapeInfo& info = all_shapes()[static_cast<std::size_t>(rng.below(10))];
  const bool there = std::ranges::any_of(
      scene.objects, [&](const SceneObject& object) { return object.shape == info.shape; });
  return yes_or_no("Are there any " + info.plural + "?", "are there any", there);
}

/// Two different named objects; none where there are fewer.
std::optional<std::pair<Named, Named>> two_named(const Scene& scene, Rng& rng) {
  std::vector<Named> named = named_objects(scene);
  if (named.size() < 2) return std::nullopt;
  rng.shuffle(named);
  return std::pair{named[0], named[1]};
}

std::optional<Draft> ask_comparison(const Scene& scene, Rng& rng) {
  const auto pair = two_named(scene, rng);
  if (!pair || pair->first.object->size == pair->second.object->size) return std::nullopt;
  return yes_or_no("Is the " + pair->first.name + " bigger than the " + pair->second.name + "?",
                   "is the", pair->first.object->size > pair->second.object->size);
}

std::optional<Draft> ask_side(const Scene& scene, Rng& rng) {
  const auto pair = two_named(scene, rng);
  if (!pair) return std::nullopt;
  const SceneObject &one = *pair->first.object, &other = *pair->second.object;
  const bool left = lies_clearly(one, Direction::kLeft, other);
  if (!left && !lies_clearly(one, Direction::kRight, other)) return std::nullopt;
  return yes_or_no("Is the " + pair->first.name + " to the left of the " + pair->second.name + "?",
                   "is the", left);
}

std::optional<Draft> ask_which(const Scene& scene, Rng& rng) {
  const auto pair = two_named(scene, rng);
  if (!pair || pair->first.object->size == pair->second.object->size) return std::nullopt;
  const bool first = pair->first.object->size > pair->second.object->size;
  const std::string larger = first ? pair->first.name : pair->second.name;
  const std::string smaller = first ? pair->second.name : pair->first.name;
  return Draft{"Which is larger, the " + pair->first.name + " or the " + pair->second.name + "?",
               "which",
               larger,
               "other",
               {"the " + larger, smaller}};
}

std::optional<Draft> ask_where(const Scene& scene, Rng& rng) {
  const std::vector<Named> named = named_objects(scene);
  if (named.empty()) return std::nullopt;
  const Named& chosen = rng.pick(named);
  const std::string place = place_of(scene, *chosen.object);
  std::vector<std::string> others = {"in the picture", in_place(place)};
  if (place.starts_with("upper")) others.push_back("top" + place.substr(5));
  if (place.starts_with("lower")) others.push_back("bottom" + place.substr(5));
  return Draft{"Where is the " + chosen.name + "?", "where is the", place, "other", others};
}

Draft ask_background(const Scene& scene, Rng&) {
  const SettingInfo& info = info_of(scene.setting);
  return {"What is in the background?", "what is in the", info.word, "other", {info.also}};
}

Draft ask_outdoors(const Scene& scene, Rng&) {
  return yes_or_no("Is this an outdoor scene?", "is this an", info_of(scene.setting).outdoors);
}

Question answered(const Draft& draft, Rng& rng) {
  return {draft.text, draft.type, draft.answer, draft.answer_type,
          ten_answers(draft.answer, draft.others, rng)};
}

}  // namespace

std::array<GivenAnswer, 10> ten_answers(const std::string& right,
                                        const std::vector<std::string>& others, Rng& rng) {
  std::array<GivenAnswer, 10> answers;
  // Six to ten of ten agree; all ten about as often as in VQA.
  const std::size_t wrong =
      others.empty() || rng.chance(0.4) ? 0 : static_cast<std::size_t>(rng.between(1, 4));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool is_right = i >= wrong;
    const double doubt = is_right ? 0.08 : 0.4;
    answers[i] = {is_right ? right : rng.pick(others), rng.chance(doubt) ? "maybe" : "yes"};
  }
  rng.shuffle(answers);
  return answers;
}

std::vector<Question> ask_about(const Scene& scene, Rng rng) {
  using Ask = std::optional<Draft> (*)(const Scene&, Rng&);
  std::vector<Ask> all = {
      [](const Scene& s, Rng& r) { return std::optional(ask_count(s, r)); },
      [](const Scene& s, Rng& r) { return std::optional(ask_total(s, r)); },
      [](const Scene& s, Rng& r) { return std::optional(ask_presence(s, r)); },
      [](const Scene& s, Rng& r) { return std::optional(ask_any(s, r)); },
      [](const Scene& s, Rng& r) { return std::optional(ask_background(s, r)); },
      [](const Scene& s, Rng& r) { return std::optional(ask_outdoors(s, r)); },
      ask_colour,
      ask_shape,
      ask_comparison,
      ask_side,
      ask_which,
      ask_where,
  };
  rng.shuffle(all);
  const auto wanted = static_cast<std::size_t>(rng.between(4, 6));
  std::vector<Question> questions;
  for (const Ask ask : all) {
    if (questions.size() == wanted) break;
    if (const auto draft = ask(scene, rng)) questions.push_back(answered(*draft, rng));
  }
  return questions;
}

}  // namespace sightline::demo
