// COCO's evaluation on data of val2017's size: 5,000 images, 80 categories, about 37,000 objects
// and 500,000 detections.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "harness/base/parallel.h"
#include "metrics/bootstrap.h"
#include "metrics/detection/coco_evaluator.h"
#include "metrics/detection/coco_resampler.h"
#include "metrics/detection/fixed_threshold.h"

namespace sightline {
namespace {

constexpr std::size_t kImages = 5000;
constexpr std::uint32_t kCategories = 80;
constexpr int kDetectionsPerImage = 100;

struct Image {
  std::vector<GroundTruthBox> truths;
  std::vector<DetectedBox> detections;
};

class ImageMaker {
 public:
  ImageMaker() {
    std::vector<double> weights;
    for (std::uint32_t k = 1; k <= kCategories; ++k) weights.push_back(std::pow(k, -0.9));
    category_ = std::discrete_distribution<std::uint32_t>(weights.begin(), weights.end());
  }

  Image make() {
    Image image;
    const int objects = std::min(std::geometric_distribution<int>(1 / 8.4)(random_), 60);
    for (int i = 0; i < objects; ++i) {
      const Box box = random_box();
      image.truths.push_back(
          {++id_, category_(random_), box, box.w * box.h * 0.75, uniform() < 0.012});
    }
    for (int i = 0; i < kDetectionsPerImage; ++i) image.detections.push_back(detect(image));
    return image;
  }

 private:
  double uniform() { return std::uniform_real_distribution<double>()(random_); }
  double normal(double spread) { return std::normal_distribution<double>(0, spread)(random_); }

  Box random_box() {
    const double w = std::clamp(60 * std::exp(normal(1)), 2.0, 600.0);
    const double h = std::clamp(60 * std::exp(normal(1)), 2.0, 440.0);
    return {uniform() * (640 - w), uniform() * (480 - h), w, h};
  }

  DetectedBox detect(const Image& image) {
    if (image.truths.empty() || uniform() > 0.45) {
      return {category_(random_), random_box(), std::round(uniform() * uniform() * 1e4) / 1e4};
    }
    const auto pick =
        static_cast<std::size_t>(uniform() * static_cast<double>(image.truths.size()));
    const GroundTruthBox& truth = image.truths[pick];
    const Box& box = truth.box;
    const double spread = 0.02 + 0.25 * uniform();
    return {truth.category,
            {box.x + normal(spread) * box.w, box.y + normal(spread) * box.h,
             box.w * std::exp(normal(spread)), box.h * std::exp(normal(spread))},
            std::round(std::sqrt(uniform()) * 1e4) / 1e4};
  }

  std::mt19937_64 random_{12345};
  std::discrete_distribution<std::uint32_t> category_;
  std::int64_t id_ = 0;
};

const std::vector<Image>& val2017() {
  static const std::vector<Image> images = [] {
    ImageMaker maker;
    std::vector<Image> made(kImages);
    for (Image& image : made) image = maker.make();
    return made;
  }();
  return images;
}

template <typename Evaluator>
void update_all(Evaluator& evaluator) {
  for (const Image& image : val2017()) evaluator.update(image.truths, image.detections);
}

/// A detector that is right gets AP 1, before anything is timed.
bool is_sound() {
  CocoEvaluator evaluator({}, kCategories);
  for (const Image& image : val2017()) {
    std::vector<DetectedBox> right;
    for (const GroundTruthBox& t : image.truths) right.push_back({t.category, t.box, 1});
    evaluator.update(image.truths, right);
  }
  return std::abs(coco_statistics(evaluator.compute())[0].value.value_or(0) - 1) < 1e-12;
}

void count_detections(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kImages) *
                          kDetectionsPerImage);
}

void BM_CocoWhole(benchmark::State& state) {
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  CocoParameters parameters;
  parameters.use_categories = state.range(1) != 0;
  if (!is_sound()) state.SkipWithError("perfect detections do not give AP 1");
  for (auto _ : state) {
    CocoEvaluator evaluator(parameters, kCategories);
    update_all(evaluator);
    benchmark::DoNotOptimize(coco_statistics(evaluator.compute()));
  }
  count_detections(state);
  set_thread_count(0);
}
BENCHMARK(BM_CocoWhole)
    ->ArgNames({"threads", "use_categories"})
    ->ArgsProduct({{1, 2}, {1, 0}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_CocoUpdate(benchmark::State& state) {
  val2017();
  for (auto _ : state) {
    CocoEvaluator evaluator({}, kCategories);
    update_all(evaluator);
    benchmark::DoNotOptimize(evaluator.images());
  }
  count_detections(state);
}
BENCHMARK(BM_CocoUpdate)->Unit(benchmark::kMillisecond);

void BM_CocoCompute(benchmark::State& state) {
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  CocoEvaluator evaluator({}, kCategories);
  update_all(evaluator);
  for (auto _ : state) benchmark::DoNotOptimize(coco_statistics(evaluator.compute()));
  count_detections(state);
  set_thread_count(0);
}
BENCHMARK(BM_CocoCompute)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_FixedThreshold(benchmark::State& state) {
  val2017();
  for (auto _ : state) {
    FixedThresholdEvaluator evaluator({}, kCategories);
    update_all(evaluator);
    benchmark::DoNotOptimize(evaluator.compute());
  }
  count_detections(state);
}
BENCHMARK(BM_FixedThreshold)->Unit(benchmark::kMillisecond);

/// AP50 alone, or COCO's twelve numbers with recall and precision at 0.5.
std::vector<DetectionNumber> numbers_of(bool all) {
  std::vector<DetectionNumber> numbers = coco_numbers();
  if (!all) return {numbers[1]};
  const std::vector<DetectionNumber> fixed = fixed_threshold_numbers();
  numbers.insert(numbers.end(), fixed.begin(), fixed.end());
  return numbers;
}

/// A bootstrap of 100 replicates, preparation included.
void BM_CocoBootstrap(benchmark::State& state) {
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  CocoEvaluator evaluator({}, kCategories);
  update_all(evaluator);
  const std::vector<DetectionNumber> numbers = numbers_of(state.range(1) != 0);
  const double ap50 =
      evaluator.compute().average_precision({.iou_threshold = 0, .max_detections = 2}).value();
  const std::vector<double> values = CocoResampler(evaluator, numbers).compute();
  if (values[numbers.size() == 1 ? 0 : 1] != ap50) {
    state.SkipWithError("weights of 1 do not give the plain AP50");
  }
  constexpr std::size_t kReplicates = 100;
  for (auto _ : state) {
    const CocoResampler resampler(evaluator, numbers);
    benchmark::DoNotOptimize(resample(kImages, {.replicates = kReplicates},
                                      [&](auto weights) { return resampler.compute(weights); }));
  }
  state.counters["replicates/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kReplicates), benchmark::Counter::kIsRate);
  set_thread_count(0);
}
BENCHMARK(BM_CocoBootstrap)
    ->ArgNames({"threads", "all_numbers"})
    ->ArgsProduct({{1, 2}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace sightline

BENCHMARK_MAIN();
