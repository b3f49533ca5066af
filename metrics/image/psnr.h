#pragma once

#include "harness/media/image.h"

namespace sightline {

/// Throws `Error` unless both images have the same size and at least one pixel.
void require_same_size(const Image& reconstruction, const Image& original);

/// 10 log10(range^2 / mse) in dB; infinite for an error of 0.
double psnr_of_error(double mean_squared_error, double range);

/// Mean squared difference over all pixels and channels, from an exact integer sum.
/// All functions here throw `Error` for images of different size or without pixels.
double mean_squared_error(const Image& reconstruction, const Image& original);

/// Peak signal-to-noise ratio of 8-bit images in dB: range 255, one mean over all pixels and
/// channels; infinite for equal images. Equals scikit-image's `peak_signal_noise_ratio`.
double psnr(const Image& reconstruction, const Image& original);

/// The same on grey values 0.299 R + 0.587 G + 0.114 B, not rounded.
double psnr_luma(const Image& reconstruction, const Image& original);

/// Sum of squared differences of the samples divided by 255, each step in float32 and the sum in
/// double, as numpy computes it for float32 images.
double squared_error_float32(const Image& reconstruction, const Image& original);

}  // namespace sightline
