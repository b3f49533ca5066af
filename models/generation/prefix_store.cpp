#include "models/generation/prefix_store.h"

#include <algorithm>
#include <utility>

namespace sightline {

namespace {

/// The first position at which the features differ, or would.
std::size_t first_other_feature(const PromptView& a, const PromptView& b) {
  const auto& rows_a = a.prompt->vision_rows;
  const auto& rows_b = b.prompt->vision_rows;
  auto [in_a, in_b] = *a.images == *b.images ? std::mismatch(rows_a.begin(), rows_a.end(),
                                                             rows_b.begin(), rows_b.end())
                                             : std::pair(rows_a.begin(), rows_b.begin());
  std::size_t first = std::min(a.prompt->ids.size(), b.prompt->ids.size());
  if (in_a != rows_a.end()) first = std::min(first, in_a->position);
  if (in_b != rows_b.end()) first = std::min(first, in_b->position);
  return first;
}

/// `length`, or less where it would part features that follow each other.
std::size_t before_features(const Prompt& prompt, std::size_t length) {
  const auto& rows = prompt.vision_rows;
  auto next = std::ranges::lower_bound(rows, length, {}, &Prompt::VisionRow::position);
  if (next == rows.end() || next->position != length) return length;
  while (next != rows.begin() && std::prev(next)->position + 1 == length) {
    --next;
    --length;
  }
  return length;
}

}  // namespace

std::size_t shared_prefix(const PromptView& a, const PromptView& b) {
  if (a.prompt->bidirectional != 0 || b.prompt->bidirectional != 0) return 0;
  if (a.prompt->ids.empty()) return 0;
  const auto& ids = a.prompt->ids;
  const auto differ =
      std::mismatch(ids.begin(), ids.end(), b.prompt->ids.begin(), b.prompt->ids.end());
  const auto equal_ids = static_cast<std::size_t>(differ.first - ids.begin());
  const std::size_t length = std::min(equal_ids, first_other_feature(a, b));
  return before_features(*a.prompt, std::min(length, ids.size() - 1));
}

PrefixMatch PrefixStore::find(const PromptView& prompt) {
  PrefixMatch best;
  auto chosen = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const std::size_t length = shared_prefix(prompt, entry->view());
    if (length <= best.length) continue;
    best = {entry->cache.get(), length};
    chosen = entry;
  }
  if (chosen != entries_.end()) entries_.splice(entries_.end(), entries_, chosen);
  return best;
}

void PrefixStore::add(Prompt prompt, std::string images, std::unique_ptr<SequenceCache> cache) {
  if (cache->bytes() > most_bytes_ || prompt.ids.size() < least_tokens_) return;
  const PromptView view{&prompt, &images};
  std::erase_if(entries_, [&](const Entry& entry) {
    return shared_prefix(view, entry.view()) >= least_tokens_;
  });
  entries_.push_back({std::move(prompt), std::move(images), std::move(cache)});
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.cache->bytes();
  while (bytes > most_bytes_) {
    bytes -= entries_.front().cache->bytes();
    entries_.pop_front();
  }
}

bool PrefixStore::clear() {
  const bool had = !entries_.empty();
  entries_.clear();
  return had;
}

}  // namespace sightline
