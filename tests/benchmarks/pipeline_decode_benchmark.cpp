// JPEG decoding inside the engine against the same decoder in a plain parallel loop.
//
// BM_DecodeLoop is the bound: read_image on one thread or two, nothing else; image_benchmark sets
// that beside libjpeg-turbo alone. BM_DecodeInPipeline
// takes the same files through load -> model -> score -> journal with a model that looks at
// pixels and answers at once. Both count images per second.

#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/parallel.h"
#include "harness/base/rng.h"
#include "harness/engine/run.h"
#include "harness/media/decode.h"
#include "harness/media/encode.h"
#include "tests/support/fake_task.h"

namespace sightline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFiles = 64;
constexpr std::size_t kImages = 2000;

/// A 640 x 480 picture with smooth parts and noise, so that its JPEG has the size of a photograph.
Image make_picture(std::uint64_t seed) {
  Image image = black_image(640, 480);
  Rng rng(seed, 0);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width * 3; ++x) {
      const int smooth = (x / 7 + y / 3 + static_cast<int>(seed) * 11) % 200;
      image.row(y)[x] = static_cast<std::uint8_t>(smooth + static_cast<int>(rng.below(28)));
    }
  }
  return image;
}

/// The files of the benchmark, made once.
class Pictures {
 public:
  Pictures() : folder_(fs::temp_directory_path() / "sightline_decode_benchmark") {
    fs::create_directories(folder_);
    for (std::size_t i = 0; i < kFiles; ++i) {
      files_.push_back(folder_ / (std::to_string(i) + ".jpg"));
      write_file_atomically(files_.back(), encode_jpeg(make_picture(i), 90));
    }
  }
  ~Pictures() { fs::remove_all(folder_); }
  const fs::path& file(std::size_t image) const { return files_[image % kFiles]; }
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
  std::vector<fs::path> files_;
};

const Pictures& pictures() {
  static const Pictures all;
  return all;
}

class PictureDataset final : public Dataset {
 public:
  std::size_t size() const override { return kImages; }
  std::string id(std::size_t index) const override { return std::to_string(index); }
  std::uint32_t cluster(std::size_t index) const override {
    return static_cast<std::uint32_t>(index);
  }
  std::map<std::string, std::string> hashes() const override { return {}; }
  Request request(std::size_t index) const override {
    Request request{.ticket = index, .id = id(index)};
    request.text = "What is it?";
    request.images.push_back({.path = pictures().file(index)});
    return request;
  }
};

class LookingModel final : public BatchModel {
 public:
  LookingModel() {
    info_ = {.name = "looking", .kinds = {Kind::kText}};
    info_.max_batch = 16;
  }
  const ModelInfo& info() const override { return info_; }
  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      responses[i].text = std::to_string(requests[i].images.at(0).pixels->pixels.at(0));
    }
    return responses;
  }

 private:
  ModelInfo info_;
};

TaskTable picture_tasks() {
  TaskTable table;
  TaskDeclaration declaration{.name = "pictures", .summary = "pictures", .metrics = {"accuracy"}};
  declaration.open = [](const TaskSources&, const TaskDeclaration::Options&) {
    Task task;
    task.version = "1";
    task.rules = {"numbers/exact"};
    task.dataset = std::make_shared<PictureDataset>();
    task.new_scorer = [](const std::string&) { return std::make_unique<testing::NumberScorer>(); };
    return task;
  };
  table.add(std::move(declaration));
  return table;
}

void BM_DecodeLoop(benchmark::State& state) {
  pictures();
  set_thread_count(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    parallel_for(kImages, 1, [](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        benchmark::DoNotOptimize(read_image(pictures().file(i)).pixels.data());
      }
    });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kImages));
  set_thread_count(0);
}
BENCHMARK(BM_DecodeLoop)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void BM_DecodeInPipeline(benchmark::State& state) {
  const TaskTable tasks = picture_tasks();
  RunSettings settings;
  settings.model = "looking";
  settings.tasks = parse_task_choices("pictures");
  settings.output_path = pictures().folder() / "run";
  settings.progress = ProgressMode::kNone;
  settings.fresh = true;
  for (auto _ : state) {
    Registry registry;
    registry.add({.name = "looking",
                  .summary = "",
                  .open = [](ModelSettings) { return std::make_unique<LookingModel>(); },
                  .module = {}});
    const std::atomic<bool> stop{false};
    const RunEnd end = run(settings, registry, tasks, stop);
    if (end.results.tasks.at(0).outcomes.at("ok") != static_cast<std::int64_t>(kImages)) {
      state.SkipWithError("an image failed");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kImages));
}
BENCHMARK(BM_DecodeInPipeline)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline
