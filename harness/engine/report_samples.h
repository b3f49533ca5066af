#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "harness/engine/report_pictures.h"
#include "results/html/html_report.h"
#include "tasks/task.h"

namespace sightline {

struct GallerySettings {
  std::size_t samples = 48;  ///< most samples, and so pictures, a task
  PictureSettings pictures;
};

/// The samples of every task that people want to see of runs (`choose_samples`): what was asked,
/// every run's answer, what was expected, and the picture. `folders[i]` holds `runs[i]`. What is
/// missing (data, images) is said in the galleries; only a journal that cannot be read throws.
std::vector<SampleGallery> read_galleries(const std::vector<std::filesystem::path>& folders,
                                          const std::vector<RunResults>& runs,
                                          const TaskTable& tasks,
                                          const std::filesystem::path& data_root,
                                          const GallerySettings& settings);

}  // namespace sightline
