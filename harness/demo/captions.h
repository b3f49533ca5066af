#pragma once

#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "harness/demo/scene.h"

namespace sightline::demo {

/// Five captions of one sentence, each true of the scene, as five people might write them.
std::vector<std::string> short_captions(const Scene& scene, Rng rng);

/// A paragraph that names every object with its looks and place.
std::string detailed_caption(const Scene& scene, Rng rng);

}  // namespace sightline::demo
