#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "harness/media/image.h"
#include "tests/support/safetensors.h"

namespace sightline::testing {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_file(path));
}

/// A [height, width, 3] tensor of bytes as an image.
inline Image to_image(const StoredTensor& tensor) {
  EXPECT_EQ(tensor.dtype, "U8");
  EXPECT_EQ(tensor.shape.size(), 3U);
  return {static_cast<int>(tensor.shape.at(1)), static_cast<int>(tensor.shape.at(0)),
          tensor.values<std::uint8_t>()};
}

/// Every sample random: hard on filters and codecs.
inline Image noise_image(int width, int height, std::uint64_t seed) {
  Image image = black_image(width, height);
  Rng rng(seed);
  for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(rng.next());
  return image;
}

/// Smooth colours, with samples off by up to `noise`: what photographs are to codecs.
inline Image gradient_image(int width, int height, int noise, std::uint64_t seed) {
  Image image = black_image(width, height);
  Rng rng(seed);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int smooth[3] = {x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)};
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(std::clamp(smooth[c] + rng.between(-noise, noise), 0, 255));
      }
    }
  }
  return image;
}

/// The largest difference of two samples, or -1 when the sizes differ.
inline int largest_difference(const Image& a, const Image& b) {
  if (a.width != b.width || a.height != b.height || a.pixels.size() != b.pixels.size()) return -1;
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return largest;
}

}  // namespace sightline::testing
