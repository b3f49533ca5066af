#include "models/api/image_tokenizer.h"

#include <cmath>

#include "harness/base/error.h"
#include "models/api/registry.h"

namespace sightline {

Image truncate_to_image(const PlanarImage& image) {
  Image rounded = black_image(image.width, image.height);
  const std::size_t plane = rounded.pixels.size() / 3;
  require(image.values.size() == rounded.pixels.size(), "{} samples for an image of {} x {} pixels",
          image.values.size(), image.width, image.height);
  for (std::size_t i = 0; i < image.values.size(); ++i) {
    const float value = image.values[i];
    require(!std::isnan(value), "the reconstruction holds NaN");
    const float sample = (std::fmin(1.0F, std::fmax(-1.0F, value)) + 1.0F) / 2.0F * 255.0F;
    rounded.pixels[i % plane * 3 + i / plane] = static_cast<std::uint8_t>(sample);
  }
  return rounded;
}

std::unique_ptr<ImageTokenizer> open_image_tokenizer(Registry& registry,
                                                     const ImageTokenizerSettings& settings) {
  if (!registry.image_tokenizer) load_module_by_name("sightline_torch", registry);
  require(static_cast<bool>(registry.image_tokenizer),
          "the module sightline_torch brings no image tokenizers");
  return with_context(
      [&] { return fmt::format("opening the checkpoint {}", settings.path.string()); },
      [&] { return registry.image_tokenizer(settings); });
}

}  // namespace sightline
