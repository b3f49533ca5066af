#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "harness/media/image.h"

namespace sightline {

/// Images by number, read when they are asked for; from several threads.
class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual std::size_t size() const = 0;
  /// A file's name without its extension, or the number of an array's image.
  virtual std::string name(std::size_t index) const = 0;
  virtual Image image(std::size_t index) const = 0;
};

/// What a path of image data holds.
enum class ImageDataKind {
  kImages,      ///< a folder of image files, or an array of uint8 [N, H, W, 3] in an .npy or .npz
  kFeatures,    ///< an .npy of numbers [N, D], a row an image
  kStatistics,  ///< an .npz with means and covariances (`mu`, `sigma`), perhaps images beside them
};

/// Looks at a path. Throws `Error` for what is neither, saying what would do.
ImageDataKind kind_of_image_data(const std::filesystem::path& path);

/// Throws `Error` for a folder without images, for an array of another shape or type, and for one
/// without images.
std::unique_ptr<ImageSet> open_image_set(const std::filesystem::path& path);

}  // namespace sightline
