// Decoding against libjpeg-turbo alone, resizing, and the metrics of image pairs.
#include <benchmark/benchmark.h>

#include <cstdio>
// jpeglib.h wants FILE and size_t declared before it.
#include <jpeglib.h>

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "harness/media/resize.h"
#include "metrics/image/reconstruction.h"
#include "metrics/image/ssim.h"

namespace sightline {
namespace {

// Smooth colours with some noise, so that a JPEG has about the size of a photograph's.
Image picture(int width, int height, std::uint64_t seed) {
  Image image = black_image(width, height);
  Rng rng(seed);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < 3 * width; ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>(
          (x / 3 * 190 / width + y * 40 / height + static_cast<int>(seed) * 7 % 10) +
          rng.between(0, 14));
    }
  }
  return image;
}

// What djpeg does: every scan line into a fresh buffer, libjpeg's default settings.
std::vector<std::uint8_t> decode_with_libjpeg(const std::string& bytes) {
  jpeg_decompress_struct codec;
  jpeg_error_mgr errors;
  codec.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&codec, TRUE);
  jpeg_start_decompress(&codec);
  const std::size_t stride = std::size_t{codec.output_width} * 3;
  std::vector<std::uint8_t> pixels(stride * codec.output_height);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = pixels.data() + stride * codec.output_scanline;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return pixels;
}

std::string jpeg_of_side(std::int64_t width) {
  return encode_jpeg(picture(static_cast<int>(width), static_cast<int>(width * 3 / 4), 1), 90);
}

void count_pixels(benchmark::State& state, std::int64_t per_iteration) {
  state.counters["Mpixel/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * per_iteration) / 1e6, benchmark::Counter::kIsRate);
}

void DecodeJpeg(benchmark::State& state) {
  const std::string bytes = jpeg_of_side(state.range(0));
  require(decode_image(bytes).pixels == decode_with_libjpeg(bytes), "decoders disagree");
  for (auto _ : state) benchmark::DoNotOptimize(decode_image(bytes).pixels.data());
  count_pixels(state, state.range(0) * state.range(0) * 3 / 4);
}
BENCHMARK(DecodeJpeg)->Arg(640)->Arg(1920)->Unit(benchmark::kMillisecond);

void DecodeJpegWithLibjpegAlone(benchmark::State& state) {
  const std::string bytes = jpeg_of_side(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(decode_with_libjpeg(bytes).data());
  count_pixels(state, state.range(0) * state.range(0) * 3 / 4);
}
BENCHMARK(DecodeJpegWithLibjpegAlone)->Arg(640)->Arg(1920)->Unit(benchmark::kMillisecond);

void ProbeJpeg(benchmark::State& state) {
  const std::string bytes = jpeg_of_side(640);
  for (auto _ : state) benchmark::DoNotOptimize(probe_image(bytes).width);
}
BENCHMARK(ProbeJpeg)->Unit(benchmark::kMicrosecond);

void DecodePng(benchmark::State& state) {
  const std::string bytes = encode_png(picture(640, 480, 1));
  for (auto _ : state) benchmark::DoNotOptimize(decode_image(bytes).pixels.data());
  count_pixels(state, 640 * 480);
}
BENCHMARK(DecodePng)->Unit(benchmark::kMillisecond);

void Resize(benchmark::State& state) {
  const Image image = picture(640, 480, 1);
  const auto filter = static_cast<ResizeFilter>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(resize(image, 224, 224, filter).pixels.data());
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(Resize)
    ->ArgName("filter")
    ->Arg(static_cast<int>(ResizeFilter::kBilinear))
    ->Arg(static_cast<int>(ResizeFilter::kBicubic))
    ->Arg(static_cast<int>(ResizeFilter::kLanczos))
    ->Unit(benchmark::kMicrosecond);

void SsimGaussian(benchmark::State& state) {
  const Image a = picture(256, 256, 1), b = picture(256, 256, 2);
  for (auto _ : state) benchmark::DoNotOptimize(ssim_gaussian11(a, b));
}
BENCHMARK(SsimGaussian)->Unit(benchmark::kMicrosecond);

void SsimFloat32(benchmark::State& state) {
  const Image a = picture(256, 256, 1), b = picture(256, 256, 2);
  for (auto _ : state) benchmark::DoNotOptimize(ssim_float32(a, b));
}
BENCHMARK(SsimFloat32)->Unit(benchmark::kMicrosecond);

// 2,000 pairs of 256 x 256, PSNR and SSIM, on all threads.
void ScorePairs(benchmark::State& state) {
  constexpr std::size_t kPairs = 2000;
  std::vector<Image> images;
  for (std::uint64_t i = 0; i < 21; ++i) images.push_back(picture(256, 256, i));
  require(ssim(images[0], images[0]) == 1, "SSIM of equal images is not 1");
  std::vector<ReconstructionScore> scores(kPairs);
  for (auto _ : state) {
    parallel_for(kPairs, 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        scores[i] = score_reconstruction(images[i % 20], images[i % 20 + 1]);
      }
    });
    benchmark::DoNotOptimize(scores.data());
  }
  state.counters["pairs/s"] = benchmark::Counter(static_cast<double>(state.iterations() * kPairs),
                                                 benchmark::Counter::kIsRate);
}
BENCHMARK(ScorePairs)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
