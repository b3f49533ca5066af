#pragma once

#include <cstddef>
#include <filesystem>

#include "harness/media/image.h"

namespace sightline {

/// A temporary folder in which images lie for a program to read; made when the first is written,
/// removed with what is left in it at the end.
class ImageDrop {
 public:
  ImageDrop() = default;
  ~ImageDrop();
  ImageDrop(const ImageDrop&) = delete;
  ImageDrop& operator=(const ImageDrop&) = delete;

  /// The path that image `number` is to have. Throws `StopError` when no folder can be made.
  std::filesystem::path place(std::size_t number);
  /// Writes the image there as a PNG; callable from several threads for different places. Throws
  /// `StopError` when the disk is full.
  static void write(const std::filesystem::path& place, const Image& image);

 private:
  std::filesystem::path folder_;
};

}  // namespace sightline
