#pragma once

#include "harness/media/image.h"

namespace sightline {

/// Qwen2-VL's choice of an image size (transformers, qwen2_vl image processor): both sides
/// multiples of `factor`, the aspect nearly kept, the area within [min_pixels, max_pixels].
/// Throws `Error` for a side ratio above 200, which the reference refuses too.
FrameSize smart_resize(int width, int height, int factor, long min_pixels, long max_pixels);

}  // namespace sightline
