#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "metrics/bootstrap.h"
#include "results/run_results.h"

namespace sightline {

/// What people want to read of a sample.
struct SampleText {
  std::string question;  ///< what the model was asked
  std::string answer;    ///< its words as they came
  std::string outcome;   ///< "ok", "timeout", ...
};

/// One task of a run, sample by sample, as a comparison needs it.
struct TaskSamples {
  TaskResult result;  ///< the numbers of the whole
  /// JSON object text: beside result's protocol, rules and version all else that must be equal for
  /// a comparison ("data": hashes of the files, ...).
  std::string conditions;
  /// JSON object text: name, prompt style, ... of the model, which a comparison is about and so may
  /// differ; where the names agree, so must the prompt style.
  std::string model = "{}";
  std::vector<std::string> ids;  ///< distinct
  std::vector<std::string>
      images;  ///< of each sample: samples of one image are a cluster. Empty: not known
  /// Metric key -> each sample's own score, of the metrics that are means over samples; NaN where
  /// a sample has none.
  std::map<std::string, std::vector<double>> values;
  /// Words of the sample at a place of `ids`; fetched when asked for.
  std::function<SampleText(std::size_t place)> text;
  /// The metrics of the whole set over the samples at `places` (ascending), by key, and what they
  /// are on resampled images; those that cannot be resampled without replicates. Empty function:
  /// what they are made of is not at hand; `why_not` says why.
  std::function<std::map<std::string, ResampledNumber>(std::span<const std::size_t> places,
                                                       const Bootstrap&)>
      rescore;
  std::string why_not;
};

/// A run with its samples: of Sightline, or of another harness.
struct RunSamples {
  std::string label;  ///< how tables name it
  std::string folder;
  std::string origin;  ///< "sightline", "lm-evaluation-harness", "lmms-eval"
  std::vector<TaskSamples> tasks;
  std::vector<std::string> notes;  ///< what a reader must know of the way it was read
};

}  // namespace sightline
