#pragma once

#include <vector>

#include "models/tokenizers/scratch_pool.h"
#include "models/tokenizers/tokenizer.h"
#include "models/tokenizers/tokenizer_parts.h"

namespace sightline {

/// What copies of a tokenizer and its stream decoders share.
class Tokenizer::Core {
 public:
  /// Throws `Error` when added tokens contradict each other.
  Core(TokenizerParts parts, SpecialTokens special_tokens);

  /// The tokens of a text, without what the post-processor adds. Stops behind the piece of the
  /// pre-tokenizer with which they become `enough` or more.
  std::vector<TokenId> tokens_of(std::string_view text, std::size_t enough) const;

  /// What decoding has to do with an id.
  enum class Display : std::uint8_t { kText, kSpecial, kSilent };
  Display display(TokenId id) const;
  /// The text that decoding starts from; no value for an id without a token.
  std::optional<std::string_view> decode_text(TokenId id) const;
  std::vector<DecodeStageMaker> decode_stages(const TextOptions& options) const;

  std::optional<std::string_view> token_text(TokenId id) const;
  TokenId find(std::string_view token) const;
  std::size_t size() const { return size_; }

  const PostProcessor& post_processor() const { return parts_.post_processor; }
  const SpecialTokens& special_tokens() const { return special_tokens_; }

 private:
  struct Scratch {
    Normalizer::Buffers normalized;
    std::vector<Segment> raw_segments, segments;
    Pieces pieces;
    BpeScratch bpe;
  };
  /// Where tokens go, and how many end the work.
  struct Target {
    std::vector<TokenId> tokens;
    std::size_t enough = 0;
    bool is_full = false;
  };

  void encode_segment(std::string_view text, bool begins_input, Scratch& scratch,
                      Target& target) const;
  void encode_pieces(std::string_view text, bool begins_input, Scratch& scratch,
                     Target& target) const;

  TokenizerParts parts_;
  SpecialTokens special_tokens_;
  Vocabulary added_;               ///< the added tokens alone
  std::vector<Display> displays_;  ///< by id
  std::size_t size_ = 0;
  mutable ScratchPool<Scratch> scratches_;
};

}  // namespace sightline
