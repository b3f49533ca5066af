#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tasks/task.h"

// What the readers of annotation files share.

namespace sightline {

/// Numbers images densely from 0 in order of first appearance, for clustered standard errors.
class ClusterNumbers {
 public:
  std::uint32_t number(std::int64_t image_id) {
    return numbers_.try_emplace(image_id, static_cast<std::uint32_t>(numbers_.size()))
        .first->second;
  }

 private:
  std::unordered_map<std::int64_t, std::uint32_t> numbers_;
};

/// Keeps copies of many short strings in large blocks; views stay valid as long as the arena.
class TextArena {
 public:
  std::string_view keep(std::string_view text) {
    if (text.size() > kBlock / 4) return large_.emplace_back(text);
    if (blocks_.empty() || blocks_.back().size() + text.size() > kBlock) {
      blocks_.emplace_back().reserve(kBlock);
    }
    std::string& block = blocks_.back();
    const std::size_t at = block.size();
    block.append(text);
    return std::string_view(block).substr(at, text.size());
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::deque<std::string> blocks_, large_;
};

/// The file named by the user, or the official one under the data root.
std::filesystem::path source_file(const std::filesystem::path& named, const TaskSources& sources,
                                  const std::string& official);

/// SHA-256 of each file, keyed by its name without folders.
std::map<std::string, std::string> hashes_of(const std::vector<std::filesystem::path>& files);

/// "COCO_val2014_000000000042.jpg" for ("COCO_val2014_", 42).
std::string coco_file_name(std::string_view prefix, std::int64_t image_id);

}  // namespace sightline
