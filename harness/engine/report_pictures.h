#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/html/html_report.h"
#include "tasks/task.h"

namespace sightline {

/// How images are made small.
struct PictureSettings {
  int longest_side = 320;
  int quality = 75;  ///< of the JPEG
};

/// A small picture, or why there is none.
struct PictureOutcome {
  std::optional<PagePicture> picture;
  std::string why_not;
};

/// Small pictures of image files, each decoded once, in parallel. Images look as the task's models
/// see them: upright where its protocol turns them, cropped where it crops.
std::vector<PictureOutcome> make_pictures(const std::vector<std::filesystem::path>& files,
                                          const Task& task, const PictureSettings& settings);

}  // namespace sightline
