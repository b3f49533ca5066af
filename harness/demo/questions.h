#pragma once

#include <array>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/demo/scene.h"

namespace sightline::demo {

/// What one of ten people answered.
struct GivenAnswer {
  std::string text;
  std::string confidence;  ///< "yes", "maybe", "no", as VQA has it
};

/// A question of VQA's kind.
struct Question {
  std::string text;
  std::string type;         ///< VQA's question type: the longest of its 65 prefixes that fits
  std::string answer;       ///< what is true
  std::string answer_type;  ///< "yes/no", "number", "other"
  std::array<GivenAnswer, 10> given;  ///< at least six are right
};

/// Ten people's answers: mostly `right`, some one of `others` (none: all agree), a few unsure.
std::array<GivenAnswer, 10> ten_answers(const std::string& right,
                                        const std::vector<std::string>& others, Rng& rng);

/// Four to six questions of different types about a scene.
std::vector<Question> ask_about(const Scene& scene, Rng rng);

}  // namespace sightline::demo
