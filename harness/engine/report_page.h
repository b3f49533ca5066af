#pragma once

#include <filesystem>
#include <vector>

#include "harness/engine/report_samples.h"
#include "results/html/html_report.h"
#include "tasks/task.h"

namespace sightline {

/// What a page of run folders shows beside `runs`, their results as tables name them: every run
/// compared with the first, and samples. Tasks that are not comparable are left out of the
/// differences, and the fields that differ are kept. What cannot be had is noted, not thrown.
HtmlReport read_report(const std::vector<std::filesystem::path>& folders,
                       std::vector<RunResults> runs, const TaskTable& tasks,
                       const std::filesystem::path& data_root, const GallerySettings& settings);

}  // namespace sightline
