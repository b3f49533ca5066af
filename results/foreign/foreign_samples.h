#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "results/comparison/run_samples.h"

namespace sightline {

/// A metric of a task of lm-evaluation-harness: what "exact_match,strict-match" says.
struct ForeignMetric {
  std::string name, filter;

  /// As Sightline's reports name it: without the filter where that is "none".
  std::string key() const { return filter == "none" ? name : name + "," + filter; }
};

/// A samples file, document by document in the order of first lines.
struct ForeignSamples {
  std::vector<std::string> doc_ids;     ///< distinct
  std::vector<std::string> doc_hashes;  ///< "" where a line has none
  std::vector<std::string> images;      ///< "" where a document does not say it
  std::vector<std::string> answers;     ///< a hash of what was said and scored, by filter
  /// Metric key -> each document's score; NaN where it has none. Only metrics whose scores are
  /// numbers.
  std::map<std::string, std::vector<double>> values;
  std::function<SampleText(std::size_t place)> text;
  std::vector<std::string> notes;  ///< metrics left out, and why
};

/// Reads the samples of `metrics` in one pass that holds one line at a time; `text` reads a line
/// again. A score is a number, true or false, or an object with one number under the metric's name
/// or "score"; null and Python's NaN and Infinity are undefined. Throws `Error` naming file, line
/// and field: broken JSON, a missing or mistyped doc_id, a document twice under one filter, a score
/// that is a number in one line and a text or a list in another.
ForeignSamples read_foreign_samples(const std::filesystem::path& file,
                                    const std::vector<ForeignMetric>& metrics);

}  // namespace sightline
