#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sightline {

/// Numbers for strings: equal strings have equal ids, dense from 0 in order of first sight.
/// Strings are copied in. Not for several threads at once.
class StringIds {
 public:
  StringIds();

  /// The id of `text`, a new one at first sight. Throws `Error` beyond 2^32 - 2 strings.
  std::uint32_t id(std::string_view text);
  /// The string of an id that `id` has returned; valid as long as this object.
  std::string_view text(std::uint32_t id) const { return texts_[id]; }
  std::size_t size() const { return texts_.size(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id_plus_one = 0;  // 0: free
  };

  std::uint32_t add(std::string_view text);
  void grow();

  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  std::size_t free_bytes_ = 0;
};

}  // namespace sightline
