#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/api/registry.h"

namespace sightline {

/// Answers one request; called from several threads.
using AnswerOne = std::function<Response(const Request&)>;

/// A baseline by its `kind=`. `make` takes its arguments and says in `info` what differs from a
/// model that looks at nothing (hashes of training files, whether it wants pixels).
struct BaselineKind {
  std::string name;
  Kind task_kind = Kind::kText;
  std::string meaning;
  std::function<AnswerOne(ModelArgs& args, ModelInfo& info)> make;
};

// One source file a family.
std::vector<BaselineKind> answer_baselines();          ///< baseline_answers.cpp: most_common
std::vector<BaselineKind> caption_baselines();         ///< baseline_captions.cpp: caption
std::vector<BaselineKind> grounding_baselines();       ///< baseline_grounding.cpp
std::vector<BaselineKind> detection_baselines();       ///< baseline_detection.cpp: grid, contours
std::vector<BaselineKind> reconstruction_baselines();  ///< baseline_codecs.cpp: jpeg, webp

/// Images that a model of this kind takes at a time where it looks at their pixels.
inline constexpr std::size_t kPixelBatch = 64;

/// A model that answers each request alone, several at a time on threads.
std::unique_ptr<Model> answer_each(ModelInfo info, AnswerOne answer_one);

/// The model `baseline`: answers that need no training of a network, to see what a score is worth.
/// `kind=` chooses; without it the first that fits the task. Throws `UsageError` that lists the
/// right kinds for the task.
std::unique_ptr<Model> open_baseline(ModelSettings settings);

}  // namespace sightline
