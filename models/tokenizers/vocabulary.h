#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/token.h"

namespace sightline {

/// Tokens and their ids, both ways. Ids may have gaps. All texts lie in one piece of memory.
class Vocabulary {
 public:
  /// Ids go below this, which bounds the memory a broken file can ask for.
  static constexpr TokenId kIdLimit = 1 << 24;

  /// Room for `tokens` of `bytes` in all.
  void reserve(std::size_t tokens, std::size_t bytes);

  /// Throws `Error` when the text or the id is there already, or the id is out of [0, kIdLimit).
  void add(std::string_view token, std::int64_t id);

  /// `kNoToken` when there is none.
  TokenId find(std::string_view token) const;
  /// No value for an id without a token. The view lives as long as this object.
  std::optional<std::string_view> text(std::int64_t id) const;

  /// The number of tokens.
  std::size_t size() const { return size_; }
  /// One more than the greatest id.
  TokenId end_id() const { return static_cast<TokenId>(spans_.size()); }

 private:
  struct Span {
    std::uint32_t begin = kNone, length = 0;
  };
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::string_view text_of(const Span& span) const;
  void grow(std::size_t slots);

  std::string bytes_;
  std::vector<Span> spans_;           ///< by id
  std::vector<std::uint64_t> slots_;  ///< open addressing: half a hash, then id + 1; 0 is free
  std::size_t size_ = 0;
};

}  // namespace sightline
