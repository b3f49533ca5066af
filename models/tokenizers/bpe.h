#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/merge_table.h"
#include "models/tokenizers/token.h"
#include "models/tokenizers/vocabulary.h"
#include "models/tokenizers/word_cache.h"

namespace sightline {

struct BpeOptions {
  TokenId unknown = kNoToken;      ///< for characters without a token; without it they vanish
  bool fuse_unknown = false;       ///< one unknown token for a run of such characters
  bool byte_fallback = false;      ///< such characters become the tokens <0x00> to <0xFF>
  bool ignore_merges = false;      ///< a piece that is a token is not built from merges
  std::string end_of_word_suffix;  ///< ends the last character of every piece
};

/// What `Bpe::encode` works with; each thread needs its own.
struct BpeScratch {
  struct Symbol {
    TokenId id = kNoToken;
    std::int32_t previous = -1, next = -1;
  };
  struct Candidate {
    std::uint64_t order = 0;  ///< rank, then place
    TokenId left = kNoToken, right = kNoToken;
  };
  WordCache cache;
  std::vector<TokenId> ids;
  std::vector<Merge> merges;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

/// Byte-pair encoding (Sennrich et al., ACL 2016) with given merges: characters, or bytes, of a
/// piece are tokens at first; then the adjacent pair of lowest rank, the leftmost of equals,
/// becomes one token, until no pair merges.
class Bpe {
 public:
  /// `vocabulary` must outlive this object. Throws `Error` when a token that the options need is
  /// not in it.
  Bpe(const Vocabulary& vocabulary, MergeTable merges, BpeOptions options);

  /// Takes pieces as raw bytes from now on, where else it got the characters of the byte alphabet.
  /// False, and nothing changes, if a byte has no token.
  bool take_bytes();

  /// Lets pieces be cut between characters that no merge ever joins; the tokens stay the same.
  /// `merged_pairs` has the two texts of each merge.
  void find_cuts(const std::vector<std::pair<std::string_view, std::string_view>>& merged_pairs);

  /// Appends the tokens of a piece. Cost: near-linear, with a factor of log n for pieces that are
  /// long and cannot be cut.
  void encode(std::string_view piece, BpeScratch& scratch, std::vector<TokenId>& tokens) const;

 private:
  /// ASCII characters each, then U+2581 (the mark for a space), then all others.
  static constexpr std::size_t kCutClasses = 130;
  using CutClasses = std::array<std::array<bool, kCutClasses>, kCutClasses>;

  void encode_cut(std::string_view piece, BpeScratch& scratch, std::vector<TokenId>& tokens) const;
  void encode_word(std::string_view word, BpeScratch& scratch, std::vector<TokenId>& tokens) const;
  void encode_anew(std::string_view word, BpeScratch& scratch, std::vector<TokenId>& tokens) const;
  void start_bytes(std::string_view word, std::vector<TokenId>& ids) const;
  void start_characters(std::string_view word, std::vector<TokenId>& ids) const;
  TokenId character_token(std::string_view character, bool is_last) const;
  bool append_fallback(std::string_view character, std::vector<TokenId>& ids) const;
  void merge_short(BpeScratch& scratch, std::vector<TokenId>& tokens) const;
  void merge_long(BpeScratch& scratch, std::vector<TokenId>& tokens) const;
  void push_candidate(BpeScratch& scratch, std::int32_t place) const;

  const Vocabulary* vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  bool takes_bytes_ = false;
  std::array<TokenId, 256> byte_tokens_{};       ///< of raw bytes, or of byte fallback
  std::array<TokenId, 256> last_byte_tokens_{};  ///< with the suffix
  std::vector<TokenId> plane_;                   ///< characters of the Basic Multilingual Plane
  std::optional<CutClasses> joins_;              ///< whether some merge joins the two classes
};

}  // namespace sightline
