#include "models/tokenizers/vocabulary.h"

#include <bit>

#include "harness/base/error.h"
#include "models/tokenizers/byte_hash.h"

namespace sightline {

namespace {

constexpr std::uint64_t kLow = 0xFFFFFFFF;

}  // namespace

void Vocabulary::reserve(std::size_t tokens, std::size_t bytes) {
  bytes_.reserve(bytes);
  spans_.reserve(tokens);
  if (tokens * 2 > slots_.size()) grow(std::bit_ceil(tokens * 2));
}

std::string_view Vocabulary::text_of(const Span& span) const {
  return std::string_view(bytes_).substr(span.begin, span.length);
}

void Vocabulary::grow(std::size_t slots) {
  std::vector<std::uint64_t> old(slots, 0);
  old.swap(slots_);
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    std::size_t at = (slot >> 32) & (slots - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots - 1);
    slots_[at] = slot;
  }
}

void Vocabulary::add(std::string_view token, std::int64_t id) {
  require(id >= 0 && id < kIdLimit, "token '{}' has the id {}, want 0 to {}", token, id,
          kIdLimit - 1);
  require(bytes_.size() + token.size() < kNone, "the tokens have more than 4 GB of text");
  if (const auto other = text(id))
    fail("tokens '{}' and '{}' both have the id {}", *other, token, id);
  if (size_ * 2 >= slots_.size()) grow(slots_.empty() ? 64 : slots_.size() * 2);

  const std::uint64_t hash = hash_bytes(token) >> 32;
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] >> 32 != hash) continue;
    const std::size_t other = (slots_[at] & kLow) - 1;
    require(text_of(spans_[other]) != token, "token '{}' is there twice, with the ids {} and {}",
            token, other, id);
  }
  slots_[at] = (hash << 32) | static_cast<std::uint64_t>(id + 1);
  if (id >= end_id()) spans_.resize(static_cast<std::size_t>(id) + 1);
  spans_[static_cast<std::size_t>(id)] = {static_cast<std::uint32_t>(bytes_.size()),
                                          static_cast<std::uint32_t>(token.size())};
  bytes_ += token;
  ++size_;
}

TokenId Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return kNoToken;
  const std::uint64_t hash = hash_bytes(token) >> 32;
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at] != 0;
       at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] >> 32 != hash) continue;
    const std::size_t id = (slots_[at] & kLow) - 1;
    if (text_of(spans_[id]) == token) return static_cast<TokenId>(id);
  }
  return kNoToken;
}

std::optional<std::string_view> Vocabulary::text(std::int64_t id) const {
  if (id < 0 || id >= end_id()) return std::nullopt;
  const Span& span = spans_[static_cast<std::size_t>(id)];
  if (span.begin == kNone) return std::nullopt;
  return text_of(span);
}

}  // namespace sightline
