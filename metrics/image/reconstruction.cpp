#include "metrics/image/reconstruction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "metrics/image/psnr.h"
#include "metrics/image/ssim.h"

namespace sightline {
namespace {

enum Key : std::size_t { kPsnr, kSsim, kGaussian, kLpips, kLpipsVgg, kBitsPerPixel };

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

ReconstructionScore score_reconstruction(const Image& reconstruction, const Image& original,
                                         const ReconstructionOptions& options) {
  ReconstructionScore score;
  if (options.flowmo) {
    score.squared_error = squared_error_float32(reconstruction, original);
    score.psnr =
        psnr_of_error(*score.squared_error / static_cast<double>(original.pixels.size()), 1);
    score.ssim = ssim_float32(reconstruction, original);
  } else {
    score.psnr = psnr(reconstruction, original);
    score.ssim = ssim(reconstruction, original);
  }
  if (options.ssim_gaussian11) score.ssim_gaussian11 = ssim_gaussian11(reconstruction, original);
  if (options.bits) {
    require(*options.bits >= 0, "the compressed form has {} bits", *options.bits);
    score.bits_per_pixel = static_cast<double>(*options.bits) /
                           (static_cast<double>(original.width) * original.height);
  }
  return score;
}

ReconstructionMetrics::ReconstructionMetrics()
    : means_({"psnr", "ssim", "ssim_gaussian11", "lpips", "lpips_vgg", "bpp"}) {}

void ReconstructionMetrics::update(std::uint32_t image, const ReconstructionScore& score) {
  const std::array<double, 6> values = {score.psnr,
                                        score.ssim,
                                        score.ssim_gaussian11.value_or(kUndefined),
                                        score.lpips.value_or(kUndefined),
                                        score.lpips_vgg.value_or(kUndefined),
                                        score.bits_per_pixel.value_or(kUndefined)};
  means_.update(image, values);
}

std::vector<MetricValue> ReconstructionMetrics::compute() const {
  MetricValue psnr = means_.metric(kPsnr);
  psnr.unit = "dB";
  if (const std::int64_t count = identical(); count > 0) {
    psnr.note = fmt::format("{} of {} pairs are identical, of infinite PSNR", count, psnr.n);
  }
  MetricValue uniform = means_.metric(kSsim);
  uniform.unit = "SSIM";
  std::vector<MetricValue> metrics = {psnr, uniform};
  MetricValue gaussian = means_.metric(kGaussian);
  gaussian.unit = "SSIM";
  if (gaussian.n > 0) metrics.push_back(gaussian);
  for (const Key key : {kLpips, kLpipsVgg}) {
    MetricValue lpips = means_.metric(key);
    lpips.unit = "LPIPS";
    lpips.higher_is_better = false;
    if (lpips.n > 0) metrics.push_back(lpips);
  }
  MetricValue bits_per_pixel = means_.metric(kBitsPerPixel);
  bits_per_pixel.unit = "bits per pixel";
  bits_per_pixel.higher_is_better = false;
  if (bits_per_pixel.n > 0) metrics.push_back(bits_per_pixel);
  return metrics;
}

std::int64_t ReconstructionMetrics::identical() const {
  const auto values = means_.values(kPsnr);
  return std::count_if(values.begin(), values.end(), [](double psnr) { return std::isinf(psnr); });
}

}  // namespace sightline
