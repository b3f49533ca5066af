#include "models/processors/process_images.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness/base/error.h"
#include "harness/media/smart_resize.h"
#include "models/processors/image_steps.h"
#include "models/processors/qwen_patches.h"
#include "models/processors/sample_table.h"

namespace sightline {
namespace {

FrameSize size_of(const Image& image) {
  return {image.width, image.height};
}

PixelWindow whole(const Image& image) {
  return {0, 0, image.width, image.height};
}

// A processor with what is worked out once for all images of a call.
struct Processor {
  const ProcessorConfig& config;
  const ImageProtocol& protocol;
  SampleTable table;

  Image resized(const Image& image, FrameSize size) const {
    return resize_with(image, size, config.resample, protocol);
  }
};

Image resized_and_cropped(const Processor& processor, const Image& image) {
  const ProcessorConfig& config = processor.config;
  const FrameSize size = !config.do_resize ? size_of(image)
                         : config.shortest_edge > 0
                             ? shortest_edge_size(size_of(image), config.shortest_edge)
                             : config.size;
  Image result = processor.resized(image, size);
  if (!config.do_center_crop) return result;
  return crop_middle(result, config.crop_size, processor.protocol.backend);
}

// [images, 3, h, w] of images of one size.
PixelTensor stack(std::span<const Image> images, const SampleTable& table) {
  const FrameSize size = size_of(images[0]);
  const std::size_t each = images[0].pixels.size();
  PixelTensor tensor = zero_tensor({images.size(), 3, static_cast<std::size_t>(size.height),
                                    static_cast<std::size_t>(size.width)});
  for (std::size_t i = 0; i < images.size(); ++i) {
    require(size_of(images[i]) == size,
            "image {} of a sample is {} x {} after processing, the first {} x {}: their tensors "
            "cannot be joined",
            i + 1, images[i].width, images[i].height, size.width, size.height);
    write_planes(images[i], whole(images[i]), table, tensor.values.data() + i * each);
  }
  return tensor;
}

ProcessedImages process_plain(const Processor& processor, std::span<const Image* const> images) {
  ProcessedImages result;
  std::vector<Image> ready;
  for (const Image* image : images) {
    ready.push_back(resized_and_cropped(processor, *image));
    result.images.push_back(
        {.size = size_of(*image), .num_tokens = processor.config.tokens_per_tile});
  }
  result.pixel_values = stack(ready, processor.table);
  return result;
}

// g of g x g image tokens a tile.
int features_per_side(const ProcessorConfig& config) {
  const int side = static_cast<int>(std::lround(std::sqrt(config.tokens_per_tile)));
  require(side > 0 && side * side == config.tokens_per_tile,
          "LLaVA-OneVision needs the number of image tokens of a tile (num_image_tokens of "
          "processor_config.json), a square number, not {}",
          config.tokens_per_tile);
  return side;
}

// The image as a whole, then the tiles of its best resolution: [1, 1 + tiles, 3, side, side].
ProcessedImages process_in_tiles(const Processor& processor, const Image& image) {
  const ProcessorConfig& config = processor.config;
  const FrameSize size = size_of(image);
  const FrameSize resolution = choose_resolution(size, config.pinpoints);
  const int side = config.size.width;
  require(resolution.width % side == 0 && resolution.height % side == 0,
          "the resolution {} x {} cannot be cut into tiles of {} pixels", resolution.width,
          resolution.height, side);
  const AnyresPlan plan =
      plan_anyres(size, resolution, side, features_per_side(config), config.max_tiles);
  const Image canvas =
      set_in_middle(processor.resized(image, fit_within(size, resolution)), resolution, {});
  const int tiles = 1 + plan.tile_grid.width * plan.tile_grid.height;
  const auto pixels = static_cast<std::size_t>(side);
  ProcessedImages result;
  result.pixel_values = zero_tensor({1, static_cast<std::size_t>(tiles), 3, pixels, pixels});
  float* out = result.pixel_values.values.data();
  write_planes(processor.resized(image, config.size), {0, 0, side, side}, processor.table, out);
  for (int top = 0; top < resolution.height; top += side) {
    for (int left = 0; left < resolution.width; left += side) {
      out += 3 * pixels * pixels;
      write_planes(canvas, {left, top, side, side}, processor.table, out);
    }
  }
  result.images = {{.size = size, .num_tokens = plan.tokens(), .tiles = tiles, .anyres = plan}};
  return result;
}

// Each image on a square of the mean colour, one tile an image: [images, 1, 3, side, side].
ProcessedImages process_on_squares(const Processor& processor,
                                   std::span<const Image* const> images) {
  const ProcessorConfig& config = processor.config;
  std::array<std::uint8_t, 3> colour{};
  std::ranges::transform(config.scaling.mean, colour.begin(), [](double mean) {
    return static_cast<std::uint8_t>(std::clamp(mean * 255, 0.0, 255.0));
  });
  const int newline = 1;
  const int side = features_per_side(config);
  ProcessedImages result;
  std::vector<Image> tiles;
  for (const Image* image : images) {
    const int longer = std::max(image->width, image->height);
    tiles.push_back(
        processor.resized(set_in_middle(*image, {longer, longer}, colour), config.size));
    result.images.push_back({.size = size_of(*image), .num_tokens = side * side + newline});
  }
  result.pixel_values = stack(tiles, processor.table);
  auto& shape = result.pixel_values.shape;
  shape.insert(shape.begin() + 1, 1);
  return result;
}

ProcessedImages process_tiled_video(const Processor& processor,
                                    std::span<const Image* const> frames) {
  ProcessedImages result;
  std::vector<Image> ready;
  for (const Image* frame : frames) ready.push_back(resized_and_cropped(processor, *frame));
  result.pixel_values = stack(ready, processor.table);
  auto& shape = result.pixel_values.shape;
  shape.insert(shape.begin(), 1);
  const int pooled = (features_per_side(processor.config) + 1) / 2;
  const int count = static_cast<int>(frames.size());
  result.images = {{.size = size_of(*frames[0]),
                    .num_tokens = count * pooled * pooled + 1,
                    .tiles = count,
                    .is_video = true}};
  return result;
}

Image scaled_for_patches(const Processor& processor, const Image& image) {
  const ProcessorConfig& config = processor.config;
  if (!config.do_resize) return image;
  return processor.resized(
      image, smart_resize(image.width, image.height, config.patch_size * config.merge_size,
                          config.min_pixels, config.max_pixels));
}

// Adds the patches of one image or of the frames of a video.
void append_patches(const Processor& processor, std::span<const Image* const> frames,
                    ProcessedImages& result) {
  const ProcessorConfig& config = processor.config;
  std::vector<Image> scaled;
  for (const Image* frame : frames) scaled.push_back(scaled_for_patches(processor, *frame));
  QwenPatches patches = cut_patches(
      scaled, {config.patch_size, config.temporal_patch_size, config.merge_size}, processor.table);
  const auto [t, h, w] = patches.grid_thw;
  result.images.push_back({.size = size_of(*frames[0]),
                           .num_tokens = t * h * w / (config.merge_size * config.merge_size),
                           .tiles = static_cast<int>(frames.size()),
                           .is_video = true,
                           .grid_thw = patches.grid_thw});
  if (result.pixel_values.values.empty()) {
    result.pixel_values = std::move(patches.rows);
    return;
  }
  result.pixel_values.shape[0] += patches.rows.shape[0];
  result.pixel_values.values.insert(result.pixel_values.values.end(), patches.rows.values.begin(),
                                    patches.rows.values.end());
}

void require_pixels(std::span<const Image* const> images) {
  require(!images.empty(), "there is no image to process");
  for (const Image* image : images) {
    require(image != nullptr && image->width > 0 && image->height > 0,
            "an image without pixels cannot be processed");
  }
}

}  // namespace

ProcessedImages process_images(std::span<const Image* const> images, const ProcessorConfig& config,
                               const ImageProtocol& protocol) {
  require_pixels(images);
  const Processor processor{config, protocol, sample_table(config.scaling, protocol.backend)};
  if (config.kind == ProcessorKind::kLlavaOnevision) {
    return images.size() == 1 ? process_in_tiles(processor, *images[0])
                              : process_on_squares(processor, images);
  }
  if (config.kind != ProcessorKind::kQwen2Vl) return process_plain(processor, images);
  ProcessedImages result;
  for (std::size_t i = 0; i < images.size(); ++i) {
    append_patches(processor, images.subspan(i, 1), result);
  }
  return result;
}

ProcessedImages process_video(std::span<const Image* const> frames, const ProcessorConfig& config,
                              const ImageProtocol& protocol) {
  require_pixels(frames);
  for (const Image* frame : frames) {
    require(size_of(*frame) == size_of(*frames[0]),
            "a video has frames of {} x {} and of {} x {} pixels: all must have one size",
            frames[0]->width, frames[0]->height, frame->width, frame->height);
  }
  const Processor processor{config, protocol, sample_table(config.scaling, protocol.backend)};
  if (config.kind == ProcessorKind::kLlavaOnevision) return process_tiled_video(processor, frames);
  require(config.kind == ProcessorKind::kQwen2Vl,
          "this image processor has no video: only LLaVA-OneVision's and Qwen2-VL's have");
  ProcessedImages result;
  append_patches(processor, frames, result);
  return result;
}

}  // namespace sightline
