// Prefill and decode of native models, against what memory gives: at batch 1 every generated token
// reads all weights of the decoder once. Image and prompt are 256 + 32 tokens for PaliGemma 2, 64 +
// 29 and 196 + 36 for MiniMind-V. Run with OMP_WAIT_POLICY=passive, as the module's loader sets it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <numeric>

#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "models/families/families.h"
#include "models/generation/native_model.h"
#include "tests/benchmarks/random_checkpoint.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;

constexpr int kSteps = 32;

/// Checkpoints live as long as the program.
class Folder {
 public:
  fs::path checkpoint(const std::string& name) {
    const fs::path path = root_ / name;
    const fs::path family = fs::path(SIGHTLINE_TEST_DATA) / "models" /
                            (name.starts_with("llava") ? "llava_onevision" : "paligemma2");
    if (!fs::exists(path)) {
      benchmarks::write_random_checkpoint(name, path, "F32", family / "checkpoint");
    }
    return path;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

 private:
  fs::path root_ = fs::temp_directory_path() / ("sightline_native_" + std::to_string(::getpid()));
};

Folder& folder() {
  static Folder only;
  return only;
}

/// The sum of [begin, end), with enough sums under way that only memory holds it up.
std::uint64_t sum_of(const std::vector<std::uint64_t>& words, std::size_t begin, std::size_t end) {
  constexpr std::size_t kSums = 32;
  std::uint64_t sums[kSums] = {};
  for (std::size_t i = begin; i + kSums <= end; i += kSums) {
    for (std::size_t j = 0; j < kSums; ++j) sums[j] += words[i + j];
  }
  return std::accumulate(sums, sums + kSums, std::uint64_t{0});
}

/// Bytes a second that all threads read together, the best of several passes.
double memory_rate() {
  static std::map<std::size_t, double> rates;
  const auto [known, is_new] = rates.try_emplace(thread_count(), 0.0);
  if (is_new) {
    const std::vector<std::uint64_t> words(std::size_t{1} << 27, 1);
    std::atomic<std::uint64_t> total{0};
    double best = 0;
    for (int pass = 0; pass < 10; ++pass) {
      const auto start = std::chrono::steady_clock::now();
      parallel_for(words.size(), words.size() / thread_count() + 1,
                   [&](std::size_t begin, std::size_t end) { total += sum_of(words, begin, end); });
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      best = std::max(best, 8.0 * static_cast<double>(words.size()) / took.count());
    }
    known->second = best;
  }
  return known->second;
}

struct Job {
  std::string model;
  std::size_t image_tokens, text_tokens;
};

const std::vector<Job>& jobs() {
  static const std::vector<Job> all{{"paligemma2_150m", 256, 32},
                                    {"minimind_v_head_65m", 64, 29},
                                    {"minimind_v_legacy_26m", 196, 36}};
  return all;
}

std::unique_ptr<Network> open(const std::string& model, Precision precision, bool kernels = true) {
  NetworkSettings settings;
  settings.path = folder().checkpoint(model);
  settings.precision = precision;
  settings.hash_weights = false;
  settings.kernels = kernels;
  return make_network(settings);
}

Image picture(int seed = 1) {
  Image image = black_image(640, 480);
  Rng rng(static_cast<std::uint64_t>(seed));
  for (std::uint8_t& sample : image.pixels) sample = static_cast<std::uint8_t>(rng.next());
  return image;
}

Prompt prompt_of(const Job& job, bool bidirectional) {
  Prompt prompt;
  prompt.ids.assign(job.image_tokens + job.text_tokens, 7);
  for (std::size_t i = 0; i < job.image_tokens; ++i) prompt.vision_rows.push_back({i, i});
  if (bidirectional) prompt.bidirectional = prompt.ids.size();
  return prompt;
}

Step first_step(const Prompt& prompt, const VisionFeatures& vision, SequenceCache& cache) {
  return {.cache = &cache,
          .ids = prompt.ids,
          .vision = &vision,
          .vision_rows = prompt.vision_rows,
          .bidirectional = prompt.bidirectional};
}

/// A network with the features of one picture.
struct Ready {
  Ready(const Job& job, Precision precision, bool kernels = true)
      : network(open(job.model, precision, kernels)) {
    const Image image = picture();
    const Image* pointer = &image;
    processed = network->process({&pointer, 1}, false);
    see();
    prompt = prompt_of(job, job.model.starts_with("paligemma"));
  }
  void see() {
    const ProcessedImages* request = &processed;
    vision = network->encode({&request, 1}).front();
  }
  std::unique_ptr<Network> network;
  ProcessedImages processed;
  std::shared_ptr<const VisionFeatures> vision;
  Prompt prompt;
};

void threads_from(const benchmark::State& state, int argument) {
  set_thread_count(static_cast<std::size_t>(state.range(argument)));
}

void vision_tower(benchmark::State& state) {
  threads_from(state, 1);
  Ready ready(jobs()[static_cast<std::size_t>(state.range(0))], Precision::kFp32);
  for (auto unused : state) ready.see();
  set_thread_count(0);
}

/// The tower and the prompt, with the logits of the last position. Without kernels: by libtorch's
/// own operations, one after the other, as transformers' eager mode calls them.
template <bool kKernels>
void prefill(benchmark::State& state) {
  threads_from(state, 2);
  Ready ready(jobs()[static_cast<std::size_t>(state.range(0))],
              static_cast<Precision>(state.range(1)), kKernels);
  for (auto unused : state) {
    ready.see();
    const auto cache = ready.network->new_cache(ready.prompt.ids.size() + kSteps);
    const Step step = first_step(ready.prompt, *ready.vision, *cache);
    benchmark::DoNotOptimize(ready.network->forward({&step, 1}));
  }
  set_thread_count(0);
}

/// 32 greedy steps of `batch` sequences behind their prompts.
template <bool kKernels>
void decode(benchmark::State& state) {
  threads_from(state, 3);
  const Job& job = jobs()[static_cast<std::size_t>(state.range(0))];
  Ready ready(job, static_cast<Precision>(state.range(1)), kKernels);
  const auto batch = static_cast<std::size_t>(state.range(2));
  for (auto unused : state) {
    state.PauseTiming();
    std::vector<std::unique_ptr<SequenceCache>> caches;
    std::vector<Step> steps;
    std::vector<TokenId> tokens(batch);
    for (std::size_t i = 0; i < batch; ++i) {
      caches.push_back(ready.network->new_cache(ready.prompt.ids.size() + kSteps));
      steps.push_back(first_step(ready.prompt, *ready.vision, *caches.back()));
      tokens[i] = ready.network->forward({&steps.back(), 1})[0].best;
    }
    state.ResumeTiming();
    for (int step = 0; step < kSteps; ++step) {
      for (std::size_t i = 0; i < batch; ++i) {
        steps[i] = {.cache = caches[i].get(), .ids = {&tokens[i], 1}};
      }
      const std::vector<StepResult> results = ready.network->forward(steps);
      for (std::size_t i = 0; i < batch; ++i) tokens[i] = results[i].best;
    }
  }
  using benchmark::Counter;
  const double steps = kSteps * static_cast<double>(state.iterations());
  const double bytes = static_cast<double>(ready.network->info().decoder_bytes);
  state.counters["tokens/s"] = Counter(steps * static_cast<double>(batch), Counter::kIsRate);
  state.counters["weights_GB/s"] = Counter(steps * bytes / 1e9, Counter::kIsRate);
  state.counters["of_memory"] = Counter(steps * bytes / memory_rate(), Counter::kIsRate);
  set_thread_count(0);
}

/// Seconds that four images with `questions` questions each take, with answers of one token.
double ask_about_images(const std::string& model, bool share, int questions) {
  NetworkSettings settings;
  settings.path = folder().checkpoint(model);
  settings.hash_weights = false;
  GeneratorSettings generator;
  generator.sharing.share = share;
  ModelInfo info;
  info.prompt_style.clear();
  const auto native = make_native(make_network(settings), std::move(info), generator);
  std::vector<Request> requests;
  for (int i = 0; i < 4 * questions; ++i) {
    Request& request = requests.emplace_back();
    request.id = std::to_string(i);
    request.prompt = "answer en how many birds are in part " + std::to_string(i) + "?";
    request.decoding.max_new_tokens = 1;
    request.images.push_back({.pixels = std::make_shared<const Image>(picture(i / questions))});
  }
  const auto start = std::chrono::steady_clock::now();
  benchmark::DoNotOptimize(ask(*native, std::move(requests)));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Five questions an image, as in VQAv2. The gain of sharing, and for PaliGemma the most that
/// sharing the tower alone can give: (V + P) / (V / 5 + P) for seconds of the tower and a prompt.
void five_questions(benchmark::State& state) {
  const bool causal = state.range(0) == 1;
  const std::string model = causal ? "llava_onevision_120m" : "paligemma2_150m";
  for (auto unused : state) {
    const double apart = ask_about_images(model, false, 5);
    const double shared = ask_about_images(model, true, 5);
    state.counters["gain"] = apart / shared;
    if (causal) continue;
    Ready ready(jobs()[0], Precision::kFp32);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) ready.see();
    const std::chrono::duration<double> tower = std::chrono::steady_clock::now() - start;
    state.counters["bound"] = apart / (apart - tower.count() * 16 / 20);
  }
}

/// From a folder to a network, with the file in the page cache.
void load(benchmark::State& state) {
  double bytes = 0;
  open(jobs()[0].model, Precision::kFp32);
  for (auto unused : state) {
    const auto network = open(jobs()[0].model, static_cast<Precision>(state.range(0)));
    bytes = static_cast<double>(
        fs::file_size(folder().checkpoint(jobs()[0].model) / "model.safetensors"));
  }
  state.counters["GB/s"] = benchmark::Counter(bytes / 1e9 * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}

constexpr int kFp32 = static_cast<int>(Precision::kFp32),
              kBf16 = static_cast<int>(Precision::kBf16),
              kInt8 = static_cast<int>(Precision::kInt8), kNf4 = static_cast<int>(Precision::kNf4);

BENCHMARK(vision_tower)
    ->ArgNames({"model", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_TEMPLATE(prefill, true)
    ->ArgNames({"model", "precision", "threads"})
    ->ArgsProduct({{0}, {kFp32, kBf16, kInt8, kNf4}, {1, 2}})
    ->ArgsProduct({{1, 2}, {kFp32}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_TEMPLATE(decode, true)
    ->ArgNames({"model", "precision", "batch", "threads"})
    ->ArgsProduct({{0}, {kFp32, kBf16, kInt8, kNf4}, {1, 8}, {1, 2}})
    ->ArgsProduct({{1, 2}, {kFp32}, {1}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_TEMPLATE(prefill, false)
    ->ArgNames({"model", "precision", "threads"})
    ->ArgsProduct({{0, 1, 2}, {kFp32}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_TEMPLATE(decode, false)
    ->ArgNames({"model", "precision", "batch", "threads"})
    ->ArgsProduct({{0}, {kFp32}, {1, 8}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(five_questions)->ArgName("causal")->Arg(0)->Arg(1)->Iterations(1)->UseRealTime();
BENCHMARK(load)
    ->ArgName("precision")
    ->Arg(kFp32)
    ->Arg(kBf16)
    ->Arg(kInt8)
    ->Arg(kNf4)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace sightline
