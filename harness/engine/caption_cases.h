#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "results/journal.h"
#include "tasks/task.h"

namespace sightline {

/// A model's caption of an image and what people wrote about it: what raters, judges and the
/// programs of METEOR and SPICE are given.
struct CaptionCase {
  std::size_t index = 0;                    ///< of the sample in its data set
  std::string id;                           ///< of the sample
  std::string caption;                      ///< empty where there is none
  std::span<const std::string> references;  ///< lives as long as the task
};

/// All samples of a captioning task, with the answers by index (null: none). Throws `UsageError`
/// for a task of another kind.
std::vector<CaptionCase> caption_cases(const Task& task, std::span<const Answer* const> answers);

/// The samples `indices` of a run as far as they are in its journal; a failed one has no caption.
std::vector<CaptionCase> caption_cases(const Task& task, const Journal& journal, int journal_task,
                                       std::span<const std::size_t> indices);

/// Puts each of `values` in the place of the metric of the same key, or behind all.
void put_metrics(const std::vector<MetricValue>& values, std::vector<MetricValue>& metrics);

}  // namespace sightline
