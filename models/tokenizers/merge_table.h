#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "models/tokenizers/token.h"

namespace sightline {

/// What two adjacent tokens become, and how early: the lowest rank merges first.
struct Merge {
  static constexpr std::uint32_t kNever = 0xFFFFFFFF;
  std::uint32_t rank = kNever;
  TokenId result = kNoToken;
};

/// The merges of a byte-pair encoding by their pair, as a hash table with open addressing.
class MergeTable {
 public:
  explicit MergeTable(std::size_t merges = 0)
      : slots_(std::bit_ceil(merges * 2 + 16)), shift_(64 - std::countr_zero(slots_.size())) {}

  /// A pair that is there already gets the new merge. At most as many as announced.
  void set(TokenId left, TokenId right, Merge merge) {
    Slot& slot = slots_[place(key_of(left, right))];
    slot = {key_of(left, right), merge};
  }

  /// A merge of rank `kNever` when the two do not merge.
  Merge find(TokenId left, TokenId right) const { return slots_[place(key_of(left, right))].merge; }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t pair = kFree;
    Merge merge;
  };

  static std::uint64_t key_of(TokenId left, TokenId right) {
    return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) |
           static_cast<std::uint32_t>(right);
  }
  /// The slot of a pair, or the free one where it would go.
  std::size_t place(std::uint64_t pair) const {
    // Fibonacci hashing (Knuth, volume 3, section 6.4), the halves of the key folded first.
    std::size_t at = ((pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15ULL) >> shift_;
    while (slots_[at].pair != pair && slots_[at].pair != kFree) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return at;
  }

  std::vector<Slot> slots_;
  int shift_;
};

}  // namespace sightline
