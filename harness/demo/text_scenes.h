#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/box.h"
#include "harness/base/rng.h"
#include "harness/demo/draw_scene.h"

namespace sightline::demo {

/// A word in a picture and the box around it, in pixels.
struct Word {
  std::string text;
  Box box;
};

/// A question that needs reading, with its answer and what some people answer instead.
struct TextQuestion {
  std::string text, answer;
  std::vector<std::string> others;
};

/// A picture with writing in it.
struct TextScene {
  std::string kind;  ///< "Storefront", ...: what an image classifier would say
  Image image;
  std::vector<Word> words;  ///< in reading order
  std::vector<TextQuestion> questions;
};

/// Shop fronts, street signs, book covers, jars, posters and buses in turn (by `index`).
TextScene draw_text_scene(std::size_t index, Rng rng, const OpenPainter& open_painter);

}  // namespace sightline::demo
