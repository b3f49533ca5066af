#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "harness/media/image.h"
#include "models/processors/image_protocol.h"
#include "models/processors/processor_config.h"

namespace sightline {

/// The float that stands for each 8-bit sample, by channel.
struct SampleTable {
  std::array<std::array<float, 256>, 3> values{};

  const std::array<float, 256>& operator[](std::size_t channel) const { return values[channel]; }
};

/// The arithmetic of transformers in float32. PIL: rescaled in double and rounded to float, then
/// (t - mean) / std. Torchvision: (sample - mean / factor) / (std / factor) when both steps are
/// done, for mean and std times the float 1 / factor.
SampleTable sample_table(const SampleScaling& scaling, ImageBackend backend);

/// A part of an image: `width` x `height` pixels from (left, top) on.
struct PixelWindow {
  int left = 0, top = 0, width = 0, height = 0;
};

/// Writes the window's samples as [3, height, width] to `out`. The window lies inside the image.
void write_planes(const Image& image, const PixelWindow& window, const SampleTable& table,
                  float* out);

}  // namespace sightline
