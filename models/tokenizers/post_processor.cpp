#include "models/tokenizers/post_processor.h"

#include <algorithm>

namespace sightline {

std::size_t PostProcessor::added_tokens(bool is_pair) const {
  std::size_t count = 0;
  for (const TemplateItem& item : is_pair ? pair : single) count += item.ids.size();
  return count;
}

Encoding PostProcessor::fill(std::span<const TokenId> first,
                             std::optional<std::span<const TokenId>> second,
                             bool add_special_tokens) const {
  Encoding encoding;
  for (const TemplateItem& item : second ? pair : single) {
    std::span<const TokenId> ids = item.ids;
    if (item.kind == TemplateItem::Kind::kFirst) ids = first;
    if (item.kind == TemplateItem::Kind::kSecond) ids = second.value_or(std::span<const TokenId>());
    if (item.kind == TemplateItem::Kind::kSpecial && !add_special_tokens) continue;
    encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
    encoding.type_ids.resize(encoding.ids.size(), item.type_id);
  }
  return encoding;
}

std::pair<std::size_t, std::size_t> truncated_pair(std::size_t first, std::size_t second,
                                                   std::size_t most) {
  if (first + second <= most) return {first, second};
  const std::size_t half = most / 2;
  const std::size_t shorter = std::min(first, second);
  if (shorter <= half) {
    return first <= second ? std::pair(first, most - first) : std::pair(most - second, second);
  }
  return first <= second ? std::pair(half, most - half) : std::pair(most - half, half);
}

}  // namespace sightline
