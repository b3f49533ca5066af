#include "metrics/text/string_ids.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "harness/base/error.h"

namespace sightline {

namespace {

constexpr std::size_t kFirstSlots = 1024, kBlockBytes = std::size_t{1} << 16;

std::uint32_t hash_of(std::string_view text) {
  const std::size_t hash = std::hash<std::string_view>{}(text);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace

StringIds::StringIds() : slots_(kFirstSlots) {}

std::uint32_t StringIds::id(std::string_view text) {
  const std::uint32_t hash = hash_of(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id_plus_one == 0) {
      const std::uint32_t id = add(text);
      slot = {.hash = hash, .id_plus_one = id + 1};
      if (texts_.size() * 2 > slots_.size()) grow();
      return id;
    }
    if (slot.hash == hash && texts_[slot.id_plus_one - 1] == text) return slot.id_plus_one - 1;
  }
}

std::uint32_t StringIds::add(std::string_view text) {
  require(texts_.size() < std::numeric_limits<std::uint32_t>::max() - 1,
          "more than {} different strings", texts_.size());
  if (text.size() > free_bytes_) {
    free_bytes_ = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique<char[]>(free_bytes_));
    free_ = blocks_.back().get();
  }
  std::ranges::copy(text, free_);
  texts_.emplace_back(free_, text.size());
  free_ += text.size();
  free_bytes_ -= text.size();
  return static_cast<std::uint32_t>(texts_.size() - 1);
}

void StringIds::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id_plus_one == 0) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].id_plus_one != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace sightline
