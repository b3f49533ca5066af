#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/media/image.h"

/// The arithmetic of FlowMo's own evaluation, for its published tables. Its SSIM is `ssim_float32`
/// of the images that the functions here give.
namespace sightline {

/// The 8-bit value of a sample in [-1, 1] (clamped): (x + 1) / 2 * 255 in float32, truncated.
std::uint8_t flowmo_sample(float sample);

/// An image from `samples`, [3, height, width] in [-1, 1], through `flowmo_sample`.
/// Throws `Error` when their number is wrong.
Image flowmo_image(std::span<const float> samples, int width, int height);

/// An original as FlowMo's evaluation sees it: v / 127.5 - 1 in double, rounded to float32, and
/// back. By truncation 95 of the 256 grey values come back one lower.
Image flowmo_round_trip(const Image& original);

/// FlowMo's PSNR: one mean squared error over all images of a batch, the same for each of them,
/// then the mean over batches. Lower than the mean of the images' PSNRs when they differ.
/// Rules "psnr/flowmo-batch5".
class FlowmoPsnr {
 public:
  /// `batch` > 0 images are pooled. Throws `Error` otherwise.
  explicit FlowmoPsnr(int batch = 5);

  /// Adds a pair, in the order of file names. Float32 arithmetic on samples / 255, as numpy's.
  /// Throws `Error` for images of different size or without pixels.
  void update(const Image& reconstruction, const Image& original);
  /// The same from what `squared_error_float32` gave for a pair of `samples` samples.
  void update(double squared_error, std::size_t samples);

  /// Adds what `next` has seen, behind what is here. Throws `Error` if the batches differ.
  void merge(const FlowmoPsnr& next);

  /// In dB; no value unless the number of images is a positive multiple of the batch, which
  /// FlowMo's evaluation demands.
  std::optional<double> compute() const;

 private:
  struct Pair {
    double squared_error, samples;
  };

  std::size_t batch_;
  std::vector<Pair> pairs_;
};

}  // namespace sightline
