#pragma once

#include <array>

#include "harness/media/image.h"

namespace sightline {

/// Structural similarity (Wang et al., IEEE TIP 2004), K1 = 0.01, K2 = 0.03, a mean over the
/// windows that lie inside the image and then over channels; 1 for equal images, at least -1.
/// The variants differ in window and in how they estimate covariances, and by some percent in
/// value, so every published number needs its variant. All throw `Error` for images of different
/// size or smaller than the window.

/// scikit-image's `structural_similarity` on uint8 with its defaults: 7 x 7 uniform window, sample
/// covariance (times 49/48), range 255. Window sums are exact integers.
/// Rules "ssim/skimage-uniform7"; the metric `ssim`.
double ssim(const Image& reconstruction, const Image& original);
/// The same, each channel alone.
std::array<double, 3> ssim_per_channel(const Image& reconstruction, const Image& original);
/// The same on one channel 0.299 R + 0.587 G + 0.114 B, not rounded.
double ssim_luma(const Image& reconstruction, const Image& original);

/// The same on samples divided by 255 in float32 arithmetic (range 1) as FlowMo calls it; off from
/// `ssim` by about 1e-6. Rules "ssim/flowmo-float32".
double ssim_float32(const Image& reconstruction, const Image& original);

/// The original paper's: Gaussian window of sigma 1.5 and 11 x 11 pixels, population covariance,
/// range 255; also what torchmetrics and pytorch-msssim compute.
/// Rules "ssim/gaussian11-wang"; the metric `ssim_gaussian11`.
double ssim_gaussian11(const Image& reconstruction, const Image& original);
/// The same with sample covariance (times 121/120): scikit-image with `gaussian_weights` alone.
/// Rules "ssim/gaussian11-sample".
double ssim_gaussian11_sample(const Image& reconstruction, const Image& original);

}  // namespace sightline
