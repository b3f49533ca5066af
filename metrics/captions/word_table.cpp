#include "metrics/captions/word_table.h"

#include <algorithm>
#include <functional>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint32_t hash_of(std::string_view word) {
  const std::size_t hash = std::hash<std::string_view>{}(word);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

bool is_plain(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

WordTable::WordTable() : slots_(kFirstSlots) {}

std::string_view WordTable::word(std::uint32_t id) const {
  const std::size_t begin = id == 0 ? 0 : ends_[id - 1];
  return std::string_view(characters_).substr(begin, ends_[id] - begin);
}

std::span<const std::uint32_t> WordTable::tokens(std::uint32_t id) const {
  return std::span(tokens_).subspan(token_begins_[id], token_counts_[id]);
}

std::size_t WordTable::slot_of(std::string_view word, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].id != kEmpty &&
         (slots_[at].hash != hash || this->word(slots_[at].id) != word)) {
    at = (at + 1) & mask;
  }
  return at;
}

std::uint32_t WordTable::intern(std::string_view word) {
  const std::uint32_t hash = hash_of(word);
  const std::size_t at = slot_of(word, hash);
  if (slots_[at].id != kEmpty) return slots_[at].id;
  require(size() < kEmpty, "captions: more than {} different words", size());
  const auto id = static_cast<std::uint32_t>(size());
  slots_[at] = {hash, id};
  characters_ += word;
  ends_.push_back(characters_.size());
  if (2 * size() > slots_.size()) grow();
  add_tokens(id);
  return id;
}

void WordTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id == kEmpty) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].id != kEmpty) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

void WordTable::add_tokens(std::uint32_t id) {
  token_begins_.push_back(0);
  token_counts_.push_back(0);
  std::vector<std::uint32_t> pieces{id};
  // A word with white space in it is copied first: numbering its pieces moves the characters.
  if (const std::string text(word(id)); !is_plain(text)) {
    const std::vector<std::string_view> parts = split_at_space(text);
    if (parts.size() != 1 || parts[0] != text) {
      pieces.clear();
      for (const std::string_view part : parts) pieces.push_back(intern(part));
    }
  }
  token_begins_[id] = tokens_.size();
  token_counts_[id] = static_cast<std::uint32_t>(pieces.size());
  tokens_.insert(tokens_.end(), pieces.begin(), pieces.end());
}

}  // namespace sightline
