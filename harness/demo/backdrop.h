#pragma once

#include "harness/demo/scene.h"
#include "harness/media/image.h"

namespace sightline::demo {

/// The background of a scene, by its setting and seed.
Image paint_backdrop(Setting setting, std::uint64_t seed, int width, int height);

}  // namespace sightline::demo
