#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/media/image.h"
#include "metrics/metric_value.h"
#include "metrics/sample_means.h"

namespace sightline {

/// How well one image was reconstructed.
struct ReconstructionScore {
  double psnr = 0;                         ///< dB, infinite for equal images
  double ssim = 0;                         ///< rules "ssim/skimage-uniform7"
  std::optional<double> ssim_gaussian11;   ///< rules "ssim/gaussian11-wang", where asked for
  std::optional<double> lpips, lpips_vgg;  ///< where a network has measured them
  std::optional<double> bits_per_pixel;    ///< where the length of the compressed form is known
  std::optional<double> squared_error;     ///< `squared_error_float32`, for `FlowmoPsnr`
};

struct ReconstructionOptions {
  bool ssim_gaussian11 = false;  ///< some four times the cost of `ssim`
  /// `psnr` and `ssim` in float32 on samples / 255, as FlowMo's evaluation has them (rules
  /// "psnr/float32" and "ssim/flowmo-float32"), and `squared_error`.
  bool flowmo = false;
  std::optional<std::int64_t> bits;  ///< length of the compressed form of this image
};

/// Scores one pair; may be called from several threads. Throws `Error` for images of different
/// size, for images smaller than the window of an SSIM, and for a negative number of bits.
ReconstructionScore score_reconstruction(const Image& reconstruction, const Image& original,
                                         const ReconstructionOptions& options = {});

/// Means over images: `psnr` (dB), `ssim`, and where known for some image `ssim_gaussian11`,
/// `lpips`, `lpips_vgg` and `bpp` (bits per pixel of each image, not of all pixels together).
///
/// One pair of equal images makes the mean PSNR infinite, as numpy's mean does; the value's note
/// then says how many such pairs there are.
class ReconstructionMetrics {
 public:
  ReconstructionMetrics();

  /// Adds image number `image`, in dataset order. Numbers tell images apart for standard errors.
  void update(std::uint32_t image, const ReconstructionScore& score);
  /// Adds what `next` has seen, behind what is here; a merge of shards equals one pass.
  void merge(const ReconstructionMetrics& next) { means_.merge(next.means_); }

  /// No value for `psnr` and `ssim` when no image was seen.
  std::vector<MetricValue> compute() const;
  /// Pairs without any difference.
  std::int64_t identical() const;

 private:
  SampleMeans means_;
};

}  // namespace sightline
