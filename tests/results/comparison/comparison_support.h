#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/rng.h"
#include "results/comparison/run_samples.h"

namespace sightline {

/// A sample of a run made by hand.
struct Scored {
  std::string id, image;
  double score = 0;
};

/// A task "task" with the metric "score", the mean of the samples' scores.
inline TaskSamples scored_task(const std::vector<Scored>& samples) {
  TaskSamples task{.result = {.name = "task", .version = "1", .rules = "test/rules"}};
  task.result.protocol = R"({"split":"val","max_new_tokens":"16"})";
  task.result.samples = std::ssize(samples);
  task.result.samples_in_dataset = std::ssize(samples);
  task.result.outcomes = {{"ok", std::ssize(samples)}};
  task.conditions = R"({"data":{"f.json":"aa"}})";
  task.model = R"({"name":"m","prompt_style":"plain"})";
  MetricValue metric{.key = "score", .value = 0.0, .standard_error = 0.0};
  std::string all;
  for (const Scored& sample : samples) {
    task.ids.push_back(sample.id);
    task.images.push_back(sample.image);
    task.values["score"].push_back(sample.score);
    all += sample.id + ":" + std::to_string(sample.score) + ";";
    if (std::isnan(sample.score)) continue;
    *metric.value += sample.score;
    ++metric.n;
  }
  if (metric.n > 0) *metric.value /= static_cast<double>(metric.n);
  task.result.metrics = {std::move(metric)};
  task.result.answers_sha256 = all;
  return task;
}

inline RunSamples run_of(std::vector<TaskSamples> tasks) {
  return {.label = "run", .folder = "out/run", .origin = "sightline", .tasks = std::move(tasks)};
}

/// Two runs on `count` images whose samples are right with the probabilities given, seeded.
inline std::pair<RunSamples, RunSamples> two_runs(int count, double base_right, double next_right) {
  Rng rng(1, 2);
  std::vector<Scored> base, next;
  for (int i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    const double draw = rng.uniform();
    base.push_back({id, id, draw < base_right ? 1.0 : 0.0});
    next.push_back({id, id, draw < next_right ? 1.0 : 0.0});
  }
  return {run_of({scored_task(base)}), run_of({scored_task(next)})};
}

}  // namespace sightline
