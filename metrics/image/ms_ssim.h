#pragma once

#include "harness/media/image.h"

namespace sightline {

/// Multi-scale structural similarity (Wang, Simoncelli and Bovik, Asilomar 2003), as pytorch-msssim
/// computes it on samples in [0, 255]: five scales, each the mean of 2 x 2 pixels of the one
/// before (a side of odd length is padded in front with one 0, which counts); the Gaussian window
/// of 11 x 11 pixels and sigma 1.5 in float32 weights; population covariance. For each channel
///
///   l_5 c_5^w_5 * product over j < 5 of c_j^w_j,  w = .0448 .2856 .3001 .2363 .1333
///
/// where c_j is the mean over windows of (2 cov + C2) / (var_a + var_b + C2), and at the last scale
/// the mean of SSIM stands for both; negative means count as 0. The result is the mean over
/// channels.
///
/// Rules "ms_ssim/pytorch-msssim". Throws `Error` for images of different size or with a side of
/// 160 pixels or less.
double ms_ssim(const Image& reconstruction, const Image& original);

}  // namespace sightline
