#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/demo/scene.h"

namespace sightline::demo {

/// How the three data sets word their expressions.
enum class Wording {
  kShort,       ///< RefCOCO: short, places allowed ("red star left of the moon")
  kAppearance,  ///< RefCOCO+: looks only, no places ("large red star")
  kSentence,    ///< RefCOCOg: long ("the large red star that is above the blue ring")
};

/// Up to `most` different expressions, in lower case, that fit object `index` and no other; none
/// where looks (or places) do not tell it from the others.
std::vector<std::string> refer_to(const Scene& scene, std::size_t index, Wording wording,
                                  std::size_t most, Rng& rng);

}  // namespace sightline::demo
