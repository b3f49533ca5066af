#pragma once

#include "harness/demo/open_painter.h"
#include "harness/demo/scene.h"
#include "harness/media/image.h"

namespace sightline::demo {

/// The picture of a scene.
Image draw_scene(const Scene& scene, const OpenPainter& open_painter);

/// Draws one object on `image`: softly lit from the upper left, with its shadow.
void draw_object(Image& image, const SceneObject& object, const OpenPainter& open_painter);

}  // namespace sightline::demo
