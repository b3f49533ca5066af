#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/media/resize.h"

namespace sightline {

/// Which of transformers' two sets of image processors is followed. They differ by a level or two.
enum class ImageBackend {
  kPil,         ///< "pil": Pillow's resize; transformers 4 before its "fast" processors
  kTorchvision  ///< "torchvision": resize of uint8 tensors; the default of transformers 5
};
std::string_view name_of(ImageBackend backend);
ImageBackend parse_image_backend(std::string_view name);  ///< throws `UsageError` listing them

std::string_view name_of(PassOrder order);          ///< "pillow12", "pillow13"
PassOrder parse_pass_order(std::string_view name);  ///< throws `UsageError` listing them

/// What of image processing changes scores beside the checkpoint's own files. The defaults are
/// those with which results were published.
struct ImageProtocol {
  ImageBackend backend = ImageBackend::kPil;
  PassOrder order = PassOrder::kPillow12;  ///< of the PIL backend

  bool operator==(const ImageProtocol&) const = default;
};

/// The entries for a run's protocol: `image_backend`, and `resize_order` where it has an effect.
std::map<std::string, std::string> describe(const ImageProtocol& protocol);

}  // namespace sightline
