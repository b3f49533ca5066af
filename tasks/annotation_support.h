#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tasks/task.h"

// What the readers of annotation files share.

namespace sightline {

class JsonRecord;

/// Numbers images densely from 0 in order of first appearance, for clustered standard errors.
/// `Key` is what names an image: its integer id, or a file name.
template <typename Key>
class ClusterNumbers {
 public:
  std::uint32_t number(const Key& image) {
    return numbers_.try_emplace(image, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

 private:
  std::unordered_map<Key, std::uint32_t> numbers_;
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

  /// One copy of a text that comes often.
  std::string_view keep_once(std::string_view text) {
    const auto found = once_.find(text);
    return found != once_.end() ? *found : *once_.insert(keep(text)).first;
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::deque<std::string> blocks_, large_;
  std::unordered_set<std::string_view> once_;
};

/// Ids that may occur once.
class UniqueIds {
 public:
  /// Whether the id is new.
  bool add(std::string_view id) { return seen_.insert(texts_.keep(id)).second; }
  /// Throws `Error` naming the record and the field when the id is not new.
  void add(std::string_view id, const JsonRecord& record, std::string_view field);

 private:
  TextArena texts_;
  std::unordered_set<std::string_view> seen_;
};

/// The file named by the user, or the official one under the data root.
std::filesystem::path source_file(const std::filesystem::path& named, const TaskSources& sources,
                                  const std::string& official);

/// SHA-256 of each file, keyed by its name without folders ("refs.json", and "refs.json (2)" for a
/// second file of that name).
std::map<std::string, std::string> hashes_of(const std::vector<std::filesystem::path>& files);

/// "COCO_val2014_000000000042.jpg" for ("COCO_val2014_", 42).
std::string coco_file_name(std::string_view prefix, std::int64_t image_id);

/// The image `name` of sample `id` below `folder`. Throws `Error` naming the sample and `file`,
/// which it was read from, for a name that is absolute or leads out of the folder.
ImageInput sample_image(const std::filesystem::path& folder, std::string_view name,
                        std::string_view id, const std::filesystem::path& file);

}  // namespace sightline
