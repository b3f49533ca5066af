#pragma once

#include <span>
#include <string_view>

namespace sightline {

/// A text file of this folder as it was when the program was configured.
struct EmbeddedFile {
  std::string_view name, content;
};

/// Every `*.json` of this folder, by name.
std::span<const EmbeddedFile> embedded_files();

}  // namespace sightline
