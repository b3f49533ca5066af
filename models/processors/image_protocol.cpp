#include "models/processors/image_protocol.h"

#include <fmt/format.h>

#include "harness/base/error.h"

namespace sightline {

std::string_view name_of(ImageBackend backend) {
  return backend == ImageBackend::kPil ? "pil" : "torchvision";
}

ImageBackend parse_image_backend(std::string_view name) {
  if (name == "pil") return ImageBackend::kPil;
  if (name == "torchvision") return ImageBackend::kTorchvision;
  throw UsageError(fmt::format("image_backend is '{}', want pil or torchvision{}", name,
                               did_you_mean(std::string(name), {"pil", "torchvision"})));
}

std::string_view name_of(PassOrder order) {
  return order == PassOrder::kPillow12 ? "pillow12" : "pillow13";
}

PassOrder parse_pass_order(std::string_view name) {
  if (name == "pillow12") return PassOrder::kPillow12;
  if (name == "pillow13") return PassOrder::kPillow13;
  throw UsageError(fmt::format("resize_order is '{}', want pillow12 or pillow13{}", name,
                               did_you_mean(std::string(name), {"pillow12", "pillow13"})));
}

std::map<std::string, std::string> describe(const ImageProtocol& protocol) {
  std::map<std::string, std::string> entries{
      {"image_backend", std::string(name_of(protocol.backend))}};
  if (protocol.backend == ImageBackend::kPil) {
    entries.emplace("resize_order", name_of(protocol.order));
  }
  return entries;
}

}  // namespace sightline
