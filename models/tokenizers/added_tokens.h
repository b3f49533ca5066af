#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/token.h"

namespace sightline {

/// A token that is found in the text as it stands, before the model sees it.
struct AddedToken {
  std::string content;
  TokenId id = kNoToken;
  bool special = false;      ///< dropped by decoding with `skip_special_tokens`
  bool single_word = false;  ///< not beside a word character
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space behind it
  bool normalized = false;   ///< looked for in normalised text
};

/// A part of a text: an added token, or what the model is to encode (`kNoToken`).
struct Segment {
  TextRange range;
  TokenId id = kNoToken;
};

/// Finds added tokens: leftmost first, the longest of those that start at one place, without
/// overlap. Cost: linear in the text for tokens of bounded length.
class AddedTokenMatcher {
 public:
  /// Adds `token`, to be found where `pattern` stands (its content, or that normalised). An empty
  /// pattern is never found; of equal patterns the last one counts.
  void add(const AddedToken& token, std::string_view pattern);

  /// Appends the segments of `text` in order; none for an empty text.
  void split(std::string_view text, std::vector<Segment>& segments) const;

 private:
  struct Edge {
    unsigned char byte = 0;
    std::uint32_t node = 0;
  };
  struct Node {
    std::vector<Edge> edges;
    std::uint32_t token = kNone;  ///< index of the token whose pattern ends here
  };
  struct Match {
    TextRange range;
    const AddedToken* token = nullptr;
  };
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// The node behind `byte`, or `kNone`.
  std::uint32_t child(std::uint32_t node, char byte) const;
  Match longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<std::uint32_t, 256> first_ = [] {
    std::array<std::uint32_t, 256> none{};
    none.fill(kNone);
    return none;
  }();
};

}  // namespace sightline
