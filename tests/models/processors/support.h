#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "harness/media/decode.h"
#include "models/processors/process_images.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"
#include "tests/support/safetensors.h"

namespace sightline::testing {

/// Images that live as long as this, and pointers to them.
struct ImageSet {
  std::vector<Image> images;
  std::vector<const Image*> pointers;

  explicit ImageSet(std::vector<Image> from) : images(std::move(from)) {
    for (const Image& image : images) pointers.push_back(&image);
  }
  ImageSet(const ImageSet&) = delete;
  ImageSet& operator=(const ImageSet&) = delete;
};

inline std::vector<Image> read_images(const std::filesystem::path& folder,
                                      const std::vector<std::string>& files) {
  std::vector<Image> images;
  for (const std::string& file : files) images.push_back(read_image(folder / file));
  return images;
}

/// The same shape, and every float the same bit for bit.
inline void expect_bits(const PixelTensor& got, const StoredTensor& want) {
  ASSERT_EQ(want.dtype, "F32");
  EXPECT_EQ(got.shape, want.shape);
  const std::vector<float> values = want.values<float>();
  ASSERT_EQ(got.values.size(), values.size());
  std::size_t different = 0;
  float largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    different += std::memcmp(&got.values[i], &values[i], sizeof(float)) != 0;
    largest = std::max(largest, std::abs(got.values[i] - values[i]));
  }
  EXPECT_EQ(different, 0U) << "of " << values.size() << ", by up to " << largest;
}

/// Floats that differ by no more than 1e-6 of the largest: sums in another order.
inline void expect_near(std::span<const float> got, std::span<const float> want) {
  ASSERT_EQ(got.size(), want.size());
  float difference = 0, largest = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_FALSE(std::isnan(got[i]));
    difference = std::max(difference, std::abs(got[i] - want[i]));
    largest = std::max(largest, std::abs(want[i]));
  }
  EXPECT_LE(difference, 1e-6F * largest);
}

}  // namespace sightline::testing
