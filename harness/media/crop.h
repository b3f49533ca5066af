#pragma once

#include "harness/media/image.h"
#include "harness/media/resize.h"

namespace sightline {

/// The `width` x `height` pixels of `image` from column `left` and row `top` on.
/// Throws `Error` when they are not all inside the image or none.
Image crop(const Image& image, int left, int top, int width, int height);

/// `image` scaled so that its shorter side has `size` pixels and the longer int(size * long /
/// short), as torchvision's `Resize(size)` does with a PIL image.
Image resize_shorter_side(const Image& image, int size, ResizeFilter filter,
                          PassOrder order = PassOrder::kPillow12);

/// The middle `width` x `height` pixels as torchvision's `CenterCrop` takes them: offset
/// (side - wanted) / 2, a half rounded to the even number; an image that is too small is set in
/// black first.
Image center_crop(const Image& image, int width, int height);

/// The middle square of `size` pixels as guided-diffusion's data loader makes it (Dhariwal and
/// Nichol 2021): halve with the box filter while the shorter side is at least twice `size`, then
/// bicubic so that the shorter side is `size`, then crop.
Image adm_center_crop(const Image& image, int size, PassOrder order = PassOrder::kPillow12);

}  // namespace sightline
