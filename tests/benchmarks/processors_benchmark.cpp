// Image processing: the two resamplers, and whole processors from decoded image to floats.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <span>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "harness/media/resize.h"
#include "harness/media/resize_torchvision.h"
#include "models/processors/process_images.h"

namespace sightline {
namespace {

Image noise(int width, int height) {
  Image image = black_image(width, height);
  Rng rng(1);
  for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(rng.next());
  return image;
}

void count_images(benchmark::State& state) {
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// 640 x 480 to 224 x 224, bicubic; image_benchmark has Pillow's other filters.
void ResizeAsPillow(benchmark::State& state) {
  const Image image = noise(640, 480);
  require(resize(image, 640, 480, ResizeFilter::kBicubic) == image,
          "resizing to the same size changes pixels");
  for (auto _ : state) {
    benchmark::DoNotOptimize(resize(image, 224, 224, ResizeFilter::kBicubic).pixels.data());
  }
  count_images(state);
}
BENCHMARK(ResizeAsPillow)->Unit(benchmark::kMicrosecond);

void ResizeAsTorchvision(benchmark::State& state) {
  const Image image = noise(640, 480);
  require(resize_torchvision(image, 640, 480, TensorFilter::kBicubic) == image,
          "resizing to the same size changes pixels");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        resize_torchvision(image, 224, 224, TensorFilter::kBicubic).pixels.data());
  }
  count_images(state);
}
BENCHMARK(ResizeAsTorchvision)->Unit(benchmark::kMicrosecond);

// 640 x 480 through a family's processor with its default sizes.
void Process(benchmark::State& state) {
  const Image image = noise(640, 480);
  const Image* const pointer = &image;
  ProcessorConfig config = default_processor_config(static_cast<ProcessorKind>(state.range(0)));
  if (config.kind == ProcessorKind::kLlavaOnevision) config.tokens_per_tile = 729;
  const auto run = [&] { return process_images(std::span(&pointer, 1), config); };
  require(run().images.at(0).size == FrameSize{640, 480}, "the processor lost the image's size");
  for (auto _ : state) benchmark::DoNotOptimize(run().pixel_values.values.data());
  count_images(state);
}
BENCHMARK(Process)
    ->ArgName("family")
    ->Arg(static_cast<int>(ProcessorKind::kSiglip))
    ->Arg(static_cast<int>(ProcessorKind::kClip))
    ->Arg(static_cast<int>(ProcessorKind::kLlavaOnevision))
    ->Arg(static_cast<int>(ProcessorKind::kQwen2Vl))
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
