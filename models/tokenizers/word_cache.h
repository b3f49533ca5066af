#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "models/tokenizers/byte_hash.h"
#include "models/tokenizers/token.h"

namespace sightline {

/// The tokens of short words met lately. One place a hash: a word that hashes to a taken place puts
/// out the one before, so the memory is bounded (4 MiB). An entry fills one cache line.
class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 24, kMaxTokens = 7;

  /// A short word as numbers: equal keys mean equal words.
  struct Key {
    std::array<std::uint64_t, 3> words;
    std::uint8_t length;

    std::size_t place() const {
      const std::uint64_t folded =
          words[0] ^ std::rotl(words[1] * kSpread, 23) ^ std::rotl(words[2] * kSpread, 47);
      return ((folded ^ length) * kSpread) >> (64 - kBits);
    }
    bool operator==(const Key&) const = default;
  };

  /// `word` has at most `kMaxBytes` bytes.
  static Key key_of(std::string_view word) {
    Key key{.words = {}, .length = static_cast<std::uint8_t>(word.size())};
    const char* bytes = word.data();
    std::size_t left = word.size();
    std::size_t i = 0;
    for (; left >= 8; left -= 8, bytes += 8) key.words[i++] = load_word(bytes);
    if (left == 0) return key;
    // The last bytes as part of a whole word where one fits: a copy of variable length is slow.
    if (word.size() >= 8) {
      key.words[i] = load_word(word.data() + word.size() - 8) >> (8 * (8 - left));
    } else if (left >= 4) {
      std::uint32_t first = 0, last = 0;
      std::memcpy(&first, bytes, 4);
      std::memcpy(&last, bytes + left - 4, 4);
      key.words[i] = first | (std::uint64_t{last} << (8 * (left - 4)));
    } else {
      key.words[i] = byte(bytes[0]) | (byte(bytes[left / 2]) << (8 * (left / 2))) |
                     (byte(bytes[left - 1]) << (8 * (left - 1)));
    }
    return key;
  }

  /// Whether the word is here; its tokens are then at the end of `tokens`.
  bool append(const Key& key, std::vector<TokenId>& tokens) const {
    const Entry& entry = entries_[key.place()];
    if (entry.count == 0 || !(entry.key == key)) return false;
    tokens.insert(tokens.end(), entry.tokens.begin(), entry.tokens.begin() + entry.count);
    return true;
  }

  /// Keeps 1 to `kMaxTokens` tokens of a word; ignores more.
  void keep(const Key& key, std::span<const TokenId> tokens) {
    if (tokens.empty() || tokens.size() > kMaxTokens) return;
    Entry& entry = entries_[key.place()];
    entry.key = key;
    entry.count = static_cast<std::uint8_t>(tokens.size());
    std::ranges::copy(tokens, entry.tokens.begin());
  }

 private:
  static constexpr int kBits = 16;
  static constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;
  static std::uint64_t byte(char c) { return static_cast<unsigned char>(c); }

  struct Entry {
    Key key;
    std::array<TokenId, kMaxTokens> tokens;
    std::uint8_t count;  ///< 0: no word is here
  };

  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };
  static Entry* allocate() {
    // calloc takes fresh pages as they are: one that no word falls on costs nothing.
    void* memory = std::calloc(std::size_t{1} << kBits, sizeof(Entry));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<Entry*>(memory);
  }

  std::unique_ptr<Entry[], Free> entries_{allocate()};
};

}  // namespace sightline
