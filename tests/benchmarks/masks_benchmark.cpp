// Masks of COCO's kind: images of 640 x 480, blobs with ragged edges, some 200 runs each.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "harness/base/rng.h"
#include "metrics/detection/coco_evaluator.h"
#include "metrics/masks/mask.h"
#include "metrics/masks/mask_overlap.h"
#include "metrics/masks/polygon_mask.h"

namespace sightline {
namespace {

constexpr int kHeight = 480, kWidth = 640;

/// A ragged outline around a random centre, with a corner every few pixels.
std::vector<double> blob(Rng& rng, double x, double y, double radius) {
  const int corners = std::clamp(static_cast<int>(radius / 2), 8, 120);
  std::vector<double> polygon;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    const double r = radius * rng.uniform(0.85, 1.15);
    polygon.insert(polygon.end(), {std::clamp(x + r * std::cos(angle), 0.0, kWidth * 1.0),
                                   std::clamp(y + r * std::sin(angle), 0.0, kHeight * 1.0)});
  }
  return polygon;
}

struct Object {
  double x, y, radius;
  std::uint32_t category;
};

Object random_object(Rng& rng) {
  return {rng.uniform(0, kWidth), rng.uniform(0, kHeight), 50 * std::exp(0.7 * rng.normal()),
          static_cast<std::uint32_t>(rng.below(8))};
}

Mask mask_of(Rng& rng, const Object& object) {
  return polygon_mask(blob(rng, object.x, object.y, object.radius), kHeight, kWidth);
}

/// One image's objects, and detections: half near an object, half anywhere.
struct Image {
  std::vector<Mask> truths, detections;
  std::vector<TruthTraits> truth_traits;
  std::vector<DetectionTraits> detection_traits;
};

Image make_image(Rng& rng) {
  Image image;
  std::vector<Object> objects;
  for (int i = 0; i < 8; ++i) {
    objects.push_back(random_object(rng));
    image.truths.push_back(mask_of(rng, objects.back()));
    image.truth_traits.push_back(
        {objects.back().category, static_cast<double>(image.truths.back().area())});
  }
  for (int i = 0; i < 100; ++i) {
    Object object = random_object(rng);
    if (rng.chance(0.5)) {
      object = rng.pick(objects);
      object.x += 0.1 * object.radius * rng.normal();
      object.y += 0.1 * object.radius * rng.normal();
    }
    image.detections.push_back(mask_of(rng, object));
    image.detection_traits.push_back(
        {object.category, rng.uniform(), static_cast<double>(image.detections.back().area())});
  }
  return image;
}

const std::vector<Image>& images() {
  static const std::vector<Image> made = [] {
    Rng rng(1);
    std::vector<Image> list;
    for (int i = 0; i < 50; ++i) list.push_back(make_image(rng));
    return list;
  }();
  return made;
}

/// Masks against a pixel-by-pixel count, before anything is timed.
bool is_sound() {
  const Image& image = images().front();
  for (std::size_t d = 0; d < 20; ++d) {
    const auto a = bitmap_of(image.detections[d]), b = bitmap_of(image.truths[d % 8]);
    std::uint32_t shared = 0;
    for (std::size_t i = 0; i < a.size(); ++i) shared += a[i] & b[i];
    if (shared != shared_pixels(image.detections[d], image.truths[d % 8])) return false;
  }
  return true;
}

void BM_MaskIouAllPairs(benchmark::State& state) {
  if (!is_sound()) state.SkipWithError("shared pixels are not those of the bitmaps");
  for (auto _ : state) {
    for (const Image& image : images()) {
      benchmark::DoNotOptimize(mask_ious(image.detections, image.truths));
    }
  }
  state.SetItemsProcessed(state.iterations() * 50 * 100 * 8);
}
BENCHMARK(BM_MaskIouAllPairs)->Unit(benchmark::kMillisecond);

/// Only pairs whose boxes overlap, so that runs are merged each time.
void BM_MaskIouOverlappingPairs(benchmark::State& state) {
  std::vector<std::pair<const Mask*, const Mask*>> pairs;
  for (const Image& image : images()) {
    for (const Mask& detection : image.detections) {
      for (const Mask& truth : image.truths) {
        if (shared_pixels(detection, truth) > 0) pairs.emplace_back(&detection, &truth);
      }
    }
  }
  for (auto _ : state) {
    for (const auto& [a, b] : pairs) benchmark::DoNotOptimize(mask_iou(*a, *b));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pairs.size()));
}
BENCHMARK(BM_MaskIouOverlappingPairs)->Unit(benchmark::kMillisecond);

void BM_CocoMaskUpdate(benchmark::State& state) {
  for (auto _ : state) {
    CocoEvaluator evaluator({}, 8);
    for (const Image& image : images()) {
      std::vector<GroundTruthMask> truths;
      for (const Mask& mask : image.truths) truths.push_back({&mask, false});
      evaluator.update(image.truth_traits, image.detection_traits,
                       find_mask_overlaps(truths, image.detections, 0.5));
    }
    benchmark::DoNotOptimize(evaluator.images());
  }
  state.SetItemsProcessed(state.iterations() * 50 * 100);
}
BENCHMARK(BM_CocoMaskUpdate)->Unit(benchmark::kMillisecond);

std::vector<std::string> all_counts() {
  std::vector<std::string> counts;
  for (const Image& image : images()) {
    for (const Mask& mask : image.detections) counts.push_back(counts_of(mask));
  }
  return counts;
}

std::int64_t total_size(const std::vector<std::string>& texts) {
  std::int64_t size = 0;
  for (const std::string& text : texts) size += static_cast<std::int64_t>(text.size());
  return size;
}

void BM_MaskFromCounts(benchmark::State& state) {
  const std::vector<std::string> counts = all_counts();
  for (auto _ : state) {
    for (const std::string& text : counts) {
      benchmark::DoNotOptimize(mask_from_counts(kHeight, kWidth, text));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(counts.size()));
  state.SetBytesProcessed(state.iterations() * total_size(counts));
}
BENCHMARK(BM_MaskFromCounts)->Unit(benchmark::kMillisecond);

void BM_CountsOfMask(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(all_counts());
  state.SetItemsProcessed(state.iterations() * 50 * 100);
}
BENCHMARK(BM_CountsOfMask)->Unit(benchmark::kMillisecond);

void BM_PolygonMask(benchmark::State& state) {
  Rng rng(2);
  std::vector<std::vector<double>> polygons;
  for (int i = 0; i < 1000; ++i) {
    const Object object = random_object(rng);
    polygons.push_back(blob(rng, object.x, object.y, object.radius));
  }
  for (auto _ : state) {
    for (const auto& polygon : polygons) {
      benchmark::DoNotOptimize(polygon_mask(polygon, kHeight, kWidth));
    }
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_PolygonMask)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline
