#pragma once

#include <cstddef>

#include "harness/base/rng.h"
#include "harness/media/image.h"

namespace sightline::demo {

/// Pictures with detail at all scales, for reconstruction: tartan, marble, mosaic, lights out of
/// focus, agate, bricks, paper waves and a skyline in turn (by `index`), in several sizes. The
/// shorter side has at least 96 pixels; none is square.
Image draw_texture(std::size_t index, Rng rng);

}  // namespace sightline::demo
