#pragma once

#include <functional>
#include <memory>

#include "harness/media/painter.h"

namespace sightline {

/// Opens a painter on a black canvas; called from several threads.
using OpenPainter = std::function<std::unique_ptr<Painter>(int width, int height)>;

}  // namespace sightline
