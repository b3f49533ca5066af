#pragma once

#include <filesystem>
#include <vector>

namespace sightline {

/// The PNG, JPEG and WebP files in `folder` and the folders below it, by extension in any case,
/// ascending by file name. Throws `Error` when the folder is missing or holds none, and when two
/// files have the same name but for folder and extension, as that name is the image's id.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

}  // namespace sightline
