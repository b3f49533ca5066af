#include "models/adapters/baseline.h"

#include <algorithm>
#include <iterator>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "models/api/text_arguments.h"

namespace sightline {

namespace {

class BaselineModel final : public BatchModel {
 public:
  BaselineModel(ModelInfo info, AnswerOne answer_one)
      : info_(std::move(info)), answer_one_(std::move(answer_one)) {}

  const ModelInfo& info() const override { return info_; }

  std::vector<Response> answer(std::span<const Request> requests) override {
    std::vector<Response> responses(requests.size());
    // Looking at pixels takes milliseconds, all else less than handing it to a thread.
    const std::size_t grain = info_.wants_pixels ? 1 : info_.max_batch;
    parallel_for(requests.size(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) responses[i] = answer_one_(requests[i]);
    });
    return responses;
  }

 private:
  ModelInfo info_;
  AnswerOne answer_one_;
};

std::vector<BaselineKind> all_kinds() {
  std::vector<BaselineKind> kinds;
  for (const auto& family : {answer_baselines(), caption_baselines(), grounding_baselines(),
                             detection_baselines(), reconstruction_baselines()}) {
    std::copy(family.begin(), family.end(), std::back_inserter(kinds));
  }
  return kinds;
}

/// What a task without `kind=` gets: the first kind of its sort, except that captions and answers
/// are both texts and told apart by the field of the task's predictions.
std::string default_kind(const ModelSettings& settings) {
  const bool captions = settings.predictions.text_field == "caption";
  switch (settings.kind) {
    case Kind::kText:
      return captions ? "caption" : "most_common";
    case Kind::kGround:
      return "whole_image";
    case Kind::kDetect:
      return "grid";
    case Kind::kReconstruct:
      return "jpeg";
  }
  fail("no baseline for this kind of task");
}

BaselineKind choose_kind(const ModelSettings& settings, const std::string& name) {
  std::vector<std::string> names, lines;
  for (const BaselineKind& kind : all_kinds()) {
    if (kind.task_kind != settings.kind) continue;
    if (kind.name == name) return kind;
    names.push_back(kind.name);
    lines.push_back(fmt::format("\n  kind={}: {}", kind.name, kind.meaning));
  }
  const std::string task = settings.task.empty() ? "a request" : "task " + settings.task;
  throw UsageError(
      fmt::format("model baseline has no kind '{}' for {}, which asks for {}{}; there are:{}", name,
                  task, name_of(settings.kind), did_you_mean(name, names), fmt::join(lines, "")));
}

/// The arguments that decide what is answered, as part of the model's identity. A training file
/// counts by its hash, wherever it lies.
std::string describe(const std::string& kind, const ModelArgs& args) {
  std::string text = "kind=" + kind;
  for (const auto& [key, value] : args.values()) {
    const bool elsewhere =
        key == "kind" || key == "train" || key == "prompt_style" || key == "geometry";
    if (!elsewhere) text += fmt::format(",{}={}", key, value);
  }
  return text;
}

}  // namespace

std::unique_ptr<Model> answer_each(ModelInfo info, AnswerOne answer_one) {
  return std::make_unique<BaselineModel>(std::move(info), std::move(answer_one));
}

std::unique_ptr<Model> open_baseline(ModelSettings settings) {
  const std::string name = settings.args.get("kind", default_kind(settings));
  const BaselineKind kind = choose_kind(settings, name);
  ModelInfo info;
  info.name = "baseline";
  info.revision = describe(kind.name, settings.args);
  info.kinds = {settings.kind};
  info.max_batch = 1024;
  info.opens_images = false;
  info.wants_pixels = false;
  take_text_arguments(settings.args, info);
  AnswerOne answer_one = kind.make(settings.args, info);
  settings.args.check_all_used("baseline with kind=" + kind.name);
  if (info.wants_pixels) {
    info.opens_images = true;
    info.max_batch = kPixelBatch;
  }
  return answer_each(std::move(info), std::move(answer_one));
}

}  // namespace sightline
